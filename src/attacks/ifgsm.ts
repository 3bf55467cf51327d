import { mul, sign, sub } from '../engine/index.ts';
import type { Attack, Projection } from './attack.ts';
import { pixelRange } from './projections.ts';

export interface IfgsmOptions {
  /** α, in [0, 1] pixels. */
  readonly stepSize?: number;
  readonly project?: Projection;
}

/**
 * I-FGSM: Kurakin, Goodfellow, Bengio, "Adversarial examples in the physical world", 2017, section 2.2, towards a target:
 *
 *     x ← project( x − α · sign ∇ₓ objective )
 *
 * Without a bound but the pixel range and stopped at the first success, it asks how much perturbation is needed, not
 * whether a given one suffices. Throws a RangeError for a step that is not over 0.
 */
export function ifgsm({ stepSize = 0.5 / 255, project = pixelRange }: IfgsmOptions = {}): Attack {
  checkStepSize('ifgsm', stepSize);
  return {
    name: 'I-FGSM',
    keep: 'first',
    step: ({ images, sources, gradient }) => ({
      images: project(sub(images, mul(sign(gradient), stepSize)), sources),
    }),
  };
}

/** Throws a RangeError unless 0 < stepSize ≤ 1. */
export function checkStepSize(attack: string, stepSize: number): void {
  if (!(stepSize > 0 && stepSize <= 1)) {
    throw new RangeError(
      `${attack}: the step size must be over 0 and at most 1, in [0, 1] pixels; got ${stepSize}. Half a grey level is 0.5/255`,
    );
  }
}
