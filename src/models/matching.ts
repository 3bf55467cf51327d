/**
 * How like two faces are, by their features. M members, N images, E embedding size.
 */
import {
  div,
  l2Normalize,
  max,
  maximum,
  mean,
  mul,
  neg,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../engine/index.ts';
import type { MatchingRule } from '../evaluation/matching.ts';

/** Keeps the cosine of features that are all zero finite. */
const SMALLEST_SQUARE = 1e-24;

/**
 * How like features [M, N, E] are to targets [M, N, E], by a matching rule → [N] in [−1, 1]:
 *
 * - `mean`: mean over members of the cosine, the study's;
 * - `min`: the smallest of the members' cosines;
 * - `concat`: cosine of the members' features joined as they are.
 *
 * A pair is accepted where it is over the threshold of its rule.
 */
export function similarity(features: Tensor, targets: Tensor, rule: MatchingRule = 'mean'): Tensor {
  if (rule === 'concat') {
    const lengths = mul(sum(square(features), [0, 2]), sum(square(targets), [0, 2]));
    return div(sum(mul(features, targets), [0, 2]), sqrt(maximum(lengths, SMALLEST_SQUARE)));
  }
  const cosine = sum(mul(l2Normalize(features, -1), l2Normalize(targets, -1)), [-1]);
  return rule === 'mean' ? mean(cosine, [0]) : neg(max(neg(cosine), [0]));
}

/**
 * Euclidean distance of L2-normalised features [M, N, E] and targets [M, N, E], mean over members → [N] in [0, 2].
 * For one member d² = 2 − 2 cos.
 */
export function featureDistance(features: Tensor, targets: Tensor): Tensor {
  const difference = sub(l2Normalize(features, -1), l2Normalize(targets, -1));
  return mean(sqrt(sum(square(difference), [-1])), [0]);
}
