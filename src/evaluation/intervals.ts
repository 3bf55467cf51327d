/** How sure a number is: 95 % intervals over pairs, over seeds, and by resampling. */

/** A value with the interval around it. */
export interface Interval {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** The 97.5 % point of the standard normal distribution. */
const Z = 1.959963984540054;

/**
 * Wilson's score interval (Wilson 1927), 95 %, for a rate of `successes` in `trials`. Unlike the normal
 * approximation it stays in [0, 1] and has a width at 0 and at 1.
 *
 * @throws RangeError for no trials, or a number of successes outside 0 to `trials`.
 */
export function wilson(successes: number, trials: number): Interval {
  if (!(trials > 0) || !(successes >= 0 && successes <= trials)) {
    throw new RangeError(
      `wilson: expected successes out of at least one trial, got ${successes} of ${trials}`,
    );
  }
  const rate = successes / trials;
  const scale = 1 + Z ** 2 / trials;
  const centre = (rate + Z ** 2 / (2 * trials)) / scale;
  const half = (Z * Math.sqrt((rate * (1 - rate)) / trials + Z ** 2 / (4 * trials ** 2))) / scale;
  return {
    value: rate,
    // At the ends the bound is the rate itself; rounding must not put it a hair past.
    low: successes === 0 ? 0 : centre - half,
    high: successes === trials ? 1 : centre + half,
  };
}

/**
 * Mean of independent runs with Student's 95 % interval, mean ± t · s / √n.
 *
 * @returns the interval; of one value, which says nothing about spread, low and high are NaN.
 * @throws RangeError for no values.
 */
export function meanInterval(values: readonly number[]): Interval {
  if (values.length === 0) throw new RangeError('meanInterval: expected at least one value, got none');
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  if (values.length === 1) return { value: mean, low: Number.NaN, high: Number.NaN };
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  const half = studentQuantile(values.length - 1) * Math.sqrt(variance / values.length);
  return { value: mean, low: mean - half, high: mean + half };
}

/**
 * The t with P(|T| ≤ t) = 0.95 for Student's distribution of whole `freedom`, by bisection of its closed form.
 *
 * @throws RangeError when `freedom` is not a whole number of at least 1.
 */
export function studentQuantile(freedom: number): number {
  if (!Number.isInteger(freedom) || freedom < 1) {
    throw new RangeError(`studentQuantile: expected whole degrees of freedom, at least 1, got ${freedom}`);
  }
  let low = 0;
  let high = 16; // t is 12.71 for one degree of freedom and falls from there.
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (withinStudent(middle, freedom) < 0.95) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| ≤ t): Abramowitz & Stegun 26.7.3 (odd freedom) and 26.7.4 (even). */
function withinStudent(t: number, freedom: number): number {
  const angle = Math.atan(t / Math.sqrt(freedom));
  const cosine = Math.cos(angle);
  const odd = freedom % 2 === 1;
  let term = odd ? cosine : 1;
  let series = freedom === 1 ? 0 : term;
  for (let k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= ((k - 1) / k) * cosine ** 2;
    series += term;
  }
  const sum = Math.sin(angle) * series;
  return odd ? (2 / Math.PI) * (angle + sum) : sum;
}

/** Median; the mean of the two middle values of an even number. Infinite values count as large. NaN of none. */
export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  const [a, b] = [sorted[middle - 1]!, sorted[middle]!];
  return a === b ? a : (a + b) / 2;
}

/** How a bootstrap is drawn. */
export interface BootstrapOptions {
  readonly seed: number;
  /** Number of resamples; 2000 unless said. */
  readonly resamples?: number;
}

/**
 * Percentile bootstrap (Efron 1979), 95 %: `statistic` of the whole, and the central 95 % of its values over
 * resamples of the items with replacement. The bounds are values that were drawn (nearest rank), so they may be infinite.
 *
 * @param items     how many items there are; `statistic` gets a list of item indices of that length
 * @param statistic of the items listed. Index the same pair in two samples to keep a comparison paired.
 * @returns the interval; bounds are NaN when the statistic of any resample is NaN (∞/∞, say).
 * @throws RangeError for no items.
 */
export function bootstrap(
  items: number,
  statistic: (indices: Uint32Array) => number,
  options: BootstrapOptions,
): Interval {
  if (!(items > 0)) throw new RangeError(`bootstrap: expected at least one item to resample, got ${items}`);
  const resamples = options.resamples ?? 2000;
  const random = seededRandom(options.seed);
  const indices = Uint32Array.from({ length: items }, (_, i) => i);
  const value = statistic(indices);
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < items; i++) indices[i] = Math.floor(random() * items);
    values[r] = statistic(indices);
  }
  if (values.some(Number.isNaN)) return { value, low: Number.NaN, high: Number.NaN };
  values.sort();
  const low = values[Math.floor(0.025 * (resamples - 1))]!;
  const high = values[Math.ceil(0.975 * (resamples - 1))]!;
  return { value, low, high };
}

/** Median over pairs with its bootstrap interval. */
export function medianInterval(values: ArrayLike<number>, options: BootstrapOptions): Interval {
  const picked = new Float64Array(values.length);
  return bootstrap(values.length, (at) => median(pick(values, at, picked)), options);
}

/**
 * Ratio of two medians over the same pairs, median(a) / median(b), resampled pair by pair.
 *
 * @throws RangeError when the samples differ in length: they must list the same pairs in the same order.
 */
export function medianRatio(a: ArrayLike<number>, b: ArrayLike<number>, options: BootstrapOptions): Interval {
  return paired('medianRatio', a, b, (x, y) => median(x) / median(y), options);
}

/** Difference of two rates over the same pairs, mean(a) − mean(b) of 0s and 1s, resampled pair by pair. */
export function rateDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions,
): Interval {
  const mean = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
  return paired('rateDifference', a, b, (x, y) => mean(x) - mean(y), options);
}

function paired(
  name: string,
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  compare: (a: Float64Array, b: Float64Array) => number,
  options: BootstrapOptions,
): Interval {
  if (a.length !== b.length) {
    throw new RangeError(
      `${name}: got ${a.length} and ${b.length} values; both samples must list the same pairs in one order`,
    );
  }
  const x = new Float64Array(a.length);
  const y = new Float64Array(b.length);
  return bootstrap(a.length, (at) => compare(pick(a, at, x), pick(b, at, y)), options);
}

function pick(values: ArrayLike<number>, indices: Uint32Array, into: Float64Array): Float64Array {
  for (let i = 0; i < indices.length; i++) into[i] = values[indices[i]!]!;
  return into;
}

/** Uniform numbers in [0, 1) from a seed (mulberry32): plenty for resampling, the same on every machine. */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
