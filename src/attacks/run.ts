/**
 * An attack compiled for one network, to be run on any number of pairs: the batch of slots, and the smaller batches to
 * which the last pairs move. session.ts is what happens in a run.
 */
import type { Engine } from '../engine/index.ts';
import { type Batch, compileBatch, freeBatch, type Move } from './batch.ts';
import { compileMove } from './programs.ts';
import type { AttackPair, AttackResult } from './result.ts';
import { runSession } from './session.ts';
import { type AttackSpec, SMALLEST_BATCH } from './slots.ts';
import type { StepWatcher } from './watch.ts';

export type { AttackPair, AttackResult, LossCurve, Reached } from './result.ts';
export type { AttackSpec } from './slots.ts';
export type { AttackView, StepWatcher } from './watch.ts';

export interface RunOptions {
  /** Called when a pair is done, with its place in the order of pairs. */
  readonly onResult?: (result: AttackResult, index: number) => void;
  /** Aborting rejects with the signal's reason; what `onResult` has been given stays. */
  readonly signal?: AbortSignal;
  /** Other limits than the stopping rule's, as many: a threshold may change without compiling anew. */
  readonly limits?: readonly number[];
  /** Of attacks with a random start. */
  readonly seed?: number;
  /** Steps submitted before the host looks. A trial that is over stands still, so this changes no result. */
  readonly stepsPerRead?: number;
  /** Record loss curves of the first so many pairs. The host then looks at every step while one of them is at work. */
  readonly curves?: number;
  /** Is shown every step, and may hold the run by a promise; the host then looks at every step. Needs `spec.watch`. */
  readonly onStep?: StepWatcher;
}

export class AttackRunner {
  readonly #engine: Engine;
  readonly #spec: AttackSpec;
  readonly #full: Batch;
  readonly #smaller = new Map<number, Batch>();
  readonly #moves = new Map<string, Move>();

  private constructor(engine: Engine, spec: AttackSpec, full: Batch) {
    this.#engine = engine;
    this.#spec = spec;
    this.#full = full;
  }

  /**
   * Traces and compiles. Throws a RangeError for a size that is not positive, or limits that do not fall.
   */
  static async compile(engine: Engine, spec: AttackSpec): Promise<AttackRunner> {
    const { attack, smallestBatch = SMALLEST_BATCH } = spec;
    const sizes = { ...spec, smallestBatch };
    for (const key of ['batchSize', 'smallestBatch', 'maxSteps', 'members', 'embeddingSize'] as const) {
      if (!Number.isInteger(sizes[key]) || sizes[key] < 1) {
        throw new RangeError(`${attack.name}: ${key} must be a positive whole number, got ${sizes[key]}`);
      }
    }
    return new AttackRunner(engine, spec, await compileBatch(engine, spec, spec.batchSize));
  }

  /**
   * Attacks every pair until it is done. Results come in the order of the pairs, which are drawn only when a slot is
   * free. Throws where a pair's arrays have the wrong length, where a distance is not a number, and for `onStep` of an attack
   * that was compiled without `watch`.
   */
  run(
    pairs: Iterable<AttackPair> | AsyncIterable<AttackPair>,
    options: RunOptions = {},
  ): Promise<AttackResult[]> {
    const host = {
      engine: this.#engine,
      spec: this.#spec,
      full: this.#full,
      smaller: (size: number) => this.#batchOf(size),
      move: (from: Batch, to: Batch) => this.#moveOf(from, to),
    };
    return runSession(host, pairs, options);
  }

  /** Gives the programs' and slots' memory back. */
  free(): void {
    for (const move of this.#moves.values()) move.free();
    for (const batch of [this.#full, ...this.#smaller.values()]) freeBatch(this.#engine, batch);
    this.#moves.clear();
    this.#smaller.clear();
  }

  async #batchOf(size: number): Promise<Batch> {
    const known = this.#smaller.get(size);
    if (known) return known;
    const batch = await compileBatch(this.#engine, this.#spec, size);
    this.#smaller.set(size, batch);
    return batch;
  }

  async #moveOf(from: Batch, to: Batch): Promise<Move> {
    const key = `${from.slots.count} → ${to.slots.count}`;
    const known = this.#moves.get(key);
    if (known) return known;
    const move = await compileMove(this.#engine, this.#spec, from.slots, to.slots);
    this.#moves.set(key, move);
    return move;
  }
}
