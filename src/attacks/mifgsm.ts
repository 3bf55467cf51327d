import { abs, add, div, maximum, mul, sign, sub, sum } from '../engine/index.ts';
import type { Attack, Projection } from './attack.ts';
import { checkStepSize } from './ifgsm.ts';
import { pixelRange } from './projections.ts';

export interface MifgsmOptions {
  /** α, in [0, 1] pixels. */
  readonly stepSize?: number;
  /** μ: share of the old velocity that is kept; 0 is I-FGSM. */
  readonly decay?: number;
  readonly project?: Projection;
}

/**
 * MI-FGSM: Dong et al., "Boosting Adversarial Attacks with Momentum", 2018, algorithm 1, towards a target:
 *
 *     v ← μ v + ∇ₓ objective / ‖∇ₓ objective‖₁
 *     x ← project( x − α · sign v )
 *
 * Throws a RangeError for a step that is not over 0 and a decay that is negative.
 */
export function mifgsm({
  stepSize = 0.5 / 255,
  decay = 1,
  project = pixelRange,
}: MifgsmOptions = {}): Attack {
  checkStepSize('mifgsm', stepSize);
  if (!(decay >= 0))
    throw new RangeError(`mifgsm: the decay must be at least 0, got ${decay}; the paper's is 1`);
  return {
    name: 'MI-FGSM',
    keep: 'first',
    state: { velocity: 'image' },
    step: ({ images, sources, gradient, state }) => {
      const size = sum(abs(gradient), [2, 3, 4], { keepDims: true });
      const velocity = add(mul(state.velocity!, decay), div(gradient, maximum(size, 1e-12)));
      return {
        images: project(sub(images, mul(sign(velocity), stepSize)), sources),
        state: { velocity },
      };
    },
  };
}
