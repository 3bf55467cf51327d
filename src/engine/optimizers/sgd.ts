import { add } from '../ops/add.ts';
import { mul } from '../ops/mul.ts';
import { sub } from '../ops/sub.ts';
import type { ParameterSet } from '../parameter-set.ts';
import { checkFraction, decayedGradients, type Optimizer, type WeightDecay, zerosLike } from './optimizer.ts';

export interface SgdOptions {
  readonly momentum?: number;
  /** Look ahead along the momentum: Sutskever et al., "On the importance of initialization and momentum", 2013. */
  readonly nesterov?: boolean;
  readonly weightDecay?: WeightDecay;
}

/**
 * Stochastic gradient descent with momentum, in the form that PyTorch uses:
 *
 *     g ← ∇ + weightDecay · p
 *     v ← momentum · v + g
 *     p ← p − rate · v                       or, Nesterov:  p − rate · (g + momentum · v)
 *
 * Throws a RangeError unless 0 ≤ momentum < 1, and for Nesterov without momentum.
 */
export function sgd(parameters: ParameterSet, options: SgdOptions = {}): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  checkFraction('sgd: momentum', momentum);
  if (nesterov && momentum === 0) {
    throw new RangeError(
      'sgd: Nesterov needs a momentum over 0, got 0; leave nesterov out or set it to 0.9, say',
    );
  }
  if (momentum === 0) {
    return {
      state: [],
      step: (gradients, rate) => {
        const g = decayedGradients(parameters, gradients, weightDecay);
        return [parameters.flat.assign(sub(parameters.flat.tensor(), mul(g, rate)))];
      },
    };
  }
  const velocity = zerosLike(parameters, 'momentum');
  return {
    state: [velocity],
    step: (gradients, rate) => {
      const g = decayedGradients(parameters, gradients, weightDecay);
      const v = add(mul(velocity.flat.tensor(), momentum), g);
      const direction = nesterov ? add(g, mul(v, momentum)) : v;
      const p = sub(parameters.flat.tensor(), mul(direction, rate));
      return [velocity.flat.assign(v), parameters.flat.assign(p)];
    },
  };
}
