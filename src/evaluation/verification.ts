/**
 * Face verification: are two images of one person?
 *
 * One convention everywhere: a pair is **accepted when its score is greater than the threshold**. Pairs of
 * equal score are therefore accepted or rejected together, and no order of the input can change a result.
 */

import { THRESHOLD_SEARCHES, type ThresholdChoice } from './fold-thresholds.ts';

/** One operating point of a ROC: the best of those whose false accept rate does not exceed `far`. */
export interface TarAtFar {
  /** The false accept rate asked for. */
  readonly far: number;
  /** Share of same-person pairs accepted there. */
  readonly tar: number;
  /** The threshold that gives it. */
  readonly threshold: number;
  /** Whether there are impostor pairs enough that one false accept is within `far` (`far · impostors ≥ 1`). */
  readonly resolved: boolean;
}

/** A receiver operating characteristic, one point per distinct threshold, `far` ascending from 0 to 1. */
export interface Roc {
  /** Distinct scores from high to low, then −∞ (which accepts every pair). */
  readonly thresholds: Float64Array;
  /** Share of different-person pairs accepted at each threshold. */
  readonly far: Float64Array;
  /** Share of same-person pairs accepted at each threshold. */
  readonly tar: Float64Array;
  /** Number of different-person pairs: what the false accept rates can resolve. */
  readonly impostors: number;
}

/** What `verify` measures. Rates are in [0, 1]. */
export interface Verification {
  /** Mean over folds of the accuracy at a threshold chosen on the other folds. */
  readonly accuracy: number;
  /** Standard deviation of the folds' accuracies (of the population, as InsightFace reports it). */
  readonly deviation: number;
  /** Standard error of the mean accuracy, s / √folds with s the sample deviation (as LFW's own page reports it). */
  readonly standardError: number;
  /** Per fold, in ascending order of fold number. */
  readonly folds: readonly { fold: number; accuracy: number; threshold: number; pairs: number }[];
  readonly roc: Roc;
  readonly tarAtFar: readonly TarAtFar[];
  /** Equal error rate: where false accepts and false rejects are equally frequent. */
  readonly eer: number;
  /** Area under the ROC: the chance that a same-person pair outscores a different-person pair, ties half. */
  readonly auc: number;
}

/** False accept rates at which true accept rates are reported when nothing else is asked. */
export const DEFAULT_FARS: readonly number[] = [1e-1, 1e-2, 1e-3, 1e-4];

export interface VerifyOptions {
  /** False accept rates in (0, 1] at which to report the true accept rate. */
  readonly fars?: readonly number[];
  /** Where a fold's threshold is looked for. */
  readonly thresholds?: ThresholdChoice;
}

/**
 * Verification by k-fold cross-validation: LFW's View 2 (Huang et al. 2007, "Labeled Faces in the Wild").
 *
 * For each fold the threshold is the one most accurate on all *other* folds; `thresholds` says where it is looked for.
 *
 * @param scores similarity per pair, `[pairs]`, finite
 * @param same   whether a pair shows one person, `[pairs]`
 * @param fold   the fold of a pair, `[pairs]`, at least two distinct numbers
 * @throws RangeError for lists of unequal length, scores that are not finite, fewer than two folds, or when
 *   there are no pairs of one kind.
 */
export function verify(
  scores: Float32Array | Float64Array,
  same: readonly boolean[] | Uint8Array,
  fold: Int32Array,
  { fars = DEFAULT_FARS, thresholds = 'exact' }: VerifyOptions = {},
): Verification {
  const order = sortedByScore(scores, same, fold);
  const folds = distinctFolds(fold);
  const perFold = folds.map((held) => {
    const threshold = THRESHOLD_SEARCHES[thresholds]({ scores, same, fold, order, held });
    let pairs = 0;
    let correct = 0;
    for (let i = 0; i < scores.length; i++) {
      if (fold[i] !== held) continue;
      pairs++;
      if (scores[i]! > threshold === Boolean(same[i])) correct++;
    }
    return { fold: held, accuracy: correct / pairs, threshold, pairs };
  });
  const accuracy = perFold.reduce((sum, f) => sum + f.accuracy, 0) / perFold.length;
  const squares = perFold.reduce((sum, f) => sum + (f.accuracy - accuracy) ** 2, 0);
  const roc = receiverOperatingCharacteristic(scores, same, order);
  return {
    accuracy,
    deviation: Math.sqrt(squares / perFold.length),
    standardError: Math.sqrt(squares / (perFold.length - 1) / perFold.length),
    folds: perFold,
    roc,
    tarAtFar: fars.map((far) => tarAtFar(roc, far)),
    eer: equalErrorRate(roc),
    auc: areaUnderRoc(roc),
  };
}

/** The numbers of the folds, ascending. Throws a RangeError where there is only one, so that it can be known early. */
export function distinctFolds(fold: Iterable<number>): number[] {
  const folds = [...new Set(fold)].sort((a, b) => a - b);
  if (folds.length < 2) {
    throw new RangeError(
      `verify: expected at least 2 folds (the threshold is chosen on the others), got ${folds.length}; ` +
        'number the pairs into folds, 10 for the LFW protocol',
    );
  }
  return folds;
}

