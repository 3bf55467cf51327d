import { add, clamp, div, maximum, minimum, mul, reshape, sqrt, square, sub, sum } from '../engine/index.ts';
import type { Projection } from './attack.ts';

/** Pixels stay in [0, 1]: the only bound that every attack has. */
export const pixelRange: Projection = (images) => clamp(images, 0, 1);

/** No pixel further than `epsilon` from the source's, and in [0, 1]. */
export function linfBall(epsilon: number): Projection {
  checkRadius('linfBall', epsilon);
  return (images, sources) =>
    clamp(minimum(maximum(images, sub(sources, epsilon)), add(sources, epsilon)), 0, 1);
}

/**
 * Perturbation of Euclidean length at most `epsilon`, shortened along itself, then pixels in [0, 1]; the clip moves
 * pixels towards the source and so keeps the length.
 */
export function l2Ball(epsilon: number): Projection {
  checkRadius('l2Ball', epsilon);
  return (images, sources) => {
    const [, pairs = 1] = images.shape;
    const perturbation = sub(images, sources);
    const length = sqrt(sum(square(perturbation), [0, 2, 3, 4]));
    const share = div(epsilon, maximum(length, epsilon));
    return clamp(add(sources, mul(perturbation, reshape(share, [1, pairs, 1, 1, 1]))), 0, 1);
  };
}

function checkRadius(name: string, epsilon: number): void {
  if (!(epsilon > 0 && Number.isFinite(epsilon))) {
    throw new RangeError(
      `${name}: the radius must be a finite number over 0 in [0, 1] pixels, got ${epsilon}`,
    );
  }
}
