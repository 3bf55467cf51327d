import { add } from '../ops/add.ts';
import { div } from '../ops/div.ts';
import { mul } from '../ops/mul.ts';
import { sqrt } from '../ops/sqrt.ts';
import { square } from '../ops/square.ts';
import { sub } from '../ops/sub.ts';
import { ParameterSet } from '../parameter-set.ts';
import type { Tensor } from '../tensor.ts';
import { checkFraction, decayedGradients, type Optimizer, type WeightDecay, zerosLike } from './optimizer.ts';

export interface AdamOptions {
  /** Decay of the running mean of gradients. */
  readonly beta1?: number;
  /** Decay of the running mean of squared gradients. */
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: WeightDecay;
}

/**
 * Adam: Kingma and Ba, 2015, algorithm 1.
 *
 *     m ← β₁ m + (1 − β₁) g            v ← β₂ v + (1 − β₂) g²
 *     p ← p − rate · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
 *
 * The corrections 1 − βᵗ are state too, run as c ← β c + (1 − β) from 0: in f32 the subtraction would lose half of
 * their digits at first. Throws a RangeError unless 0 ≤ β < 1.
 */
export function adam(parameters: ParameterSet, options: AdamOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  checkFraction('adam: beta1', beta1);
  checkFraction('adam: beta2', beta2);
  const first = zerosLike(parameters, 'adam.first');
  const second = zerosLike(parameters, 'adam.second');
  const correction = new ParameterSet(
    `${parameters.name}.adam.correction`,
    ['first', 'second'].map((path) => ({ path, shape: [1], initial: new Float32Array(1) })),
  );
  return {
    state: [first, second, correction],
    step: (gradients, rate) => {
      const g = decayedGradients(parameters, gradients, weightDecay);
      const m = average(first.flat.tensor(), g, beta1);
      const v = average(second.flat.tensor(), square(g), beta2);
      const c1 = add(mul(correction.tensor('first'), beta1), 1 - beta1);
      const c2 = add(mul(correction.tensor('second'), beta2), 1 - beta2);
      const direction = div(div(m, c1), add(sqrt(div(v, c2)), epsilon));
      const p = sub(parameters.flat.tensor(), mul(direction, rate));
      const corrections = new Map([
        ['first', c1],
        ['second', c2],
      ]);
      return [
        first.flat.assign(m),
        second.flat.assign(v),
        correction.flat.assign(correction.pack(corrections)),
        parameters.flat.assign(p),
      ];
    },
  };
}

/** β · running + (1 − β) · fresh. */
function average(running: Tensor, fresh: Tensor, beta: number): Tensor {
  return add(mul(running, beta), mul(fresh, 1 - beta));
}
