import type { Attack } from './attack.ts';
import { BALLS } from './ball.ts';

/**
 * The attack from a random point near the source: every pixel moved by up to `noise`, within its radius where it has one.
 * Dodging needs it where the target is the attacked image itself: there the objective is at its top, and its slope 0.
 * Noise 0 gives the attack as it is. Throws a RangeError for noise that is negative or over 1.
 */
export function withStartNoise(attack: Attack, noise: number): Attack {
  if (!(noise >= 0 && noise <= 1)) {
    throw new RangeError(
      `${attack.name}: the noise at the start lies between 0 and 1, in [0, 1] pixels; got ${noise}`,
    );
  }
  if (noise === 0) return attack;
  return {
    ...attack,
    start: (source, random, { epsilon = noise }) => BALLS.linf.draw(source, random, Math.min(noise, epsilon)),
  };
}
