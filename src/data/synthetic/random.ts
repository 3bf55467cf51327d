/**
 * Counter-based random draws by name. A draw is a hash of (seed, path, name), so it depends on nothing
 * that was drawn before it: adding a trait to a face leaves every other trait of every face as it was.
 */
import { DataError } from '../errors.ts';

function scramble(h: number): number {
  let x = h | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** A uniform 32-bit hash of three integers; for lattice noise and per-pixel noise. */
export function hash3(a: number, b: number, c: number): number {
  return scramble(Math.imul(a, 0x9e3779b1) ^ scramble(Math.imul(b, 0x85ebca6b) ^ scramble(c + 0x165667b1)));
}

/** Throws a DataError unless `value` is an integer in `[low, high]`. */
export function requireInteger(what: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high) {
    throw new DataError(
      `synthetic faces: ${what} must be a whole number from ${low} to ${high}, got ${value}`,
    );
  }
}

/** Random draws of one place in a tree of seeds, e.g. `new Draws(seed, identity, shot)`. */
export class Draws {
  readonly #low: number;
  readonly #high: number;

  /** `path`: non-negative safe integers; each is one level of the tree. */
  constructor(...path: readonly number[]) {
    // Two 32-bit words, so that two identities sharing all their draws stays out of reach.
    let low = 0x243f6a88;
    let high = 0x85a308d3;
    for (const step of path) {
      low = scramble(low ^ (step >>> 0)) ^ scramble(Math.floor(step / 4294967296) + 0x3c6ef372);
      high = scramble(Math.imul(high, 0x01000193) + scramble(low));
    }
    this.#low = low >>> 0;
    this.#high = high >>> 0;
  }

  /** 32 random bits. */
  bits(name: string): number {
    let h = 0x811c9dc5;
    for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
    return scramble(scramble(h ^ this.#low) + this.#high);
  }

  /** Uniform in `[low, high)`. */
  uniform(name: string, low = 0, high = 1): number {
    return low + ((high - low) * this.bits(name)) / 4294967296;
  }

  /**
   * Bell-shaped with the given mean and standard deviation, never further than 3.46 deviations out.
   * A sum of four uniforms: only additions, so every JavaScript engine gives the same number.
   */
  normal(name: string, mean = 0, deviation = 1): number {
    const a = this.bits(name);
    const b = scramble(a ^ 0x5bd1e995);
    const c = scramble(b ^ 0x2545f491);
    const d = scramble(c ^ 0x1b873593);
    return mean + deviation * 1.7320508 * ((a + b + c + d) / 4294967296 - 2);
  }

  /** True with the given probability. */
  chance(name: string, probability: number): boolean {
    return this.bits(name) < probability * 4294967296;
  }

  /** One entry of a list, with optional weights of the same length. */
  pick<T>(name: string, from: readonly T[], weights?: readonly number[]): T {
    const total = weights ? weights.reduce((sum, w) => sum + w, 0) : from.length;
    let left = this.uniform(name, 0, total);
    for (let i = 0; i < from.length; i++) {
      left -= weights ? (weights[i] ?? 0) : 1;
      if (left < 0) return from[i] as T;
    }
    return from[from.length - 1] as T;
  }
}
