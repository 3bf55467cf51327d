/** How often attacks succeed: against the size of the perturbation, and against the distance they were crafted to. */
import { median, wilson } from './intervals.ts';

/** Success rate of the attacks whose perturbation is no larger than `size`. */
export interface SuccessPoint {
  readonly size: number;
  readonly successes: number;
  readonly pairs: number;
  readonly rate: number;
  /** Wilson's 95 % interval over pairs. */
  readonly low: number;
  readonly high: number;
}

/**
 * Success rate against perturbation size.
 *
 * @param smallest per pair, the smallest perturbation that succeeded; Infinity where none did
 * @param at       sizes at which to report, in the same unit; a pair counts when its size is ≤ the point's
 * @throws RangeError for no pairs, or a smallest size that is negative or NaN.
 */
export function successCurve(smallest: ArrayLike<number>, at: readonly number[]): SuccessPoint[] {
  const sorted = checkedSizes('successCurve', smallest).sort();
  return at.map((size) => {
    let successes = 0;
    while (successes < sorted.length && sorted[successes]! <= size) successes++;
    const { value, low, high } = wilson(successes, sorted.length);
    return { size, successes, pairs: sorted.length, rate: value, low, high };
  });
}

/** The median over pairs of the smallest successful size: Infinity when half the pairs or more never gave way. */
export function medianSize(smallest: ArrayLike<number>): number {
  return median(checkedSizes('medianSize', smallest));
}

/**
 * Mean success rate over sizes from 0 to `upTo`: the area under the success curve as a share of the whole,
 * exactly (the curve is a staircase). 0 for a defence that nothing under `upTo` fools, 1 for one that needs no perturbation.
 *
 * @throws RangeError when `upTo` is not positive and finite.
 */
export function areaUnderSuccess(smallest: ArrayLike<number>, upTo: number): number {
  if (!(upTo > 0 && Number.isFinite(upTo))) {
    throw new RangeError(`areaUnderSuccess: expected a positive, finite largest size, got ${upTo}`);
  }
  const sizes = checkedSizes('areaUnderSuccess', smallest);
  return sizes.reduce((sum, size) => sum + Math.max(0, 1 - size / upTo), 0) / sizes.length;
}

function checkedSizes(name: string, smallest: ArrayLike<number>): Float64Array {
  const sizes = Float64Array.from(smallest);
  if (sizes.length === 0) throw new RangeError(`${name}: expected at least one attacked pair, got none`);
  const bad = sizes.findIndex((size) => !(size >= 0));
  if (bad >= 0) {
    throw new RangeError(
      `${name}: the size of pair ${bad} is ${sizes[bad]}, expected 0 or more, Infinity where no attack succeeded`,
    );
  }
  return sizes;
}

/** One pair's black-box attack: per distance, whether the defence was fooled; `null` where the surrogate never got so near. */
export interface TransferredPair {
  readonly name: string;
  readonly success: readonly (boolean | null)[];
}

/** Black-box success at one feature distance. */
export interface TransferPoint {
  readonly distance: number;
  readonly pairs: number;
  /** Pairs whose example came as near as `distance` on the surrogate. */
  readonly reached: number;
  readonly successes: number;
  /** Successes over *all* pairs: an example that could not be crafted fools nobody. */
  readonly rate: number;
  /** Wilson's 95 % interval of `rate`. */
  readonly low: number;
  readonly high: number;
  /** Successes over the pairs that reached the distance; NaN when none did. */
  readonly rateOfReached: number;
  /** The pairs that never reached it, by name. */
  readonly neverReached: readonly string[];
}

/**
 * Black-box success per feature distance. Pairs that never reached a distance are counted as failures, and named.
 *
 * @param distances feature distances on the surrogate to which examples were crafted
 * @param pairs     one entry per pair, each with one outcome per distance
 * @throws RangeError for no pairs, or a pair without an outcome for each distance.
 */
export function transferSuccess(
  distances: readonly number[],
  pairs: readonly TransferredPair[],
): TransferPoint[] {
  if (pairs.length === 0)
    throw new RangeError('transferSuccess: expected at least one attacked pair, got none');
  for (const pair of pairs) {
    if (pair.success.length !== distances.length) {
      throw new RangeError(
        `transferSuccess: pair ${pair.name} has ${pair.success.length} outcomes, expected one for each of ${distances.length} distances`,
      );
    }
  }
  return distances.map((distance, d) => {
    const reached = pairs.filter((pair) => pair.success[d] !== null);
    const successes = reached.filter((pair) => pair.success[d]).length;
    const { value, low, high } = wilson(successes, pairs.length);
    return {
      distance,
      pairs: pairs.length,
      reached: reached.length,
      successes,
      rate: value,
      low,
      high,
      rateOfReached: successes / reached.length,
      neverReached: pairs.filter((pair) => pair.success[d] === null).map((pair) => pair.name),
    };
  });
}
