/** Every attack by name, with its settings: what a command line offers and a study's configuration names. */
import type { Engine } from '../engine/index.ts';
import { apgd } from './apgd.ts';
import type { Attack, Norm, Objective } from './attack.ts';
import { bim } from './bim.ts';
import { cw } from './cw.ts';
import { ifgsm } from './ifgsm.ts';
import { lots } from './lots.ts';
import { mifgsm } from './mifgsm.ts';
import { pgd } from './pgd.ts';
import { GREY_LEVELS, type Radius } from './radius.ts';
import type { AttackPair, AttackResult } from './result.ts';
import { AttackRunner, type RunOptions } from './run.ts';
import {
  count,
  fillSettings,
  flag,
  type GivenSettings,
  radius,
  range,
  type SettingsOf,
  type SettingTable,
  type SettingValue,
} from './settings.ts';
import type { AttackSpec } from './slots.ts';
import { withStartNoise } from './start.ts';

/** What is known of an attack before it runs. */
export interface CatalogueEntry {
  /** As papers write it. */
  readonly paper: string;
  /** One line. */
  readonly summary: string;
  readonly source: string;
  /** The norm by which its perturbations are best compared: what it holds down, or `rms` where it holds down none. */
  readonly comparedBy: Norm | 'rms';
  readonly settings: SettingTable;
  /** From settings as a person wrote them; throws a RangeError that names the setting. */
  readonly build: (given: GivenSettings) => BuiltAttack;
}

/** An attack with every setting as it will run. */
export interface BuiltAttack {
  readonly attack: Attack;
  readonly maxSteps: number;
  /** All settings, defaults too: to be written beside results. */
  readonly settings: Readonly<Record<string, SettingValue>>;
}

type StepTable = SettingTable & { readonly maxSteps: ReturnType<typeof count> };

/** An entry whose builder is given checked settings of the right types. */
function entry<Table extends StepTable>(
  about: Omit<CatalogueEntry, 'settings' | 'build'>,
  settings: Table,
  attackOf: (settings: SettingsOf<Table>) => Attack,
): CatalogueEntry {
  return {
    ...about,
    settings,
    build: (given) => {
      const filled = fillSettings(about.paper, settings, given);
      return { attack: attackOf(filled), maxSteps: Number(filled.maxSteps), settings: filled };
    },
  };
}

const stepSize = (grey: number) =>
  range(grey / 255, 'α, the step of a pixel; pixels in [0, 1]', { over: 0, to: 1 });
const maxSteps = (steps: number) => count(steps, 'steps after which a trial is given up');
const startNoise = range(0, 'random noise at the start, up to so much per pixel; pixels in [0, 1]', {
  from: 0,
  to: 1,
});
const stepShare = range(2.5 / 40, 'α as a share of ε', { over: 0, to: 2 });
const restarts = count(1, 'random starts at each ε, until one succeeds');

/** ε and what a search for the smallest is given. */
const radiusSettings = (epsilon: number | 'search', norm: string, search: Exclude<Radius, number>) => ({
  epsilon: radius(epsilon, `ε, ${norm} of the perturbation at most; pixels in [0, 1]`),
  resolution: range(search.resolution, "of a search: ε's are multiples of it", { over: 0, to: 1e3 }),
  initial: range(search.initial, 'of a search: the first ε that is tried', { over: 0, to: 1e3 }),
  largest: range(search.largest, 'of a search: pairs that do not succeed within it are given up', {
    over: 0,
    to: 1e3,
  }),
});

function radiusOf(settings: SettingsOf<ReturnType<typeof radiusSettings>>): Radius {
  const { epsilon, resolution, initial, largest } = settings;
  return epsilon === 'search' ? { resolution, initial, largest } : epsilon;
}

/** Of faces of 56 to 112 pixels: RMS of 1/255 is an L2 norm of 0.38 to 0.76. */
const L2_SEARCH = { resolution: 0.02, initial: 0.32, largest: 32 };

