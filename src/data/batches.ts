/**
 * Batches for training and embedding. Everything about a batch follows from (seed, epoch, step), so a run
 * that was stopped goes on at any step with the batches that it would have had.
 */
import { DataError } from './errors.ts';
import type { LoadedFaces } from './load.ts';
import { CENTRED, type Normalisation, normalisationTable, normaliseFace } from './normalise.ts';
import { CounterRandom, philox, STREAM, seedKey } from './random.ts';

export interface BatchOptions {
  readonly batchSize: number;
  /** Whole number from 0 to 2^53 − 1. */
  readonly seed?: number;
  /** A new order each epoch; without, rows come in their own order. */
  readonly shuffle?: boolean;
  /** Mirror each face left to right with probability ½, drawn anew each epoch. */
  readonly flip?: boolean;
  readonly normalisation?: Normalisation;
  /**
   * The last, partial batch of an epoch: `drop` it (training), or `wrap` it, filled up with the epoch's first
   * faces (embedding, where each face must come once; `fresh` says how many rows are not repeats).
   */
  readonly last?: 'drop' | 'wrap';
}

/** One batch. Its arrays are reused by the next `read` into it. */
export interface Batch {
  /** f32 [batch, size, size, 3], normalised. */
  readonly images: Float32Array;
  /** i32 [batch]: identities. */
  readonly labels: Int32Array;
  /** i32 [batch]: rows of the loaded faces. */
  readonly rows: Int32Array;
  /** Rows that this epoch has not had before: `batch`, except at the end of a wrapped epoch. */
  fresh: number;
}

/** The batches of a table of loaded faces, by epoch and step. */
export class Batches {
  readonly batchSize: number;
  /** Batches in one epoch. */
  readonly stepsPerEpoch: number;
  readonly #faces: LoadedFaces;
  readonly #seed: number;
  readonly #key: readonly [number, number];
  readonly #shuffle: boolean;
  readonly #flip: boolean;
  readonly #table: Float32Array;
  readonly #order: Uint32Array;
  readonly #random = new Uint32Array(4);
  readonly #own: Batch;
  #orderedEpoch = -1;

  /** Throws a DataError for an empty table, or one smaller than a batch where the last batch is dropped. */
  constructor(faces: LoadedFaces, options: BatchOptions) {
    const { batchSize, seed = 0, shuffle = true, flip = true, last = 'drop' } = options;
    const count = faces.labels.length;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new DataError(`batches: batchSize must be a positive whole number, got ${batchSize}`);
    }
    if (count === 0 || (last === 'drop' && count < batchSize)) {
      throw new DataError(
        `batches: ${count} faces give no batch of ${batchSize}; use a smaller batchSize or more images`,
      );
    }
    this.batchSize = batchSize;
    this.stepsPerEpoch = last === 'drop' ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
    this.#faces = faces;
    this.#seed = seed;
    this.#key = seedKey(seed);
    this.#shuffle = shuffle;
    this.#flip = flip;
    this.#table = normalisationTable(options.normalisation ?? CENTRED);
    this.#order = new Uint32Array(count);
    this.#own = this.allocate();
  }

  /** Buffers for a batch, for callers that hold more than one at a time. */
  allocate(): Batch {
    return {
      images: new Float32Array(this.batchSize * this.#faces.size ** 2 * 3),
      labels: new Int32Array(this.batchSize),
      rows: new Int32Array(this.batchSize),
      fresh: 0,
    };
  }

  /**
   * Batch `step` (from 0) of `epoch` (from 0), in any order of asking. Fills and returns `into`, by default
   * buffers of its own that the next call reuses. Throws a DataError where there is no such step.
   */
  read(epoch: number, step: number, into: Batch = this.#own): Batch {
    if (!Number.isInteger(epoch) || epoch < 0 || epoch >= 2 ** 32) {
      throw new DataError(`batches: epoch must be a whole number from 0, got ${epoch}`);
    }
    if (!Number.isInteger(step) || step < 0 || step >= this.stepsPerEpoch) {
      throw new DataError(`batches: no step ${step}; an epoch has steps 0 to ${this.stepsPerEpoch - 1}`);
    }
    this.#prepare(epoch);
    const { pixels, labels, size } = this.#faces;
    const count = this.#order.length;
    const stride = size * size * 3;
    const first = step * this.batchSize;
    for (let i = 0; i < this.batchSize; i++) {
      const row = this.#order[(first + i) % count]!;
      into.labels[i] = labels[row]!;
      into.rows[i] = row;
      const mirrored = this.#flip && this.#isFlipped(epoch, row);
      normaliseFace(pixels, row * stride, size, this.#table, mirrored, into.images, i * stride);
    }
    into.fresh = Math.min(this.batchSize, count - first);
    return into;
  }

  /** The order of an epoch is made from scratch, not from the epoch before, so any epoch can come first. */
  #prepare(epoch: number): void {
    if (this.#orderedEpoch === epoch) return;
    for (let i = 0; i < this.#order.length; i++) this.#order[i] = i;
    if (this.#shuffle) new CounterRandom(this.#seed, STREAM.shuffle, epoch).shuffle(this.#order);
    this.#orderedEpoch = epoch;
  }

  /** Drawn by row, not by place in the batch, so a face is mirrored alike whatever the batch size. */
  #isFlipped(epoch: number, row: number): boolean {
    philox(this.#key, [row, STREAM.flip, epoch, 0], this.#random);
    return (this.#random[0]! & 1) === 1;
  }
}
