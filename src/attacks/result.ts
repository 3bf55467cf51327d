/** What goes into an attack and what comes out, pair by pair. */
import type { TrialParameters } from './attack.ts';

export interface AttackPair {
  /** For messages and for the pair's random stream: `Name_0001 → Other_0002`. */
  readonly name: string;
  /** Pixels in [0, 1]: H × W × 3. */
  readonly source: Float32Array;
  /** Features to reach, or to leave: M × E. */
  readonly targets: Float32Array;
}

/** An image that an attack made. Norms are of its perturbation, pixels in [0, 1]. */
export interface Reached {
  /** Steps that its trial took to it. */
  readonly iterations: number;
  readonly l2: number;
  readonly linf: number;
  /** Root of the mean square over pixels and channels. */
  readonly rms: number;
  /** By the stopping rule. */
  readonly distance: number;
  /** H × W × 3, where the spec keeps images. */
  readonly image?: Float32Array;
}

/** The best image for the last limit, or the nearest one where that was never reached. */
export interface AttackResult extends Reached {
  readonly name: string;
  /** The last limit was reached. */
  readonly success: boolean;
  /** One per limit of the stopping rule; null where it was not reached. */
  readonly milestones: readonly (Reached | null)[];
  /** How often the gradient was computed, over all trials. */
  readonly evaluations: number;
  readonly trials: number;
  /** What the attack's search found, `{ epsilon: 0.01 }`; empty where it searches nothing or found nothing. */
  readonly found: TrialParameters;
  /** Where the run was asked for it. */
  readonly curve?: LossCurve;
}

/** What an attack saw at each of a pair's gradient evaluations, its trials one after another. */
export interface LossCurve {
  /** What the attack makes small: the objective, or the distance for an attack that follows it. */
  readonly value: readonly number[];
  /** By the stopping rule. */
  readonly distance: readonly number[];
  /** Indices at which trials begin. */
  readonly trialStarts: readonly number[];
}
