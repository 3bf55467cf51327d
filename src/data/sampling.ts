/**
 * Which images make a batch. An order is a function of (seed, epoch, step) alone, so that any batch can be asked for
 * first; it holds numbers in typed arrays, 4 bytes an image, since training sets have millions.
 */
import { DataError } from './errors.ts';
import { CounterRandom, STREAM } from './random.ts';

/** The images of every batch, by epoch and step. */
export interface BatchOrder {
  readonly batchSize: number;
  /** Batches in one epoch. */
  readonly stepsPerEpoch: number;
  /**
   * Writes the images of batch `step` of `epoch` to `rows`, both [batchSize], and to `visits` what tells an image's
   * appearances in one epoch apart (augmentation is drawn anew for each): 0 where each image comes once. Returns how
   * many of them the epoch has not had before. Throws a DataError where there is no such step.
   */
  read(epoch: number, step: number, rows: Int32Array, visits: Uint32Array): number;
}

export interface ShuffledOrderOptions {
  readonly batchSize: number;
  /** Whole number from 0 to 2^53 − 1. */
  readonly seed: number;
  /** A new order each epoch; without, images come in their own order. */
  readonly shuffle: boolean;
  /** The last, partial batch of an epoch: dropped, or filled up with the epoch's first images. */
  readonly last: 'drop' | 'wrap';
}

/** Epochs whose order is kept: prefetching looks over the end of one into the next. */
const KEPT_EPOCHS = 2;

/** Each of `count` images once an epoch. Holds two epochs' orders at most: 8 bytes an image. */
export class ShuffledOrder implements BatchOrder {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly #count: number;
  readonly #orders: RecentOrders;

  /** Throws a DataError for no images, or fewer than a batch where the last batch is dropped. */
  constructor(count: number, { batchSize, seed, shuffle, last }: ShuffledOrderOptions) {
    checkBatchSize(batchSize);
    if (count === 0 || (last === 'drop' && count < batchSize)) {
      throw new DataError(
        `batches: ${count} faces give no batch of ${batchSize}; use a smaller batchSize or more images`,
      );
    }
    this.batchSize = batchSize;
    this.stepsPerEpoch = last === 'drop' ? Math.floor(count / batchSize) : Math.ceil(count / batchSize);
    this.#count = count;
    this.#orders = new RecentOrders(count, shuffle ? { seed, stream: STREAM.shuffle } : undefined);
  }

  read(epoch: number, step: number, rows: Int32Array, visits: Uint32Array): number {
    checkStep(epoch, step, this.stepsPerEpoch);
    const order = this.#orders.get(epoch);
    const first = step * this.batchSize;
    for (let i = 0; i < this.batchSize; i++) rows[i] = order[(first + i) % this.#count]!;
    visits.fill(0);
    return Math.min(this.batchSize, this.#count - first);
  }
}

/** Permutations of 0 … count − 1 by number, each made from scratch; the last two asked for are kept. */
export class RecentOrders {
  readonly #count: number;
  readonly #random: { readonly seed: number; readonly stream: number } | undefined;
  /** In the order of last use. */
  readonly #kept = new Map<number, Uint32Array>();

  /** Without `random`, every permutation leaves all where it is. */
  constructor(count: number, random?: { readonly seed: number; readonly stream: number }) {
    this.#count = count;
    this.#random = random;
  }

  get(which: number): Uint32Array {
    const number = this.#random ? which : 0;
    const order = this.#kept.get(number) ?? this.#make(number);
    this.#kept.delete(number);
    this.#kept.set(number, order);
    return order;
  }

  #make(which: number): Uint32Array {
    const [oldest] = this.#kept.keys();
    const full = this.#kept.size >= KEPT_EPOCHS && oldest !== undefined;
    const order = (full ? this.#kept.get(oldest) : undefined) ?? new Uint32Array(this.#count);
    if (full) this.#kept.delete(oldest);
    for (let i = 0; i < order.length; i++) order[i] = i;
    if (this.#random) new CounterRandom(this.#random.seed, this.#random.stream, which).shuffle(order);
    return order;
  }
}

/** Throws a DataError unless `batchSize` is a positive whole number. */
export function checkBatchSize(batchSize: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new DataError(`batches: batchSize must be a positive whole number, got ${batchSize}`);
  }
}

/** Throws a DataError unless there is such a batch. */
export function checkStep(epoch: number, step: number, stepsPerEpoch: number): void {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch >= 2 ** 32) {
    throw new DataError(`batches: epoch must be a whole number from 0, got ${epoch}`);
  }
  if (!Number.isInteger(step) || step < 0 || step >= stepsPerEpoch) {
    throw new DataError(`batches: no step ${step}; an epoch has steps 0 to ${stepsPerEpoch - 1}`);
  }
}
