/** `facet reproduce`: the main job. Trains the defences, verifies and attacks them, and reports. */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { kernelTimes, profileText } from '../../bench/index.ts';
import { parseIdentityList } from '../../data/index.ts';
import { openEngine } from '../../open-node.ts';
import { readText } from '../../platform/node-files.ts';
import { adapterOption } from '../adapter-option.ts';
import { collect, numberList, real, whole } from '../numbers.ts';
import {
  DEFENCE_NAMES,
  DEFENCES,
  DIVERSITY_FORMS,
  PRESETS,
  parseStudyConfig,
  RunFolder,
  runStudy,
  type StepProfile,
  type StudyConfig,
  silentProgress,
  terminalProgress,
} from '../study/index.ts';
import { formatSeconds } from '../study/progress.ts';

interface Options {
  readonly preset: string;
  readonly name?: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly json?: boolean;
  readonly profile?: boolean;
  readonly adapter: string;
  readonly defences?: string;
  readonly seed?: number;
  readonly seeds?: number;
  readonly train?: string[];
  readonly test?: string;
  readonly pairs?: string;
  readonly exclude?: string;
  readonly minImages?: number;
  readonly size?: number;
  readonly width?: number;
  readonly embedding?: number;
  readonly members?: number;
  readonly head?: string;
  readonly margin?: number;
  readonly scale?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly warmupSteps?: number;
  readonly snapshots?: number;
  readonly diversity?: number;
  readonly diversityForm?: string;
  readonly far?: number;
  readonly attackPairs?: number;
  readonly attackStep?: number;
  readonly attackSteps?: number;
  readonly distances?: number[];
}

const HEADS = ['softmax', 'cosface', 'arcface'] as const;

/** Adds `facet reproduce` to the program. */
export function registerReproduce(program: Command): void {
  const presets = Object.entries(PRESETS).map(([name, { about }]) => `  ${name}: ${about}`);
  const defences = DEFENCE_NAMES.map((name) => `  ${name}: ${DEFENCES[name].about}`);
  program
    .command('reproduce')
    .description(
      'run the study: train the defences, verify and attack them, write tables, figures and a report',
    )
    .option('--preset <name>', 'settings to start from', 'tiny')
    .option('--name <name>', "the run's folder in --out; the preset's name by default, numbered if taken")
    .option('--out <folder>', 'where runs are kept', 'runs')
    .option('--resume', 'go on with the run of this name where it was stopped')
    .option('--profile', "before each training, print where a step's time goes, kernel by kernel")
    .option('--json', 'print results.json instead of tables, and no progress')
    .addOption(adapterOption())
    .option('--defences <list>', 'which defences, with commas between, or all')
    .option('--seed <n>', 'of initial weights and the order of images', whole(0))
    .option('--seeds <n>', 'how many seeds, from --seed on', whole(1, 100))
    .optionsGroup('Faces:')
    .option('--train <path>', 'tar or folder of identity/image.jpg to train on; may be given again', collect)
    .option('--test <path>', 'tar or folder to test on')
    .option('--pairs <file>', "verification pairs, as LFW's pairs.txt; drawn from --test without it")
    .option('--exclude <list>', 'identities to leave out of training: names with commas between, or @file')
    .option('--min-images <n>', 'leave out training identities with fewer images', whole(2))
    .option('--size <pixels>', 'side of the images', whole(16, 512))
    .optionsGroup('Training:')
    .option('--width <x>', 'width multiplier of the networks', real(0.01, 4))
    .option('--embedding <n>', 'features of a face', whole(2, 4096))
    .option('--members <n>', 'networks in an ensemble', whole(2, 8))
    .option('--head <kind>', `loss of the classifier: ${HEADS.join(', ')}`)
    .option('--margin <m>', 'margin of cosface or arcface', real(0))
    .option('--scale <s>', 'scale of cosface or arcface', real(0.1))
    .option('--epochs <n>', 'passes over the training set', whole(1))
    .option('--batch <n>', 'images in a step', whole(2))
    .option('--learning-rate <r>', 'highest learning rate', real(1e-9))
    .option('--warmup-steps <n>', 'steps until the rate is highest', whole(0))
    .option('--snapshots <n>', 'networks to keep along training, evenly spaced', whole(1))
    .option('--diversity <lambda>', 'weight of the diversity term', real(0))
    .addOption(
      new Option('--diversity-form <form>', 'what is to differ between members').choices(DIVERSITY_FORMS),
    )
    .optionsGroup('Attacks:')
    .option('--far <rate>', 'false accept rate at which thresholds are chosen', real(1e-6, 0.5))
    .option('--attack-pairs <n>', 'impersonations to try', whole(1))
    .option('--attack-step <size>', 'I-FGSM step in 1/255', real(0.001, 255))
    .option('--attack-steps <n>', 'steps after which a pair is given up', whole(1))
    .option('--distances <list>', 'feature distances for black-box examples, falling', numberList)
    .addHelpText('after', `\nPresets:\n${presets.join('\n')}\n\nDefences:\n${defences.join('\n')}`)
    .action(reproduce);
}

