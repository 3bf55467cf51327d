/** `facet attack`: how much it takes to fool a network that was trained anywhere. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { ATTACK_NAMES, ATTACKS } from '../../attacks/index.ts';
import { generatePairs, openFaceSet, openPairs, type VerificationSet } from '../../data/index.ts';
import { MATCHING_RULES, type MatchingRule } from '../../evaluation/index.ts';
import { readBytes } from '../../platform/node-files.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import { adapterOption } from '../adapter-option.ts';
import { type GivenNetwork, runAttackStudy } from '../attack/index.ts';
import { openNetworks } from '../networks/open.ts';
import { collect, numberList, real, whole } from '../numbers.ts';
import { RunFolder, silentProgress, terminalProgress } from '../study/index.ts';
import { fingerprint, loadTestFaces } from '../study/test-faces.ts';
import { commandLine } from './interruptible.ts';
import { reportedRun } from './reported-run.ts';
import { attackSettingsOf, listOf } from './study-options.ts';

interface Options {
  readonly weights: string[];
  readonly images?: string;
  readonly pairs?: string;
  readonly attack: string;
  readonly surrogate?: string[];
  readonly dodge?: boolean;
  readonly targetImages: number;
  readonly matching: string;
  readonly far: number;
  readonly threshold?: number;
  readonly attackPairs: number;
  readonly attackStep?: number;
  readonly attackSteps?: number;
  readonly attackSetting?: string[];
  readonly distances: number[];
  readonly batch: number;
  readonly name: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly adapter: string;
}

/** Adds `facet attack` to the program. */
export function registerAttack(program: Command): void {
  const attacks = ATTACK_NAMES.map((name) => `  ${name}: ${ATTACKS[name].summary}`).join('\n');
  program
    .command('attack')
    .description('attack a face network of your own, and report how much perturbation it takes')
    .requiredOption('--weights <file>', 'the network; given again, the members of an ensemble', collect)
    .option('--images <path>', 'faces: a tar or folder; not for a .bin of pairs, which brings its own')
    .option('--pairs <file>', 'verification pairs; drawn from --images without it')
    .option('--attack <list>', 'attacks, with commas between, or all', 'i-fgsm')
    .option('--surrogate <file>', 'black-box: craft on this network instead; may be given again', collect)
    .option('--dodge', 'away from one’s own person, instead of towards another')
    .option(
      '--target-images <n>',
      'images of the target whose mean features are the target',
      whole(1, 1000),
      1,
    )
    .option('--matching <rule>', `how members' similarities become one: ${MATCHING_RULES.join(', ')}`, 'mean')
    .option('--far <rate>', 'false accept rate at which the threshold is chosen', real(1e-6, 0.5), 0.001)
    .option('--threshold <t>', 'accept over this similarity, instead of by --far', real(-1, 1))
    .option('--attack-pairs <n>', 'pairs to attack', whole(1), 200)
    .option('--attack-step <size>', 'step of I-FGSM and MI-FGSM in 1/255', real(0.001, 255))
    .option('--attack-steps <n>', 'steps of I-FGSM and MI-FGSM after which a pair is given up', whole(1))
    .option(
      '--attack-setting <attack.setting=value>',
      'any setting of an attack; may be given again',
      collect,
    )
    .option(
      '--distances <list>',
      'black-box: feature distances on the surrogate, falling',
      numberList,
      [1, 0.8, 0.6, 0.4, 0.3, 0.2],
    )
    .option('--batch <n>', 'pairs that are attacked at once', whole(1, 4096), 16)
    .option('--name <name>', "the run's folder in --out, numbered if taken", 'attack')
    .option('--out <folder>', 'where runs are kept', 'runs')
    .option('--resume', 'go on with the run of this name where it was stopped')
    .option('--json', 'print results.json instead of tables, and no progress')
    .addOption(adapterOption())
    .addHelpText('after', `\nAttacks:\n${attacks}`)
    .action(attack);
}

async function attack(options: Options, command: Command): Promise<void> {
  const progress = options.json ? silentProgress : terminalProgress();
  const [first, ...others] = listOf('attack', options.attack, ATTACK_NAMES, ATTACK_NAMES);
  const [rule] = listOf<MatchingRule>('matching rule', options.matching, MATCHING_RULES, MATCHING_RULES);
  const settings = attackSettingsOf(options, {});
  checkDistances(options.distances);
  const defence = await given(options.weights);
  const surrogate = options.surrogate ? await given(options.surrogate) : undefined;
  const [height, width] = defence.network.inputSize;
  if (height !== width) {
    throw new Error(
      `${defence.name} takes images of ${height}×${width}; facet attack takes square ones only`,
    );
  }
  if (surrogate && surrogate.network.inputSize.join() !== defence.network.inputSize.join()) {
    throw new Error(
      `${surrogate.name} takes images of ${surrogate.network.inputSize.join('×')}, ${defence.name} of ${height}×${width}; a surrogate needs the defence's size, since its images are shown to it`,
    );
  }
  const set = await openTest(options);
  try {
    const faces = await loadTestFaces(set.faces, set, height, { synthetic: false, progress });
    const run = await RunFolder.open(options.out, options.name, options.resume ? 'there' : 'new');
    const goOn = commandLine(command, { '--name': basename(run.path), '--resume': true });
    await reportedRun({ run, command, goOn, progress, options }, (common) =>
      runAttackStudy({
        ...common,
        defence,
        surrogate,
        faces,
        goal: options.dodge ? 'dodge' : 'impersonate',
        targetImages: options.targetImages,
        rule: rule ?? 'mean',
        far: options.far,
        threshold: options.threshold,
        pairs: options.attackPairs,
        methods: [first ?? 'i-fgsm', ...others],
        settings,
        batchSize: options.batch,
        distances: options.distances,
      }),
    );
  } finally {
    await set.close();
  }
}

async function given(paths: readonly string[]): Promise<GivenNetwork> {
  const network = await openNetworks(paths);
  const bytes = await Promise.all(paths.map((path) => readBytes(path)));
  return {
    network,
    name: paths.map((path) => basename(path)).join(' + '),
    fingerprint: fingerprint(...bytes),
  };
}

/** The pairs and their images, however they come. */
async function openTest({ images, pairs }: Options): Promise<VerificationSet> {
  if (pairs !== undefined) {
    return openPairs(pairs, nodeDataHost, images === undefined ? {} : { images });
  }
  if (images === undefined)
    throw new Error('--images is missing; give a tar or folder of identity/image.jpg');
  const faces = await openFaceSet(images, nodeDataHost);
  const list = generatePairs(faces, { folds: 10, pairsPerFold: 600, seed: 0 });
  return {
    ...list,
    name: faces.name,
    format: 'pairs that facet drew',
    faces,
    skipped: faces.skipped,
    close: () => faces.close(),
  };
}

function checkDistances(distances: readonly number[]): void {
  if (distances.every((d, i) => d > 0 && d < (distances[i - 1] ?? 2))) return;
  throw new Error(
    `--distances ${distances.join(',')}: expected numbers between 0 and 2, each less than the one before`,
  );
}
