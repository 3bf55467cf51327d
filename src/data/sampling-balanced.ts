/**
 * Identity-balanced batches: P identities, K images of each (Hermans et al. 2017, "In Defense of the Triplet Loss").
 * A person with many pictures then weighs no more than one with few.
 */
import { DataError } from './errors.ts';
import { STREAM } from './random.ts';
import { type BatchOrder, checkBatchSize, checkStep, RecentOrders } from './sampling.ts';
import { Draws } from './sampling-draws.ts';

export interface BalancedOrderOptions {
  /** P × K. */
  readonly batchSize: number;
  /** K; P is batchSize / K. */
  readonly imagesPerIdentity: number;
  /** Whole number from 0 to 2^53 − 1. */
  readonly seed: number;
}

/**
 * Batches of P = batchSize / K identities, no two alike, and K images of each.
 *
 * Identities go by in passes. In each pass every identity comes once, in a new order; those that do not fill a last
 * batch, fewer than P of them, sit that pass out. The K images are drawn without replacement, anew for each pass; an
 * identity with fewer than K gives all of them before any comes again. An epoch has as many batches as there are in
 * the set, ⌊images / batchSize⌋, so that epochs cost the same as shuffled ones; it does not show every image.
 *
 * Holds 8 bytes an image and 20 an identity.
 */
export class BalancedOrder implements BatchOrder {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  readonly #each: number;
  /** P. */
  readonly #identities: number;
  readonly #stepsPerPass: number;
  readonly #passesPerEpoch: number;
  /** Identities that have images. */
  readonly #present: Uint32Array;
  /** Where each identity's images begin in `#images`; one more at the end. */
  readonly #starts: Uint32Array;
  /** Images, identity by identity. */
  readonly #images: Uint32Array;
  readonly #orders: RecentOrders;
  readonly #draws: Draws;

  /**
   * `labels` [images]: identities from 0. Throws a DataError where K does not divide batchSize, or there are fewer
   * than P identities.
   */
  constructor(labels: Int32Array, { batchSize, imagesPerIdentity, seed }: BalancedOrderOptions) {
    checkBatchSize(batchSize);
    if (!Number.isInteger(imagesPerIdentity) || imagesPerIdentity < 1 || batchSize % imagesPerIdentity > 0) {
      throw new DataError(
        `batches: imagesPerIdentity must be a whole number that divides batchSize ${batchSize}, got ${imagesPerIdentity}`,
      );
    }
    const { starts, images } = groupByIdentity(labels);
    this.#starts = starts;
    this.#images = images;
    const has = (identity: number) => starts[identity + 1]! > starts[identity]!;
    this.#present = Uint32Array.from({ length: starts.length - 1 }, (_, identity) => identity).filter(has);
    this.#each = imagesPerIdentity;
    this.#identities = batchSize / imagesPerIdentity;
    if (this.#present.length < this.#identities) {
      throw new DataError(
        `batches: ${this.#present.length} identities give no batch of ${this.#identities} × ${imagesPerIdentity}; ` +
          'use a smaller batchSize or more images of each identity',
      );
    }
    this.batchSize = batchSize;
    this.stepsPerEpoch = Math.max(1, Math.floor(labels.length / batchSize));
    this.#stepsPerPass = Math.floor(this.#present.length / this.#identities);
    this.#passesPerEpoch = Math.ceil(this.stepsPerEpoch / this.#stepsPerPass);
    this.#orders = new RecentOrders(this.#present.length, { seed, stream: STREAM.identities });
    this.#draws = new Draws(seed);
  }

  read(epoch: number, step: number, rows: Int32Array, visits: Uint32Array): number {
    checkStep(epoch, step, this.stepsPerEpoch);
    const pass = Math.floor(step / this.#stepsPerPass);
    const order = this.#orders.get((epoch * this.#passesPerEpoch + pass) % 2 ** 32);
    const first = (step % this.#stepsPerPass) * this.#identities;
    for (let p = 0; p < this.#identities; p++) {
      const identity = this.#present[order[first + p]!]!;
      this.#draws.at(STREAM.imagesOfIdentity, identity, epoch, pass);
      this.#choose(identity, rows, p * this.#each);
    }
    for (let i = 0; i < this.batchSize; i++) visits[i] = step * this.batchSize + i;
    return this.batchSize;
  }

  /** K images of an identity to `rows` from `at`: Fisher–Yates, as far as it is needed, on an array never written. */
  #choose(identity: number, rows: Int32Array, at: number): void {
    const start = this.#starts[identity]!;
    const count = this.#starts[identity + 1]! - start;
    const moved = new Map<number, number>();
    const place = (index: number) => moved.get(index) ?? index;
    for (let k = 0; k < this.#each; k++) {
      const turn = k % count;
      if (turn === 0) moved.clear();
      const other = turn + this.#draws.below(count - turn);
      rows[at + k] = this.#images[start + place(other)]!;
      moved.set(other, place(turn));
    }
  }
}

/** Counting sort of images by identity. */
function groupByIdentity(labels: Int32Array): { starts: Uint32Array; images: Uint32Array } {
  const identities = labels.reduce((most, label) => Math.max(most, label), -1) + 1;
  const starts = new Uint32Array(identities + 1);
  for (const label of labels) starts[label + 1]!++;
  for (let i = 0; i < identities; i++) starts[i + 1]! += starts[i]!;
  const next = starts.slice();
  const images = new Uint32Array(labels.length);
  for (let image = 0; image < labels.length; image++) images[next[labels[image]!]!++] = image;
  return { starts, images };
}
