/** How two faces are compared: one similarity from the features of every member of an ensemble. */

/**
 * - `mean`: mean over members of the cosine of features (the default of the study);
 * - `min`: the smallest of the members' cosines, so that every member must agree;
 * - `concat`: cosine of the members' concatenated features. They are joined as they are: members with
 *   longer features weigh more. (Normalised first, this would be `mean` again.)
 */
export type MatchingRule = 'mean' | 'min' | 'concat';

/** Every rule, for `--help` and for checking what a user typed. */
export const MATCHING_RULES: readonly MatchingRule[] = ['mean', 'min', 'concat'];

/** Features of `count` images by `members` networks: row-major `[members, count, dimension]`. */
export interface Embeddings {
  readonly data: Float32Array | Float64Array;
  readonly members: number;
  readonly count: number;
  readonly dimension: number;
}

/** Embeddings with the norm of every feature vector, taken once. */
export interface MeasuredEmbeddings extends Embeddings {
  /** Euclidean norms, `[members, count]`. */
  readonly norms: Float64Array;
}

/**
 * Checks embeddings and measures their norms.
 *
 * @throws RangeError when the data do not fill the shape, or hold a number that is not finite.
 */
export function measure(embeddings: Embeddings): MeasuredEmbeddings {
  const { data, members, count, dimension } = embeddings;
  const expected = members * count * dimension;
  if (data.length !== expected) {
    throw new RangeError(
      `embeddings: expected ${members} members × ${count} images × ${dimension} features = ${expected} numbers, ` +
        `got ${data.length}; pass the whole [members, images, features] array`,
    );
  }
  const norms = new Float64Array(members * count);
  for (let row = 0; row < norms.length; row++) {
    let squares = 0;
    for (let i = row * dimension; i < (row + 1) * dimension; i++) squares += data[i]! * data[i]!;
    if (!Number.isFinite(squares)) {
      throw new RangeError(
        `embeddings: features of image ${row % count} by member ${Math.floor(row / count)} are not finite; ` +
          'the network has diverged: lower the learning rate or use an earlier checkpoint',
      );
    }
    norms[row] = Math.sqrt(squares);
  }
  return { data, members, count, dimension, norms };
}

/**
 * Similarity in [−1, 1] of image `i` of `left` and image `j` of `right` by a rule. Sums are in float64.
 * A feature vector of norm 0 points nowhere: its cosine with anything is 0.
 */
export function similarity(
  rule: MatchingRule,
  left: MeasuredEmbeddings,
  i: number,
  right: MeasuredEmbeddings,
  j: number,
): number {
  const { members, dimension } = left;
  const a = left.data;
  const b = right.data;
  let sum = 0;
  let smallest = Number.POSITIVE_INFINITY;
  let leftSquares = 0;
  let rightSquares = 0;
  for (let member = 0; member < members; member++) {
    const leftRow = member * left.count + i;
    const rightRow = member * right.count + j;
    const leftNorm = left.norms[leftRow]!;
    const rightNorm = right.norms[rightRow]!;
    const aStart = leftRow * dimension;
    const bStart = rightRow * dimension;
    let dot = 0;
    for (let k = 0; k < dimension; k++) dot += a[aStart + k]! * b[bStart + k]!;
    if (rule === 'concat') {
      sum += dot;
      leftSquares += leftNorm * leftNorm;
      rightSquares += rightNorm * rightNorm;
    } else {
      const scale = leftNorm * rightNorm;
      const cosine = scale === 0 ? 0 : dot / scale;
      sum += cosine;
      if (cosine < smallest) smallest = cosine;
    }
  }
  if (rule === 'mean') return sum / members;
  if (rule === 'min') return smallest;
  const scale = Math.sqrt(leftSquares * rightSquares);
  return scale === 0 ? 0 : sum / scale;
}

/**
 * Similarities of listed pairs of images of one set.
 *
 * @param left  indices of the first image of each pair, `[pairs]`
 * @param right indices of the second, `[pairs]`
 * @returns `[pairs]` similarities
 * @throws RangeError for lists of unequal length or an index outside the set.
 */
export function pairSimilarities(
  rule: MatchingRule,
  embeddings: Embeddings,
  left: ArrayLike<number>,
  right: ArrayLike<number>,
): Float64Array {
  if (left.length !== right.length) {
    throw new RangeError(
      `pairSimilarities: got ${left.length} first images and ${right.length} second images; pairs need one of each`,
    );
  }
  const measured = measure(embeddings);
  return Float64Array.from({ length: left.length }, (_, pair) => {
    for (const index of [left[pair]!, right[pair]!]) {
      if (!Number.isInteger(index) || index < 0 || index >= measured.count) {
        throw new RangeError(
          `pairSimilarities: pair ${pair} names image ${index}, but there are ${measured.count} images (0 to ${measured.count - 1})`,
        );
      }
    }
    return similarity(rule, measured, left[pair]!, measured, right[pair]!);
  });
}

/**
 * Mean cosine between two members' features of the same image, over all images and all pairs of members:
 * how alike the members see. Near 0 for members without a common frame of reference, 1 for copies.
 *
 * @returns the mean, or `null` for a single network, which has no pair of members.
 */
export function memberCosine(embeddings: Embeddings): number | null {
  const { data, members, count, dimension, norms } = measure(embeddings);
  if (members < 2 || count === 0) return null;
  let total = 0;
  for (let one = 0; one < members; one++) {
    for (let other = one + 1; other < members; other++) {
      for (let image = 0; image < count; image++) {
        const a = one * count + image;
        const b = other * count + image;
        let dot = 0;
        for (let k = 0; k < dimension; k++) dot += data[a * dimension + k]! * data[b * dimension + k]!;
        const scale = norms[a]! * norms[b]!;
        if (scale !== 0) total += dot / scale;
      }
    }
  }
  return total / (((members * (members - 1)) / 2) * count);
}