/** Every attack. */
export const ATTACKS = {
  'i-fgsm': entry(
    {
      paper: 'I-FGSM',
      summary: 'Sign steps without a bound, stopped at the first success: how much perturbation is needed',
      source: 'Kurakin et al. 2017, arXiv:1607.02533',
      comparedBy: 'rms',
    },
    { stepSize: stepSize(0.5), maxSteps: maxSteps(200), startNoise },
    ({ startNoise: noise, ...options }) => withStartNoise(ifgsm(options), noise),
  ),
  bim: entry(
    {
      paper: 'BIM',
      summary: 'Sign steps clipped to an L∞ ball; the smallest successful ε of each pair is searched for',
      source: 'Kurakin et al. 2017, arXiv:1607.02533',
      comparedBy: 'linf',
    },
    {
      ...radiusSettings('search', 'the largest pixel', GREY_LEVELS),
      stepSize: stepSize(0.25),
      stepShare: range(0.04, 'least step as a share of ε', { over: 0, to: 2 }),
      maxSteps: maxSteps(100),
      startNoise,
    },
    ({ stepSize: size, stepShare, ...settings }) =>
      withStartNoise(bim({ stepSize: size, stepShare, epsilon: radiusOf(settings) }), settings.startNoise),
  ),
  cw: entry(
    {
      paper: 'C&W L2',
      summary:
        'The smallest L2 norm that succeeds, by Adam in tanh space and a search over the weight of success',
      source: 'Carlini and Wagner 2017, arXiv:1608.04644',
      comparedBy: 'l2',
    },
    {
      confidence: range(0, "κ, how much further than success images go, in the stopping rule's distance", {
        from: 0,
        to: 2,
      }),
      learningRate: range(0.003, 'of Adam, in tanh space', { over: 0, to: 10 }),
      initialWeight: range(1, 'c of the first trial', { over: 0, to: 1e9 }),
      searchSteps: count(6, 'trials of the search over c'),
      earlyAbort: flag(true, 'whether a trial ends that makes no progress in a tenth of its steps'),
      saturation: range(0.5 / 255, 'how far from 0 and 1 pixels are held in tanh space; pixels in [0, 1]', {
        over: 0,
        to: 0.49,
      }),
      maxSteps: maxSteps(200),
      startNoise,
    },
    ({ startNoise: noise, earlyAbort, maxSteps: steps, ...options }) =>
      withStartNoise(cw({ ...options, abortAfter: earlyAbort ? Math.ceil(steps / 10) : 0 }), noise),
  ),
  'pgd-linf': entry(
    {
      paper: 'PGD L∞',
      summary: 'Sign steps in an L∞ ball from random starts',
      source: 'Madry et al. 2018, arXiv:1706.06083',
      comparedBy: 'linf',
    },
    {
      ...radiusSettings(8 / 255, 'the largest pixel', GREY_LEVELS),
      stepShare,
      maxSteps: maxSteps(40),
      restarts,
    },
    (settings) => pgd({ ...settings, norm: 'linf', epsilon: radiusOf(settings) }),
  ),
  'pgd-l2': entry(
    {
      paper: 'PGD L2',
      summary: 'Gradient steps in an L2 ball from random starts',
      source: 'Madry et al. 2018, arXiv:1706.06083',
      comparedBy: 'l2',
    },
    {
      ...radiusSettings(2, 'the Euclidean length', L2_SEARCH),
      stepShare,
      maxSteps: maxSteps(40),
      restarts,
    },
    (settings) => pgd({ ...settings, norm: 'l2', epsilon: radiusOf(settings) }),
  ),
  'mi-fgsm': entry(
    {
      paper: 'MI-FGSM',
      summary: 'Sign steps along a gathered velocity without a bound, stopped at the first success',
      source: 'Dong et al. 2018, arXiv:1710.06081',
      comparedBy: 'rms',
    },
    {
      stepSize: stepSize(0.5),
      decay: range(1, 'μ, the share of the old velocity that is kept', { from: 0, to: 10 }),
      maxSteps: maxSteps(200),
      startNoise,
    },
    ({ startNoise: noise, ...options }) => withStartNoise(mifgsm(options), noise),
  ),
  'apgd-linf': entry(
    {
      paper: 'APGD L∞',
      summary: 'Sign steps with momentum in an L∞ ball, whose size adapts to the progress made',
      source: 'Croce and Hein 2020, arXiv:2003.01690',
      comparedBy: 'linf',
    },
    { ...radiusSettings(8 / 255, 'the largest pixel', GREY_LEVELS), maxSteps: maxSteps(100), restarts },
    (settings) => apgd({ ...settings, norm: 'linf', epsilon: radiusOf(settings), steps: settings.maxSteps }),
  ),
  'apgd-l2': entry(
    {
      paper: 'APGD L2',
      summary: 'Gradient steps with momentum in an L2 ball, whose size adapts to the progress made',
      source: 'Croce and Hein 2020, arXiv:2003.01690',
      comparedBy: 'l2',
    },
    { ...radiusSettings(2, 'the Euclidean length', L2_SEARCH), maxSteps: maxSteps(100), restarts },
    (settings) => apgd({ ...settings, norm: 'l2', epsilon: radiusOf(settings), steps: settings.maxSteps }),
  ),
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

export type AttackName = keyof typeof ATTACKS;

/** Every name, for `--help` and for checking what a person typed. */
export const ATTACK_NAMES = Object.keys(ATTACKS) as readonly AttackName[];

/** The attack of this name with these settings. Throws a RangeError for a name that is none, or a setting that is wrong. */
export function buildAttack(name: string, settings: GivenSettings = {}): BuiltAttack {
  const known: Readonly<Record<string, CatalogueEntry>> = ATTACKS;
  const found = Object.hasOwn(known, name) ? known[name] : undefined;
  if (!found) throw new RangeError(`There is no attack "${name}"; there are ${ATTACK_NAMES.join(', ')}`);
  return found.build(settings);
}

const BATCH_SIZE = 32;

/** What is attacked, and what counts as success. */
export interface AttackTarget
  extends Pick<
    AttackSpec,
    | 'embed'
    | 'members'
    | 'embeddingSize'
    | 'imageSize'
    | 'stopping'
    | 'keepImages'
    | 'smallestBatch'
    | 'watch'
  > {
  /** What is made small; LOTS where absent. */
  readonly objective?: Objective;
  /** Pairs that are attacked at once; 32 where absent, and no more than a list of pairs has. */
  readonly batchSize?: number;
}

/** Compiles an attack of the catalogue, to be run on several lists of pairs. The caller frees it. */
export function compileAttack(
  engine: Engine,
  name: string,
  settings: GivenSettings,
  { objective = lots(), batchSize = BATCH_SIZE, ...target }: AttackTarget,
): Promise<AttackRunner> {
  const { attack, maxSteps: steps } = buildAttack(name, settings);
  return AttackRunner.compile(engine, { ...target, attack, objective, batchSize, maxSteps: steps });
}

/**
 * Compiles an attack of the catalogue, runs it on all pairs and frees it.
 *
 * @param name     one of `ATTACK_NAMES`
 * @param settings any of the attack's settings, by name; defaults for the rest
 * @returns a result per pair, in the order of the pairs
 * @throws RangeError for a name, a setting, or a pair that does not fit
 */
export async function runAttack(
  engine: Engine,
  name: string,
  settings: GivenSettings,
  target: AttackTarget,
  pairs: Iterable<AttackPair> | AsyncIterable<AttackPair>,
  options: RunOptions = {},
): Promise<AttackResult[]> {
  const { batchSize = BATCH_SIZE } = target;
  const size = Array.isArray(pairs) ? Math.min(batchSize, Math.max(1, pairs.length)) : batchSize;
  const runner = await compileAttack(engine, name, settings, { ...target, batchSize: size });
  try {
    return await runner.run(pairs, options);
  } finally {
    runner.free();
  }
}
