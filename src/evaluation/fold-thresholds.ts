/**
 * Where a fold's threshold is looked for: the one most accurate on all other folds. On a few thousand pairs many thresholds
 * are equally accurate there and not on the fold held out, so the choice among them moves a published accuracy by a tenth of
 * a percent.
 */

/** What a search is given. */
export interface FoldPairs {
  /** Similarity per pair, [pairs]. */
  readonly scores: Float32Array | Float64Array;
  /** Whether a pair shows one person, [pairs]. */
  readonly same: readonly boolean[] | Uint8Array;
  /** The fold of a pair, [pairs]. */
  readonly fold: Int32Array;
  /** Pairs in ascending order of score. */
  readonly order: Uint32Array;
  /** The fold that has no say. */
  readonly held: number;
}

/** Ways to choose, by name. */
export const THRESHOLD_CHOICES = ['exact', 'grid', 'insightface'] as const;
export type ThresholdChoice = (typeof THRESHOLD_CHOICES)[number];

/** A threshold for a fold: a pair is accepted when its score is greater. */
export const THRESHOLD_SEARCHES: Readonly<Record<ThresholdChoice, (pairs: FoldPairs) => number>> = {
  exact: exactThreshold,
  grid: gridThreshold,
  insightface: insightFaceThreshold,
};

/**
 * The search is over every gap between neighbouring distinct scores, and ±∞. Of equally accurate thresholds the middle one
 * is taken, half of their range below it and half above: the furthest from where accuracy falls.
 */
function exactThreshold({ scores, same, fold, order, held }: FoldPairs): number {
  // Relative to accepting every pair (threshold −∞): +1 for each impostor left behind, −1 for each match.
  let gain = 0;
  let bestGain = 0;
  /** Gaps between neighbouring scores in which a threshold is most accurate; none while accepting all is better. */
  let best: { readonly from: number; readonly to: number }[] = [];
  let previous = Number.NaN;
  for (const pair of order) {
    if (fold[pair] === held) continue;
    const score = scores[pair]!;
    // Before the first score `previous` is NaN, and there is no gap.
    if (score > previous && gain >= bestGain) {
      if (gain > bestGain) best = [];
      bestGain = gain;
      best.push({ from: previous, to: score });
    }
    gain += same[pair] ? -1 : 1;
    previous = score;
  }
  if (gain > bestGain) return Number.POSITIVE_INFINITY;
  return best.length === 0 ? Number.NEGATIVE_INFINITY : middleOf(best);
}

/** The point with half of the gaps' length on either side. Gaps ascend; the point lies in one of them. */
function middleOf(gaps: readonly { readonly from: number; readonly to: number }[]): number {
  let left = gaps.reduce((sum, { from, to }) => sum + (to - from), 0) / 2;
  for (const { from, to } of gaps) {
    if (left < to - from) return from + left;
    left -= to - from;
  }
  const { from, to } = gaps.at(-1)!;
  return from + (to - from) / 2;
}

/** Thresholds of the grid: cosines from −1 to 1. */
const COSINE_POINTS = 2001;
const COSINE_STEP = 0.001;

/**
 * Cosines in steps of 0.001, and of equally accurate ones the middle one by count: the upper of two. What differs by less than
 * the grid is not fitted to.
 */
function gridThreshold(pairs: FoldPairs): number {
  const cosines = Float64Array.from({ length: COSINE_POINTS }, (_, i) => 1 - i * COSINE_STEP);
  const best = mostAccurate(pairs, cosines);
  return cosines[best[(best.length - 1) >> 1]!]!;
}

/** InsightFace's grid of squared distances between unit features, 0 to 3.99, and its fineness. */
const DISTANCE_POINTS = 400;
const DISTANCE_STEP = 0.01;

/**
 * As InsightFace's evaluation chooses (Deng et al. 2019, `recognition/common/verification.py`): squared distances
 * d² = 2 − 2·cosine in steps of 0.01 from 0, and of equally accurate ones the first, which is the strictest. For scores that
 * are cosines.
 */
function insightFaceThreshold(pairs: FoldPairs): number {
  const cosines = Float64Array.from({ length: DISTANCE_POINTS }, (_, i) => 1 - (i * DISTANCE_STEP) / 2);
  return cosines[mostAccurate(pairs, cosines)[0]!]!;
}

/** Which of falling thresholds are most accurate on all folds but one, ascending. */
function mostAccurate({ scores, same, fold, order, held }: FoldPairs, falling: Float64Array): number[] {
  const counted = order.filter((pair) => fold[pair] !== held);
  // From the strictest threshold on, pairs are accepted one after another: +1 for each match, −1 for each impostor.
  let next = counted.length - 1;
  let gain = 0;
  let bestGain = Number.NEGATIVE_INFINITY;
  let best: number[] = [];
  for (const [point, threshold] of falling.entries()) {
    for (; next >= 0 && scores[counted[next]!]! > threshold; next--) gain += same[counted[next]!] ? 1 : -1;
    if (gain < bestGain) continue;
    if (gain > bestGain) best = [];
    bestGain = gain;
    best.push(point);
  }
  return best;
}
