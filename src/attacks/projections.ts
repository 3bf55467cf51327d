import {
  add,
  clamp,
  div,
  maximum,
  minimum,
  mul,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../engine/index.ts';
import type { Projection } from './attack.ts';
import { perImage } from './slots.ts';

/** Pixels stay in [0, 1]: the only bound that every attack has. */
export const pixelRange: Projection = (images) => clamp(images, 0, 1);

/** No pixel further than `epsilon` (a number, or one per pair [N]) from the source's, and in [0, 1]. */
export function linfBall(epsilon: number | Tensor): Projection {
  checkRadius('linfBall', epsilon);
  const radius = typeof epsilon === 'number' ? epsilon : perImage(epsilon);
  return (images, sources) =>
    clamp(minimum(maximum(images, sub(sources, radius)), add(sources, radius)), 0, 1);
}

/**
 * Perturbation of Euclidean length at most `epsilon` (a number, or one per pair [N]), shortened along itself, then
 * pixels in [0, 1]; the clip moves pixels towards the source and so keeps the length.
 */
export function l2Ball(epsilon: number | Tensor): Projection {
  checkRadius('l2Ball', epsilon);
  return (images, sources) => {
    const [, pairs = 1] = images.shape;
    const perturbation = sub(images, sources);
    const length = sqrt(sum(square(perturbation), [0, 2, 3, 4]));
    const share = div(epsilon, maximum(length, epsilon));
    return clamp(add(sources, mul(perturbation, reshape(share, [1, pairs, 1, 1, 1]))), 0, 1);
  };
}

function checkRadius(name: string, epsilon: number | Tensor): void {
  if (typeof epsilon === 'number' && !(epsilon > 0 && Number.isFinite(epsilon))) {
    throw new RangeError(
      `${name}: the radius must be a finite number over 0 in [0, 1] pixels, got ${epsilon}`,
    );
  }
}
