/** An attack step by step, for whoever wants to look on: what each step saw. `RunOptions.onStep` asks for it. */
import type { TrialParameters } from './attack.ts';

/** What one step saw of a pair: an image, what the network made of it, and what has been found so far. */
export interface AttackView {
  readonly name: string;
  /** Place in the order of pairs. */
  readonly index: number;
  /** Trials of this pair that were over before this one. */
  readonly trial: number;
  /** What the search chose for this trial: `{ epsilon: 0.01 }`. */
  readonly parameters: TrialParameters;
  /** Steps that this trial took to the image; 0 at its start. */
  readonly iteration: number;
  /** H × W × 3 */
  readonly image: Float32Array;
  /** Of the image: M × E. */
  readonly features: Float32Array;
  /** What the attack makes small, at the image. */
  readonly value: number;
  /** By the stopping rule, at the image. */
  readonly distance: number;
  /** The trial ends with this image. */
  readonly over: boolean;
  /** Of the best image for the last limit, this one among them; null while none has reached it. */
  readonly best: { readonly iterations: number; readonly l2: number; readonly linf: number } | null;
}

/**
 * Is shown every step's views, one for each pair at work, in the order of pairs. The run waits for a promise that it returns,
 * so a person can hold an attack, and take it step by step.
 */
export type StepWatcher = (views: readonly AttackView[]) => void | Promise<void>;
