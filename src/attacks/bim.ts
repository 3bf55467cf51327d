import { mul, sign, sub } from '../engine/index.ts';
import type { Attack } from './attack.ts';
import { BALLS } from './ball.ts';
import { checkStepSize } from './ifgsm.ts';
import { type Radius, radiusTrials } from './radius.ts';

export interface BimOptions {
  /** α, in [0, 1] pixels. */
  readonly stepSize?: number;
  /** ε, or the search for the smallest; the default searches in quarters of a grey level from 1 to 64 grey levels. */
  readonly epsilon?: Radius;
}

/** Quarters of a grey level: finer than what an 8-bit image can hold, coarser than what f32 rounds. */
export const GREY_LEVELS: Radius = { resolution: 0.25 / 255, initial: 1 / 255, largest: 64 / 255 };

/**
 * BIM, the basic iterative method: Kurakin, Goodfellow, Bengio, "Adversarial examples in the physical world", 2017,
 * section 2.2, towards a target, from the source:
 *
 *     x ← clip_ε( x − α · sign ∇ₓ objective ),  clip_ε: no pixel further than ε from the source's, and in [0, 1]
 *
 * A trial at one ε ends at its first success. The smallest ε per pair is searched for by `smallestRadius`; every trial
 * starts at the source again and takes at most the attack's number of steps.
 *
 * Throws a RangeError for a step that is not over 0 and an ε that makes no sense.
 */
export function bim({ stepSize = 0.25 / 255, epsilon = GREY_LEVELS }: BimOptions = {}): Attack {
  checkStepSize('bim', stepSize);
  const ball = BALLS.linf;
  return {
    name: 'BIM',
    norm: ball.norm,
    keep: 'first',
    parameters: ['epsilon'],
    search: radiusTrials('bim', ball.norm, epsilon),
    step: ({ images, sources, gradient, parameters }) => ({
      images: ball.project(parameters.epsilon!)(sub(images, mul(sign(gradient), stepSize)), sources),
    }),
  };
}
