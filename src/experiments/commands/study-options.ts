/** What a study is asked to do, from the command line: a preset and what options change of it. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ATTACK_NAMES, ATTACKS, type AttackName } from '../../attacks/index.ts';
import { AUGMENTATIONS, parseIdentityList } from '../../data/index.ts';
import { MATCHING_RULES } from '../../evaluation/index.ts';
import { DIVERSITY_FORMS } from '../../losses/diversity-forms.ts';
import { WEIGHT_SCHEMES, type WeightScheme } from '../../models/mobilefacenet-initial.ts';
import { readText } from '../../platform/node-files.ts';
import { collect, numberList, real, whole } from '../numbers.ts';
import { DEFENCE_NAMES, PRESETS, parseStudyConfig, type StudyConfig } from '../study/index.ts';

/** Options that change a preset. */
export interface StudyOptions {
  readonly preset: string;
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
  readonly classChunk?: number;
  readonly classSample?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly warmupSteps?: number;
  readonly snapshots?: number;
  readonly initialWeights?: WeightScheme;
  readonly augment?: string;
  readonly imagesPerIdentity?: number;
  readonly stream?: boolean;
  readonly diversity?: number;
  readonly diversityForm?: string;
  readonly advtRounds?: number;
  readonly advtStep?: number;
  readonly far?: number;
  readonly matching?: string;
  readonly flipSum?: boolean;
  readonly attacks?: string;
  readonly attackPairs?: number;
  readonly snapshotPairs?: number;
  readonly attackStep?: number;
  readonly attackSteps?: number;
  readonly attackSetting?: string[];
  readonly distances?: number[];
  readonly directions?: boolean;
}

const HEADS = ['softmax', 'cosface', 'arcface'] as const;

/** Adds the options that change a preset. */
export function addStudyOptions(command: Command): Command {
  return command
    .option('--preset <name>', 'settings to start from', 'tiny')
    .option('--defences <list>', 'which defences, with commas between, or all')
    .option('--seed <n>', 'of initial weights and the order of images', whole(0))
    .option('--seeds <n>', 'how many seeds, from --seed on', whole(1, 100))
    .optionsGroup('Faces:')
    .option('--train <path>', 'tar or folder of identity/image.jpg to train on; may be given again', collect)
    .option('--test <path>', 'tar or folder to test on')
    .option('--pairs <file>', "verification pairs, as LFW's pairs.txt; drawn from --test without it")
    .option('--exclude <list>', 'identities to leave out of training: names with commas between, or @file')
    .option('--min-images <n>', 'leave out training identities with fewer images', whole(2))
    .option('--stream', 'read training faces as they are needed; large sets always are')
    .option('--size <pixels>', 'side of the images', whole(16, 512))
    .optionsGroup('Training:')
    .option('--width <x>', 'width multiplier of the networks', real(0.01, 4))
    .option('--embedding <n>', 'features of a face', whole(2, 4096))
    .option(
      '--members <n>',
      'networks in an ensemble; 1 to see what it is that an ensemble adds',
      whole(1, 8),
    )
    .option('--head <kind>', `loss of the classifier: ${HEADS.join(', ')}`)
    .option('--margin <m>', 'margin of cosface or arcface', real(0))
    .option('--scale <s>', 'scale of cosface or arcface', real(0.1))
    .option('--class-chunk <n>', 'work through weight vectors n at a time; many always are', whole(1))
    .option(
      '--class-sample <share>',
      'Partial FC: share of the identities that a step looks at, beside those of its batch',
      real(1e-6, 1),
    )
    .option('--epochs <n>', 'passes over the training set', whole(1))
    .option('--batch <n>', 'images in a step', whole(2))
    .option('--learning-rate <r>', 'highest learning rate', real(1e-9))
    .option('--warmup-steps <n>', 'steps until the rate is highest', whole(0))
    .addOption(
      new Option('--augment <preset>', 'random changes to training images').choices(
        Object.keys(AUGMENTATIONS),
      ),
    )
    .option('--images-per-identity <n>', 'batches of n images of each person, for uneven sets', whole(2))
    .addOption(
      new Option('--initial-weights <scheme>', "how the networks' first weights are drawn").choices(
        WEIGHT_SCHEMES,
      ),
    )
    .option('--snapshots <n>', 'networks to keep along training, evenly spaced', whole(1))
    .option('--diversity <lambda>', 'weight of the diversity term', real(0))
    .addOption(
      new Option('--diversity-form <form>', 'what is to differ between members').choices(DIVERSITY_FORMS),
    )
    .option('--advt-rounds <n>', 'of advt: sign steps towards the target', whole(1))
    .option('--advt-step <size>', 'of advt: the step in 1/255', real(0.001, 255))
    .optionsGroup('Evaluation:')
    .option('--far <rate>', 'false accept rate at which thresholds are chosen', real(1e-6, 0.5))
    .option('--matching <list>', `rules of matching, the study's first: ${MATCHING_RULES.join(', ')}, or all`)
    .option('--flip-sum', 'verify with the features of each image and its mirror image added, too')
    .option('--no-flip-sum', 'do not, where the preset does')
    .option('--directions', 'draw features and weight vectors of networks with two features')
    .option('--no-directions', 'do not, where the preset does')
    .optionsGroup('Attacks:')
    .option('--attacks <list>', 'white-box attacks, with commas between, or all')
    .option('--attack-pairs <n>', 'impersonations to try', whole(1))
    .option('--snapshot-pairs <n>', 'of these, those to try on networks along training', whole(1))
    .option('--attack-step <size>', 'step of I-FGSM and MI-FGSM in 1/255', real(0.001, 255))
    .option('--attack-steps <n>', 'steps of I-FGSM and MI-FGSM after which a pair is given up', whole(1))
    .option(
      '--attack-setting <attack.setting=value>',
      'any setting of an attack; may be given again',
      collect,
    )
    .option('--distances <list>', 'feature distances for black-box examples, falling', numberList);
}

