/**
 * What an attack is. One attack is one file that gives an `Attack`; what it strives for (`Objective`), where it may
 * go (`Projection`) and when it may stop (`StoppingRule`) are arguments, so each can be exchanged alone.
 * docs/add-an-attack.md walks through one.
 *
 * M members, N pairs, H×W pixels, E embedding size. Images are pixels in [0, 1], [1, N, H, W, 3].
 */
import type { Tensor } from '../engine/index.ts';

/** Features [M, N, E] and targets [M, N, E] → what the attack makes small, per pair: [N]. */
export type Objective = (features: Tensor, targets: Tensor) => Tensor;

/** The nearest allowed image: images and sources [1, N, H, W, 3] → [1, N, H, W, 3]. */
export type Projection = (images: Tensor, sources: Tensor) => Tensor;

/** When a pair counts as fooled. */
export interface StoppingRule {
  readonly name: string;
  /** Distance that is to fall: features [M, N, E], targets [M, N, E] → [N]. */
  readonly distance: (features: Tensor, targets: Tensor) => Tensor;
  /** Distances to reach, falling strictly. What each cost is recorded; the last one is success. */
  readonly limits: readonly number[];
}

/** State that an attack keeps for each pair: an image [1, N, H, W, 3] or a number [N]; zero when a trial starts. */
export type StateKind = 'image' | 'number';

/** Norms by which perturbations are compared. */
export type Norm = 'l2' | 'linf';

/** Numbers that a trial is given, by name. */
export type TrialParameters = Readonly<Record<string, number>>;

/** What a search is told of a trial that is over. */
export interface TrialOutcome {
  /** The last limit was reached in this trial. */
  readonly success: boolean;
  /** Norms of the smallest success of all trials so far; without meaning before the first. */
  readonly l2: number;
  readonly linf: number;
}

/**
 * The trials of one pair: yields their parameters, receives their outcomes, returns what was found, `{ epsilon: 0.01 }`.
 * search.ts says more.
 */
export type Search = () => Generator<TrialParameters, TrialParameters, TrialOutcome>;

/** Everything that a step may look at. */
export interface StepInput {
  /** The adversarial images so far. */
  readonly images: Tensor;
  readonly sources: Tensor;
  /** Of what the attack follows, by the images. */
  readonly gradient: Tensor;
  /** What the attack follows, at the images: [N]. */
  readonly value: Tensor;
  /** By the stopping rule, at the images: [N]. */
  readonly distance: Tensor;
  /** The distance that is success, less the attack's confidence: a scalar. */
  readonly limit: Tensor;
  /** Steps already taken in this trial, per pair: [N]. */
  readonly iterations: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
  /** What the search chose for this trial, [N] each. */
  readonly parameters: Readonly<Record<string, Tensor>>;
}

export interface StepOutput {
  readonly images: Tensor;
  /** One entry for each of the attack's `state`. */
  readonly state?: Readonly<Record<string, Tensor>>;
  /** 1 for the pairs whose trial need not go on, [N]: they stay where they are. */
  readonly done?: Tensor;
}

export interface Attack {
  /** As papers write it: `I-FGSM`. */
  readonly name: string;
  readonly state?: Readonly<Record<string, StateKind>>;
  /** Whose gradient the step is given: the objective's (the default) or the stopping rule's distance's. */
  readonly follows?: 'objective' | 'distance';
  /** By which norm one success of a pair is better than another; `l2` where absent. */
  readonly norm?: Norm;
  /**
   * When a trial ends: at its `first` success, or after all its steps, in which case the `smallest` success counts.
   * Across trials the smallest is kept in either case.
   */
  readonly keep: 'first' | 'smallest';
  /** How much nearer than a limit an image must come to count; 0 where absent. */
  readonly confidence?: number;
  /** Names of the numbers that the search sets for each trial. */
  readonly parameters?: readonly string[];
  /** The trials of a pair, in turn; a single one where absent. */
  readonly search?: Search;
  /**
   * Where a trial starts, if not at the source. On the host, with a random stream that belongs to the pair and
   * not to its slot, so that results do not depend on the batch.
   */
  readonly start?: (source: Float32Array, random: () => number, parameters: TrialParameters) => Float32Array;
  /** One step of all pairs: graph to graph. Pairs must not look at each other. */
  readonly step: (input: StepInput) => StepOutput;
}
