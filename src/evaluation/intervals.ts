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
 * Difference of two independent rates with Newcombe's 95 % interval (Newcombe 1998, "Interval estimation for the
 * difference between independent proportions", method 10): the two Wilson intervals, joined. Over rates that
 * were measured on the same pairs it is too wide rather than too narrow.
 *
 * @throws RangeError as `wilson` does.
 */
export function rateGap(
  one: { readonly successes: number; readonly trials: number },
  other: { readonly successes: number; readonly trials: number },
): Interval {
  const [a, b] = [wilson(one.successes, one.trials), wilson(other.successes, other.trials)];
  const value = a.value - b.value;
  return {
    value,
    low: value - Math.hypot(a.value - a.low, b.high - b.value),
    high: value + Math.hypot(a.high - a.value, b.value - b.low),
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
 * Mean of ratios of independent runs with a 95 % interval: `meanInterval` of their logarithms, so that 2 and ½
 * are equally far from 1 and no bound falls under 0.
 *
 * @throws RangeError for no ratios, or one that is not positive and finite.
 */
export function meanRatioInterval(ratios: readonly number[]): Interval {
  const bad = ratios.find((ratio) => !(ratio > 0 && Number.isFinite(ratio)));
  if (bad !== undefined) {
    throw new RangeError(`meanRatioInterval: expected positive, finite ratios, got ${bad}`);
  }
  const { value, low, high } = meanInterval(ratios.map(Math.log));
  return { value: Math.exp(value), low: Math.exp(low), high: Math.exp(high) };
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

/** Sum over count; NaN of nothing. */
export function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
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

/** How a bootstrap of a sample is drawn. */
export interface SampleBootstrapOptions extends BootstrapOptions {
  /**
   * The item, from 0, that each value belongs to: what is drawn are items, with all their values. A pair that
   * was tried several times, at several distances say, is one item, since its values are not independent. Each value
   * is its own item unless this is given.
   */
  readonly groups?: ArrayLike<number>;
}

/**
 * Percentile bootstrap (Efron 1979), 95 %: `statistic` of the whole, and the central 95 % of its values over
 * resamples of the items with replacement. The bounds are values that were drawn (nearest rank), so they may be infinite.
 *
 * @param items     how many items there are
 * @param statistic of a resample, from how often each item is in it: once each for the whole. Use the count of
 *   an item for its value in two samples to keep a comparison paired.
 * @returns the interval; bounds are NaN when the statistic of any resample is NaN (∞/∞, say).
 * @throws RangeError for no items.
 */
export function bootstrap(
  items: number,
  statistic: (times: Uint32Array) => number,
  options: BootstrapOptions,
): Interval {
  if (!(items > 0)) throw new RangeError(`bootstrap: expected at least one item to resample, got ${items}`);
  const resamples = options.resamples ?? 2000;
  const random = seededRandom(options.seed);
  const times = new Uint32Array(items).fill(1);
  const value = statistic(times);
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    times.fill(0);
    for (let i = 0; i < items; i++) times[Math.floor(random() * items)]!++;
    values[r] = statistic(times);
  }
  if (values.some(Number.isNaN)) return { value, low: Number.NaN, high: Number.NaN };
  values.sort();
  const low = values[Math.floor(0.025 * (resamples - 1))]!;
  const high = values[Math.ceil(0.975 * (resamples - 1))]!;
  return { value, low, high };
}

/** Median over values with its bootstrap interval. */
export function medianInterval(values: ArrayLike<number>, options: SampleBootstrapOptions): Interval {
  const groups = groupsOf('medianInterval', values.length, options);
  return bootstrap(itemsOf(groups), resampledMedian(values, groups), options);
}

/**
 * Ratio of two medians over the same pairs, median(a) / median(b), resampled pair by pair.
 *
 * @throws RangeError when the samples differ in length: they must list the same pairs in the same order.
 */
export function medianRatio(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: SampleBootstrapOptions,
): Interval {
  requirePaired('medianRatio', a, b);
  const groups = groupsOf('medianRatio', a.length, options);
  const [x, y] = [resampledMedian(a, groups), resampledMedian(b, groups)];
  return bootstrap(itemsOf(groups), (times) => x(times) / y(times), options);
}

/** Difference of two rates over the same pairs, mean(a) − mean(b) of numbers in [0, 1], resampled pair by pair. */
export function rateDifference(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: SampleBootstrapOptions,
): Interval {
  requirePaired('rateDifference', a, b);
  const groups = groupsOf('rateDifference', a.length, options);
  const difference = (times: Uint32Array) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < a.length; i++) {
      const drawn = times[groups[i]!]!;
      sum += drawn * (a[i]! - b[i]!);
      count += drawn;
    }
    return sum / count;
  };
  return bootstrap(itemsOf(groups), difference, options);
}

function requirePaired(name: string, a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length === b.length) return;
  throw new RangeError(
    `${name}: got ${a.length} and ${b.length} values; both samples must list the same pairs in one order`,
  );
}

function groupsOf(name: string, values: number, { groups }: SampleBootstrapOptions): ArrayLike<number> {
  if (groups === undefined) return Uint32Array.from({ length: values }, (_, i) => i);
  if (groups.length !== values) {
    throw new RangeError(`${name}: got ${values} values and ${groups.length} groups; each value needs one`);
  }
  return groups;
}

function itemsOf(groups: ArrayLike<number>): number {
  let highest = -1;
  for (let i = 0; i < groups.length; i++) highest = Math.max(highest, groups[i]!);
  return highest + 1;
}

/** The median of any resample in one walk: values are sorted once, and counted as often as their item was drawn. */
function resampledMedian(
  values: ArrayLike<number>,
  groups: ArrayLike<number>,
): (times: Uint32Array) => number {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort((i, j) => {
    const [a, b] = [values[i]!, values[j]!];
    return a < b ? -1 : a > b ? 1 : 0; // Not a − b: two infinities would make NaN.
  });
  const sorted = Float64Array.from(order, (at) => values[at]!);
  const itemOf = Uint32Array.from(order, (at) => groups[at]!);
  return (times) => {
    let total = 0;
    for (let i = 0; i < itemOf.length; i++) total += times[itemOf[i]!]!;
    if (total === 0) return Number.NaN;
    const [lower, upper] = [(total - 1) >> 1, total >> 1];
    let seen = 0;
    let at = 0;
    while (at < itemOf.length && seen + times[itemOf[at]!]! <= lower) seen += times[itemOf[at++]!]!;
    const below = sorted[at]!;
    while (at < itemOf.length && seen + times[itemOf[at]!]! <= upper) seen += times[itemOf[at++]!]!;
    const above = sorted[at]!;
    return below === above ? below : (below + above) / 2;
  };
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
