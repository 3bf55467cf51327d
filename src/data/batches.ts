/**
 * Batches for training and embedding. Everything about a batch follows from (seed, epoch, step), so a run
 * that was stopped goes on at any step with the batches that it would have had.
 */
import { Augmenter } from './augment/augmenter.ts';
import { AUGMENTATIONS, type AugmentOptions } from './augment/options.ts';
import type { LoadedFaces } from './load.ts';
import { CENTRED, type Normalisation, normalisationTable, normaliseFace } from './normalise.ts';
import { type BatchOrder, ShuffledOrder } from './sampling.ts';
import { BalancedOrder } from './sampling-balanced.ts';

export interface BatchOptions {
  readonly batchSize: number;
  /** Whole number from 0 to 2^53 − 1. */
  readonly seed?: number;
  /** A new order each epoch; without, rows come in their own order. */
  readonly shuffle?: boolean;
  /** Mirror each face left to right with probability ½, drawn anew each epoch. */
  readonly flip?: boolean;
  /** Random changes to each face, drawn anew each epoch; none where it is left out. */
  readonly augment?: AugmentOptions;
  /**
   * Identity-balanced batches of this many images of each identity (sampling-balanced.ts), in place of every image once
   * an epoch; `shuffle` and `last` then say nothing.
   */
  readonly imagesPerIdentity?: number;
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
  /** i32 [batch]: rows of the loaded faces; images of the set where it is streamed. */
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
  readonly #order: BatchOrder;
  readonly #augmenter: Augmenter;
  readonly #table: Float32Array;
  readonly #visits: Uint32Array;
  readonly #own: Batch;

  /**
   * Throws a DataError for an empty table, or one smaller than a batch where the last batch is dropped, and for
   * augmentation out of range.
   */
  constructor(faces: LoadedFaces, options: BatchOptions) {
    this.#faces = faces;
    this.#order = batchOrder(faces.labels, options);
    this.batchSize = this.#order.batchSize;
    this.stepsPerEpoch = this.#order.stepsPerEpoch;
    const { seed = 0, flip = true, augment = AUGMENTATIONS.none } = options;
    this.#augmenter = new Augmenter({ seed, size: faces.size, flip, augment });
    this.#table = normalisationTable(options.normalisation ?? CENTRED);
    this.#visits = new Uint32Array(this.batchSize);
    this.#own = this.allocate();
  }

  /** Buffers for a batch, for callers that hold more than one at a time. */
  allocate(): Batch {
    return allocateBatch(this.batchSize, this.#faces.size);
  }

  /**
   * Batch `step` (from 0) of `epoch` (from 0), in any order of asking. Fills and returns `into`, by default
   * buffers of its own that the next call reuses. Throws a DataError where there is no such step.
   */
  read(epoch: number, step: number, into: Batch = this.#own): Batch {
    const { pixels, labels, size } = this.#faces;
    into.fresh = this.#order.read(epoch, step, into.rows, this.#visits);
    const stride = size * size * 3;
    for (const [i, row] of into.rows.entries()) {
      into.labels[i] = labels[row]!;
      const key = { epoch, image: row, visit: this.#visits[i]! };
      const face = this.#augmenter.apply(pixels.subarray(row * stride, (row + 1) * stride), key);
      normaliseFace(face, 0, size, this.#table, this.#augmenter.isFlipped(key), into.images, i * stride);
    }
    return into;
  }
}

/** The order that `options` ask for of images with these labels. */
export function batchOrder(labels: Int32Array, options: BatchOptions): BatchOrder {
  const { batchSize, seed = 0, shuffle = true, last = 'drop', imagesPerIdentity } = options;
  return imagesPerIdentity === undefined
    ? new ShuffledOrder(labels.length, { batchSize, seed, shuffle, last })
    : new BalancedOrder(labels, { batchSize, seed, imagesPerIdentity });
}

/** Buffers for `batchSize` images of size × size pixels. */
export function allocateBatch(batchSize: number, size: number): Batch {
  return {
    images: new Float32Array(batchSize * size ** 2 * 3),
    labels: new Int32Array(batchSize),
    rows: new Int32Array(batchSize),
    fresh: 0,
  };
}
