/**
 * Random numbers by counter (Philox4x32-10, Salmon et al. 2011): a number is a function of a seed and
 * of what it is for, not of how many were drawn before it. So epoch 7, step 300 can be had without
 * replaying what came before, and adding a draw in one place moves none elsewhere.
 */

/** What a draw is for. Two purposes never share numbers, whatever their counters. */
export const STREAM = {
  shuffle: 1,
  flip: 2,
  pairFolds: 3,
  pairSame: 4,
  pairDifferent: 5,
  classes: 6,
  augment: 7,
  identities: 8,
  imagesOfIdentity: 9,
} as const;

/** Four u32, as `philox` leaves them in its `out`. */
export type RandomBlock = Uint32Array;

/**
 * The Philox4x32-10 block of a key (two u32) and a counter (four u32), written to `out` (four u32).
 * Inputs are taken modulo 2^32.
 */
export function philox(key: readonly [number, number], counter: readonly number[], out: RandomBlock): void {
  let k0 = key[0] >>> 0;
  let k1 = key[1] >>> 0;
  let c0 = (counter[0] ?? 0) >>> 0;
  let c1 = (counter[1] ?? 0) >>> 0;
  let c2 = (counter[2] ?? 0) >>> 0;
  let c3 = (counter[3] ?? 0) >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0);
    const low0 = Math.imul(0xd2511f53, c0) >>> 0;
    const high1 = mulHigh(0xcd9e8d57, c2);
    const low1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

/** The upper 32 bits of a product of two u32, from halves that a double holds exactly. */
function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

/**
 * A source of whole numbers for one purpose: `below(n)` is uniform on 0 … n−1 (to within 2^-53).
 * The same (seed, stream, lane) gives the same numbers on every machine.
 */
export class CounterRandom {
  readonly #key: readonly [number, number];
  readonly #stream: number;
  readonly #lane: number;
  readonly #block = new Uint32Array(4);
  #count = 0;

  /** `stream` says what for (`STREAM`), `lane` which of its kind, such as an epoch or a fold. */
  constructor(seed: number, stream: number, lane = 0) {
    this.#key = seedKey(seed);
    this.#stream = stream;
    this.#lane = lane;
  }

  below(n: number): number {
    const half = (this.#count & 1) * 2;
    if (half === 0) philox(this.#key, [this.#count >>> 1, this.#stream, this.#lane, 0], this.#block);
    this.#count++;
    const unit = (this.#block[half]! * 2 ** 21 + (this.#block[half + 1]! >>> 11)) / 2 ** 53;
    return Math.floor(unit * n);
  }

  /** Shuffles in place (Fisher–Yates). */
  shuffle<T extends Uint32Array | unknown[]>(items: T): T {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = items[i];
      items[i] = items[j]!;
      items[j] = held!;
    }
    return items;
  }
}

/** A seed's 53 bits as a Philox key. Throws a RangeError unless it is a whole number from 0 to 2^53 − 1. */
export function seedKey(seed: number): readonly [number, number] {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`seed must be a whole number from 0 to 2^53 − 1, got ${seed}`);
  }
  return [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
}
