/** How similarities spread, for the figure that shows people and strangers apart. */

/** Counts of similarities per bin; a bin holds its lower edge and not its upper, but for the last, which holds both. */
export interface SimilarityHistogram {
  /** Ascending, one more than there are bins. */
  readonly edges: number[];
  readonly same: number[];
  readonly different: number[];
}

/**
 * Histogram of similarities of pairs of one person and of two, over [−1, 1].
 *
 * @param scores `[pairs]` similarities; beyond ±1 (by rounding) they count in the outermost bins
 * @param same   `[pairs]`
 * @throws RangeError for lists of unequal length, NaN, or fewer than one bin.
 */
export function similarityHistogram(
  scores: Float32Array | Float64Array,
  same: readonly boolean[] | Uint8Array,
  bins = 80,
): SimilarityHistogram {
  if (scores.length !== same.length) {
    throw new RangeError(
      `similarityHistogram: got ${scores.length} scores and ${same.length} labels; each pair needs both`,
    );
  }
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`similarityHistogram: expected a whole number of bins, at least 1, got ${bins}`);
  }
  const histogram: SimilarityHistogram = {
    edges: Array.from({ length: bins + 1 }, (_, i) => -1 + (2 * i) / bins),
    same: new Array<number>(bins).fill(0),
    different: new Array<number>(bins).fill(0),
  };
  for (const [pair, score] of scores.entries()) {
    if (Number.isNaN(score)) throw new RangeError(`similarityHistogram: the score of pair ${pair} is NaN`);
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(((score + 1) / 2) * bins)));
    const counts = same[pair] ? histogram.same : histogram.different;
    counts[bin] = counts[bin]! + 1;
  }
  return histogram;
}
