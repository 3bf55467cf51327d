/**
 * Random numbers of one thing: of an image in an epoch, of an identity in a pass. Like `CounterRandom`, but seated by
 * three numbers, cheap to seat again, so that one object serves millions of images.
 */
import { philox, seedKey } from './random.ts';

/** Uniform numbers for a purpose and three whole numbers (modulo 2^32); at most 131,072 of each. */
export class Draws {
  readonly #key: readonly [number, number];
  readonly #counter: [number, number, number, number] = [0, 0, 0, 0];
  readonly #block = new Uint32Array(4);
  #purpose = 0;
  #drawn = 0;

  /** `seed` is a whole number from 0 to 2^53 − 1; else a RangeError. */
  constructor(seed: number) {
    this.#key = seedKey(seed);
  }

  /** Begins the numbers of `purpose` (below 2^16; its low byte is one of `STREAM`) for a, b and c. */
  at(purpose: number, a: number, b: number, c: number): this {
    this.#purpose = purpose;
    this.#counter[0] = a;
    this.#counter[2] = b;
    this.#counter[3] = c;
    this.#drawn = 0;
    return this;
  }

  /** Uniform in [0, 1), a multiple of 2^-53. */
  unit(): number {
    const half = (this.#drawn & 1) * 2;
    if (half === 0) {
      this.#counter[1] = this.#purpose + (this.#drawn >>> 1) * 2 ** 16;
      philox(this.#key, this.#counter, this.#block);
    }
    this.#drawn++;
    return (this.#block[half]! * 2 ** 21 + (this.#block[half + 1]! >>> 11)) / 2 ** 53;
  }

  /** Uniform on 0 … n − 1. */
  below(n: number): number {
    return Math.floor(this.unit() * n);
  }

  /** Uniform between two numbers. */
  between([low, high]: readonly [number, number]): number {
    return low + (high - low) * this.unit();
  }

  /** The lowest bit of the first number's block, for one choice of two; draws nothing. */
  bit(): boolean {
    this.#counter[1] = this.#purpose;
    philox(this.#key, this.#counter, this.#block);
    return (this.#block[0]! & 1) === 1;
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }
}