/** What `--help` says after the options: presets, defences and attacks by name. */
export function studyHelp(defences: Readonly<Record<string, { readonly about: string }>>): string {
  const list = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([name, about]) => `  ${name}: ${about}`).join('\n');
  return [
    `\nPresets:\n${list(Object.entries(PRESETS).map(([name, { about }]) => [name, about]))}`,
    `\nDefences:\n${list(Object.entries(defences).map(([name, { about }]) => [name, about]))}`,
    `\nAttacks:\n${list(ATTACK_NAMES.map((name) => [name, ATTACKS[name].summary]))}`,
  ].join('\n');
}

/** The preset with what the command line changes. */
export async function studyConfigOf(options: StudyOptions): Promise<StudyConfig> {
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
      defences: listOf('defence', options.defences, DEFENCE_NAMES, base.defences),
      seeds,
      head: headOf(options, base),
      classifier: {
        chunk: options.classChunk ?? base.classifier.chunk,
        sample: options.classSample ?? base.classifier.sample,
      },
      training: {
        ...training,
        epochs: options.epochs ?? training.epochs,
        batchSize: options.batch ?? training.batchSize,
        learningRate: options.learningRate ?? training.learningRate,
        warmupSteps: options.warmupSteps ?? training.warmupSteps,
        snapshots: options.snapshots ?? training.snapshots,
        augment: options.augment ?? training.augment,
        imagesPerIdentity: options.imagesPerIdentity ?? training.imagesPerIdentity,
        ...(options.initialWeights && { initialWeights: options.initialWeights }),
      },
      diversity: {
        ...base.diversity,
        weight: options.diversity ?? base.diversity.weight,
        form: options.diversityForm ?? base.diversity.form,
      },
      advt: {
        ...base.advt,
        rounds: options.advtRounds ?? base.advt.rounds,
        stepSize: options.advtStep === undefined ? base.advt.stepSize : options.advtStep / 255,
      },
      far: options.far ?? base.far,
      matching: listOf('matching rule', options.matching, MATCHING_RULES, base.matching),
      flipSum: options.flipSum ?? base.flipSum,
      directions: options.directions ?? base.directions,
      attack: {
        ...attack,
        pairs: options.attackPairs ?? attack.pairs,
        snapshotPairs: options.snapshotPairs ?? attack.snapshotPairs,
        methods: listOf('attack', options.attacks, ATTACK_NAMES, attack.methods),
        settings: attackSettingsOf(options, attack.settings),
      },
      distances: options.distances ?? base.distances,
    },
    'settings',
  );
}

/** A list of known names, or all of them. */
export function listOf<Name extends string>(
  what: string,
  given: string | undefined,
  known: readonly Name[],
  fallback: readonly Name[],
): readonly Name[] {
  if (given === undefined) return fallback;
  if (given === 'all') return known;
  const list = given.split(',').map((name) => name.trim());
  const unknown = list.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new Error(`unknown ${what} ${unknown.join(', ')}; there are ${known.join(', ')}, or all`);
  }
  return known.filter((name) => list.includes(name)).sort((a, b) => list.indexOf(a) - list.indexOf(b));
}

type AttackSettings = StudyConfig['attack']['settings'];

/** Settings of attacks: the preset's, then --attack-step and --attack-steps, then single settings. */
export function attackSettingsOf(
  {
    attackStep,
    attackSteps,
    attackSetting = [],
  }: StudyOptions | Pick<StudyOptions, 'attackSetting' | 'attackStep' | 'attackSteps'>,
  base: AttackSettings,
): AttackSettings {
  const settings: Record<string, Record<string, number | string | boolean>> = { ...base };
  for (const name of ['i-fgsm', 'mi-fgsm'] as const) {
    settings[name] = {
      ...settings[name],
      ...(attackStep !== undefined && { stepSize: attackStep / 255 }),
      ...(attackSteps !== undefined && { maxSteps: attackSteps }),
    };
  }
  for (const text of attackSetting) {
    const match = /^([\w-]+)\.(\w+)=(.+)$/.exec(text);
    if (!match) {
      throw new Error(`--attack-setting ${text}: expected attack.setting=value, such as cw.maxSteps=100`);
    }
    const [, name = '', setting = '', value = ''] = match;
    settings[name] = { ...settings[name], [setting]: parseValue(value) };
  }
  for (const [name, own] of Object.entries(settings)) {
    if (!Object.hasOwn(ATTACKS, name)) {
      throw new Error(`--attack-setting: unknown attack ${name}; there are ${ATTACK_NAMES.join(', ')}`);
    }
    // Checked here, where a wrong one costs nothing yet.
    ATTACKS[name as AttackName].build(own);
  }
  return settings as AttackSettings;
}

function parseValue(text: string): number | string | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  const value = Number(text);
  return text.trim() === '' || Number.isNaN(value) ? text : value;
}

function headOf(options: StudyOptions, base: StudyConfig): unknown {
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

async function dataOf(options: StudyOptions, base: StudyConfig['data']): Promise<unknown> {
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
    stream: options.stream ?? false,
    folds,
    pairsPerFold,
  };
}
