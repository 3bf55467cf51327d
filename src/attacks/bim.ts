import { maximum, mul, sign, sub } from '../engine/index.ts';
import type { Attack } from './attack.ts';
import { BALLS } from './ball.ts';
import { checkStepSize } from './ifgsm.ts';
import { checkStepShare } from './pgd.ts';
import { GREY_LEVELS, type Radius, radiusTrials } from './radius.ts';
import { perImage } from './slots.ts';

export interface BimOptions {
  /** α, in [0, 1] pixels. */
  readonly stepSize?: number;
  /** Least α as a share of ε, so that a trial reaches the edge of a large ball within its steps. */
  readonly stepShare?: number;
  /** ε, or the search for the smallest; the default searches in quarters of a grey level from 1 grey level to all 255. */
  readonly epsilon?: Radius;
}

/**
 * BIM, the basic iterative method: Kurakin, Goodfellow, Bengio, "Adversarial examples in the physical world", 2017,
 * section 2.2, towards a target, from the source:
 *
 *     x ← clip_ε( x − α · sign ∇ₓ objective ),  clip_ε: no pixel further than ε from the source's, and in [0, 1]
 *
 * The authors take more steps for a larger ε, up to 1.25 ε/α; here the number is fixed and α grows: it is ε · stepShare where
 * that is more than stepSize. A trial at one ε ends at its first success. The smallest ε per pair is searched for by
 * `smallestRadius`; every trial starts at the source again and takes at most the attack's number of steps.
 *
 * Throws a RangeError for a step that is not over 0 and an ε that makes no sense.
 */
export function bim({
  stepSize = 0.25 / 255,
  stepShare = 0.04,
  epsilon = GREY_LEVELS,
}: BimOptions = {}): Attack {
  checkStepSize('bim', stepSize);
  checkStepShare('bim', stepShare);
  const ball = BALLS.linf;
  return {
    name: 'BIM',
    norm: ball.norm,
    keep: 'first',
    parameters: ['epsilon'],
    search: radiusTrials('bim', ball.norm, epsilon),
    step: ({ images, sources, gradient, parameters }) => {
      const radius = parameters.epsilon!;
      const step = mul(sign(gradient), perImage(maximum(mul(radius, stepShare), stepSize)));
      return { images: ball.project(radius)(sub(images, step), sources) };
    },
  };
}
