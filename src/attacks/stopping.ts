import { sub } from '../engine/index.ts';
import type { MatchingRule } from '../evaluation/matching.ts';
import { featureDistance, similarity } from '../models/matching.ts';
import type { StoppingRule } from './attack.ts';

/**
 * How far beyond a threshold on cosines an attack goes before it calls a pair a success.
 *
 * The evaluation accepts where the similarity, in float64 from features that another program computed, is over the
 * threshold. An attack sees the similarity in float32, from features of its own program, whose sums may run in another
 * order: a few millionths away. With this margin an image that an attack calls a success is one that the evaluation
 * counts as one. It costs an attack next to nothing.
 */
export const COSINE_MARGIN = 1e-5;

/**
 * Impersonation: stop when the defence accepts the pair, that is when the similarity by its matching rule is over
 * the rule's threshold, by `COSINE_MARGIN`. The distance is 1 − similarity. Throws a RangeError for a threshold that no
 * cosine has.
 */
export function accepted(threshold: number, rule: MatchingRule = 'mean'): StoppingRule {
  checkThreshold('accepted', threshold);
  return {
    name: `similarity (${rule}) > ${threshold}`,
    distance: (features, targets) => sub(1, similarity(features, targets, rule)),
    limits: [1 - threshold - COSINE_MARGIN],
  };
}

/**
 * Dodging: stop when the defence no longer accepts the pair, that is when the similarity by its matching rule is not
 * over the rule's threshold, by `COSINE_MARGIN`. The distance is the similarity. Throws a RangeError for a threshold that
 * no cosine has.
 */
export function rejected(threshold: number, rule: MatchingRule = 'mean'): StoppingRule {
  checkThreshold('rejected', threshold);
  return {
    name: `similarity (${rule}) ≤ ${threshold}`,
    distance: (features, targets) => similarity(features, targets, rule),
    limits: [threshold - COSINE_MARGIN],
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

function checkThreshold(rule: string, threshold: number): void {
  if (!(threshold >= -1 && threshold <= 1)) {
    throw new RangeError(`${rule}: a threshold on cosines lies between -1 and 1, got ${threshold}`);
  }
}
