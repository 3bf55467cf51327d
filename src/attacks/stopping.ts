import { sub } from '../engine/index.ts';
import { featureDistance, similarity } from '../models/matching.ts';
import type { StoppingRule } from './attack.ts';

/**
 * White-box: stop when the defence accepts the pair, that is when the similarity (mean over members of the cosine)
 * reaches its threshold. The distance is 1 − similarity. Throws a RangeError for a threshold that no cosine has.
 */
export function accepted(threshold: number): StoppingRule {
  if (!(threshold >= -1 && threshold <= 1)) {
    throw new RangeError(`accepted: a threshold on cosines lies between -1 and 1, got ${threshold}`);
  }
  return {
    name: `similarity ≥ ${threshold}`,
    distance: (features, targets) => sub(1, similarity(features, targets)),
    limits: [1 - threshold],
  };
}

/**
 * Black-box crafting: go on until the surrogate's feature distance (Euclidean, of L2-normalised features) has fallen
 * to each of `distances`. Throws a RangeError unless they fall strictly within (0, 2).
 */
export function within(distances: readonly number[]): StoppingRule {
  const ordered = distances.every((d, i) => d > 0 && d < (distances[i - 1] ?? 2));
  if (distances.length === 0 || !ordered) {
    throw new RangeError(
      `within: expected feature distances below 2 and over 0, falling strictly, got ${distances.join(', ') || 'none'}`,
    );
  }
  return { name: `feature distance ≤ ${distances.join(', ')}`, distance: featureDistance, limits: distances };
}