/** Checks the three lists; returns pair indices in ascending order of score. */
function sortedByScore(
  scores: Float32Array | Float64Array,
  same: readonly boolean[] | Uint8Array,
  fold: Int32Array,
): Uint32Array {
  if (same.length !== scores.length || fold.length !== scores.length) {
    throw new RangeError(
      `verify: got ${scores.length} scores, ${same.length} labels and ${fold.length} fold numbers; ` +
        'each pair needs one of each',
    );
  }
  let matches = 0;
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isFinite(scores[i])) {
      throw new RangeError(
        `verify: the score of pair ${i} is ${scores[i]}, expected a finite number; the network may have diverged`,
      );
    }
    if (same[i]) matches++;
  }
  if (matches === 0 || matches === scores.length) {
    throw new RangeError(
      `verify: expected pairs of one person and pairs of two, got ${matches} and ${scores.length - matches}; ` +
        'check the pair list',
    );
  }
  return Uint32Array.from(scores.keys()).sort((a, b) => scores[a]! - scores[b]!);
}

function receiverOperatingCharacteristic(
  scores: Float32Array | Float64Array,
  same: readonly boolean[] | Uint8Array,
  order: Uint32Array,
): Roc {
  const thresholds: number[] = [];
  const falseAccepts: number[] = [];
  const trueAccepts: number[] = [];
  let impostors = 0;
  let matches = 0;
  for (let rank = order.length - 1; rank >= 0; rank--) {
    const pair = order[rank]!;
    const score = scores[pair]!;
    if (score !== thresholds.at(-1)) {
      thresholds.push(score);
      falseAccepts.push(impostors);
      trueAccepts.push(matches);
    }
    if (same[pair]) matches++;
    else impostors++;
  }
  thresholds.push(Number.NEGATIVE_INFINITY);
  falseAccepts.push(impostors);
  trueAccepts.push(matches);
  return {
    thresholds: Float64Array.from(thresholds),
    far: Float64Array.from(falseAccepts, (n) => n / impostors),
    tar: Float64Array.from(trueAccepts, (n) => n / matches),
    impostors,
  };
}

/**
 * The true accept rate at the smallest threshold whose false accept rate does not exceed `far`. Nothing is
 * interpolated: it is a point that a deployed threshold would give.
 *
 * @throws RangeError when `far` is not in (0, 1].
 */
export function tarAtFar(roc: Roc, far: number): TarAtFar {
  if (!(far > 0 && far <= 1)) {
    throw new RangeError(`tarAtFar: expected a false accept rate in (0, 1], got ${far}`);
  }
  let point = 0;
  while (point + 1 < roc.far.length && roc.far[point + 1]! <= far) point++;
  return {
    far,
    tar: roc.tar[point]!,
    threshold: roc.thresholds[point]!,
    resolved: 1 / roc.impostors <= far,
  };
}

/**
 * The rate at which false accepts and false rejects are equal, on the straight line between the two
 * neighbouring points of the ROC where they change order.
 */
export function equalErrorRate(roc: Roc): number {
  for (let i = 1; i < roc.far.length; i++) {
    const gapBefore = 1 - roc.tar[i - 1]! - roc.far[i - 1]!;
    const gap = 1 - roc.tar[i]! - roc.far[i]!;
    if (gap <= 0) {
      const along = gapBefore / (gapBefore - gap);
      return roc.far[i - 1]! + along * (roc.far[i]! - roc.far[i - 1]!);
    }
  }
  return 1; // Not reached: at the last point both rates are 1, so the gap is −1.
}

/** Area under the ROC by the trapezoid rule, which gives ties exactly half. */
export function areaUnderRoc(roc: Roc): number {
  let area = 0;
  for (let i = 1; i < roc.far.length; i++) {
    area += ((roc.far[i]! - roc.far[i - 1]!) * (roc.tar[i]! + roc.tar[i - 1]!)) / 2;
  }
  return area;
}

/**
 * At most `limit` points of a ROC for a figure or a file: both ends, and otherwise the first point at or
 * after each of evenly spread false accept rates, half of them spread linearly and half by logarithm, since
 * it is looked at both ways.
 */
export function thinRoc(roc: Roc, limit = 200): { far: number; tar: number }[] {
  const last = roc.far.length - 1;
  const keep = new Set([0, last]);
  const half = Math.max(1, Math.floor((limit - 2) / 2));
  const lowest = Math.log(1 / roc.impostors);
  for (let k = 0; k < half; k++) {
    const share = k / half;
    keep.add(firstAtOrAfter(roc.far, share));
    keep.add(firstAtOrAfter(roc.far, Math.exp(lowest * (1 - share))));
  }
  return [...keep].sort((a, b) => a - b).map((i) => ({ far: roc.far[i]!, tar: roc.tar[i]! }));
}

function firstAtOrAfter(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}