async function reproduce(options: Options, command: Command): Promise<void> {
  const config = await configOf(options);
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const progress = options.json ? silentProgress : terminalProgress();
  const run = await RunFolder.open(options.out, options.name ?? options.preset, options.resume ?? false);
  const name = run.path.split('/').at(-1)!;
  const abort = new AbortController();
  const stop = () => {
    if (!abort.signal.aborted) progress.say('\nstopping: saving what is done …');
    abort.abort(new Interrupted());
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const started = Date.now();
  const engine = await openEngine({
    preference: options.adapter,
    announce: (line) => progress.say(line),
  });
  try {
    progress.say(`run ${run.path}`);
    const results = await runStudy({
      engine,
      config,
      run,
      progress,
      signal: abort.signal,
      name,
      command: commandLine(command),
      facetVersion: version,
      onProfile: options.profile ? (profile) => progress.say(profileTable(profile)) : undefined,
    });
    // Loaded here: figures need a second to load that an early error should not wait for.
    const report = await import('../report/index.ts');
    await run.write(`${JSON.stringify(results, null, 1)}\n`, 'results.json');
    for (const [file, svg] of Object.entries(report.figures(results)))
      await run.write(svg, 'figures', `${file}.svg`);
    for (const [file, csv] of Object.entries(report.csvTables(results))) await run.write(csv, 'tables', file);
    await run.write(report.renderReport(results), 'report.html');
    if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
    else {
      process.stdout.write(`\n${report.terminalTables(results)}\n`);
      process.stdout.write(`${report.finding(results).headline}\n\n`);
      process.stdout.write(
        `done in ${formatSeconds((Date.now() - started) / 1000)}; open ${run.join('report.html')}\n`,
      );
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    progress.say(`stopped; go on with: ${commandLine(command, ['--name', name, '--resume'])}`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    engine.close();
  }
}

function profileTable({ label, kernels, times, plannedBytes }: StepProfile): string {
  return profileText({
    name: `${label}, one step`,
    kernels: kernelTimes(kernels, times),
    dispatches: kernels.length,
    plannedBytes,
  });
}

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The command as typed, so that it can be typed again. */
function commandLine(command: Command, more: readonly string[] = []): string {
  const given = command.parent?.args ?? [];
  const own = given[0] === 'reproduce' ? given.slice(1) : [...given];
  const kept = own.filter((word) => !more.includes(word));
  return ['npx facet reproduce', ...kept.map(quote), ...more].join(' ');
}

function quote(word: string): string {
  return /^[\w./,:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The preset with what the command line changes. */
async function configOf(options: Options): Promise<StudyConfig> {
  const preset = PRESETS[options.preset];
  if (!preset) {
    throw new Error(`unknown preset ${options.preset}; there are ${Object.keys(PRESETS).join(', ')}`);
  }
  const base = preset.config;
  const firstSeed = options.seed ?? base.seeds[0]!;
  const seeds = Array.from({ length: options.seeds ?? base.seeds.length }, (_, index) => firstSeed + index);
  const { training, attack } = base;
  return parseStudyConfig(
    {
      ...base,
      data: await dataOf(options, base.data),
      inputSize: options.size ?? base.inputSize,
      widthMultiplier: options.width ?? base.widthMultiplier,
      embeddingSize: options.embedding ?? base.embeddingSize,
      members: options.members ?? base.members,
      defences: defencesOf(options, base),
      seeds,
      head: headOf(options, base),
      training: {
        ...training,
        epochs: options.epochs ?? training.epochs,
        batchSize: options.batch ?? training.batchSize,
        learningRate: options.learningRate ?? training.learningRate,
        warmupSteps: options.warmupSteps ?? training.warmupSteps,
        snapshots: options.snapshots ?? training.snapshots,
      },
      diversity: {
        ...base.diversity,
        weight: options.diversity ?? base.diversity.weight,
        form: options.diversityForm ?? base.diversity.form,
      },
      far: options.far ?? base.far,
      attack: {
        ...attack,
        pairs: options.attackPairs ?? attack.pairs,
        stepSize: options.attackStep === undefined ? attack.stepSize : options.attackStep / 255,
        maxSteps: options.attackSteps ?? attack.maxSteps,
      },
      distances: options.distances ?? base.distances,
    },
    'settings',
  );
}

function defencesOf({ defences }: Options, base: StudyConfig): readonly string[] {
  if (defences === undefined) return base.defences;
  if (defences === 'all') return DEFENCE_NAMES;
  const list = defences.split(',').map((name) => name.trim());
  const unknown = list.filter((name) => !(DEFENCE_NAMES as readonly string[]).includes(name));
  if (unknown.length) {
    throw new Error(`unknown defence ${unknown.join(', ')}; there are ${DEFENCE_NAMES.join(', ')}, or all`);
  }
  return list;
}

function headOf(options: Options, base: StudyConfig): unknown {
  const kind = options.head ?? base.head.kind;
  if (!(HEADS as readonly string[]).includes(kind)) {
    throw new Error(`unknown head ${kind}; there are ${HEADS.join(', ')}`);
  }
  if (kind === 'softmax') {
    if (options.margin !== undefined || options.scale !== undefined) {
      throw new InvalidArgumentError(
        '--margin and --scale belong to --head cosface or arcface; softmax has neither.',
      );
    }
    return { kind };
  }
  const defaults = kind === 'cosface' ? { margin: 0.3, scale: 30 } : { margin: 0.5, scale: 30 };
  return { kind, margin: options.margin ?? defaults.margin, scale: options.scale ?? defaults.scale };
}

async function dataOf(options: Options, base: StudyConfig['data']): Promise<unknown> {
  const { train, test, pairs, exclude, minImages } = options;
  if (!train && !test) {
    const stray = Object.entries({ pairs, exclude, 'min-images': minImages }).find(
      ([, value]) => value !== undefined,
    );
    if (stray) throw new Error(`--${stray[0]} belongs to faces from files; give --train and --test too`);
    return base;
  }
  if (!train || !test) {
    throw new Error(
      `${train ? '--test' : '--train'} is missing: faces from files need both --train and --test`,
    );
  }
  const folds = base.kind === 'synthetic' ? base.test.folds : base.folds;
  const pairsPerFold = base.kind === 'synthetic' ? base.test.pairsPerFold : base.pairsPerFold;
  return {
    kind: 'files',
    train,
    test,
    ...(pairs !== undefined && { pairs }),
    exclude: exclude === undefined ? [] : [...(await parseIdentityList(exclude, readText))],
    minImages: minImages ?? 2,
    folds,
    pairsPerFold,
  };
}
