import { mul, sub } from '../engine/index.ts';
import type { Attack, Norm } from './attack.ts';
import { BALLS } from './ball.ts';
import { type Radius, radiusTrials } from './radius.ts';
import { withRestarts } from './search.ts';
import { perImage } from './slots.ts';

export interface PgdOptions {
  readonly norm: Norm;
  /** ε: radius of the ball around the source, or a search for the smallest that suffices. */
  readonly epsilon: Radius;
  /** α as a share of ε; Madry et al.'s 2.5 / steps for 40 steps where absent. */
  readonly stepShare?: number;
  /** Random starts at each ε, until one succeeds. */
  readonly restarts?: number;
}

/**
 * PGD: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", 2018, section 2.1, towards a target,
 * from random starts in the ball:
 *
 *     L∞: x ← project( x − α · sign ∇ )          L2: x ← project( x − α · ∇/‖∇‖₂ )
 *
 * Throws a RangeError for a step or a radius that is not over 0, or restarts that are not a positive whole number.
 */
export function pgd({ norm, epsilon, stepShare = 2.5 / 40, restarts = 1 }: PgdOptions): Attack {
  const ball = BALLS[norm];
  checkStepShare('pgd', stepShare);
  return {
    name: `PGD ${ball.symbol}`,
    norm,
    keep: 'first',
    parameters: ['epsilon'],
    search: withRestarts(radiusTrials('pgd', norm, epsilon), restarts),
    start: (source, random, { epsilon: radius }) => ball.draw(source, random, radius!),
    step: ({ images, sources, gradient, parameters }) => {
      const radius = parameters.epsilon!;
      const step = mul(ball.steepest(gradient), perImage(mul(radius, stepShare)));
      return { images: ball.project(radius)(sub(images, step), sources) };
    },
  };
}

/** Throws a RangeError unless 0 < share ≤ 2: a longer step leaves the ball from anywhere in it. */
export function checkStepShare(attack: string, share: number): void {
  if (!(share > 0 && share <= 2)) {
    throw new RangeError(`${attack}: the step must be over 0 and at most 2, as a share of ε; got ${share}`);
  }
}
