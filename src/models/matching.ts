/**
 * How like two faces are, by their features. M members, N images, E embedding size.
 */
import { l2Normalize, mean, mul, sqrt, square, sub, sum, type Tensor } from '../engine/index.ts';

/**
 * Cosine of features [M, N, E] and targets [M, N, E], mean over members → [N]. The study's matching rule: a pair
 * is accepted where it reaches the threshold.
 */
export function similarity(features: Tensor, targets: Tensor): Tensor {
  const cosine = sum(mul(l2Normalize(features, -1), l2Normalize(targets, -1)), [-1]);
  return mean(cosine, [0]);
}

/**
 * Euclidean distance of L2-normalised features [M, N, E] and targets [M, N, E], mean over members → [N] in [0, 2].
 * For one member d² = 2 − 2 cos.
 */
export function featureDistance(features: Tensor, targets: Tensor): Tensor {
  const difference = sub(l2Normalize(features, -1), l2Normalize(targets, -1));
  return mean(sqrt(sum(square(difference), [-1])), [0]);
}
