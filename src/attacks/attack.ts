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
  /** Distances to reach, falling strictly. What each cost is recorded; the last one ends the attack on the pair. */
  readonly limits: readonly number[];
}

/** State that an attack keeps for each pair: an image [1, N, H, W, 3] or a number [N]; zero at first. */
export type StateKind = 'image' | 'number';

/** Everything that a step may look at. */
export interface StepInput {
  /** The adversarial images so far. */
  readonly images: Tensor;
  readonly sources: Tensor;
  /** Of the objective, by the images. */
  readonly gradient: Tensor;
  /** Steps already taken, per pair: [N]. */
  readonly iterations: Tensor;
  readonly state: Readonly<Record<string, Tensor>>;
}

export interface StepOutput {
  readonly images: Tensor;
  /** One entry for each of the attack's `state`. */
  readonly state?: Readonly<Record<string, Tensor>>;
}

export interface Attack {
  /** As papers write it: `I-FGSM`. */
  readonly name: string;
  readonly state?: Readonly<Record<string, StateKind>>;
  /**
   * Which image of a pair is kept: the `first` that reaches a limit (and the pair is done), or the `smallest` by L2
   * norm of the perturbation among all steps.
   */
  readonly keep: 'first' | 'smallest';
  /**
   * Where the search starts, if not at the source. On the host, with a random stream that belongs to the pair and
   * not to its slot, so that results do not depend on the batch.
   */
  readonly start?: (source: Float32Array, random: () => number) => Float32Array;
  /** One step of all pairs: graph to graph. Pairs must not look at each other. */
  readonly step: (input: StepInput) => StepOutput;
}
