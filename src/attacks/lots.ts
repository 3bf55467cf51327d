import { l2Normalize, mul, square, sub, sum } from '../engine/index.ts';
import type { Objective } from './attack.ts';

/**
 * LOTS, layerwise origin–target synthesis: Rozsa, Günther, Boult, "LOTS about Attacking Deep Features", 2017,
 * equation 1, on the embedding layer and summed over the members:
 *
 *     ½ Σ_m ‖f_m(x) − t_m‖²
 *
 * With `normalized` (the default) both features are first divided by their lengths, so that the objective is Σ_m (1 − cos).
 * Faces are matched by cosine: without it the attack spends perturbation on the length of the features, which no
 * matcher looks at.
 */
export function lots({ normalized = true } = {}): Objective {
  return (features, targets) => {
    const [f, t] = normalized ? [l2Normalize(features, -1), l2Normalize(targets, -1)] : [features, targets];
    return mul(sum(square(sub(f, t)), [0, 2]), 0.5);
  };
}
