/** The balls that bounded attacks stay in: projection, steepest step and random points, by norm. */
import { div, maximum, sign, sqrt, square, sum, type Tensor } from '../engine/index.ts';
import { normalStream } from '../models/init.ts';
import type { Norm, Projection } from './attack.ts';
import { l2Ball, linfBall } from './projections.ts';

export interface Ball {
  readonly norm: Norm;
  /** As attacks are named: `L∞`. */
  readonly symbol: string;
  /** Onto the ball around the source, radius in [0, 1] pixels: a number, or one per pair [N]. */
  readonly project: (radius: number | Tensor) => Projection;
  /** The direction of steepest ascent, of size 1 by the norm: sign ∇, or ∇/‖∇‖₂. [1, N, H, W, 3]. */
  readonly steepest: (gradient: Tensor) => Tensor;
  /** A random point of the ball around the source, uniform before pixels are clipped to [0, 1]. */
  readonly draw: (source: Float32Array, random: () => number, radius: number) => Float32Array;
}

export const BALLS: Readonly<Record<Norm, Ball>> = {
  linf: {
    norm: 'linf',
    symbol: 'L∞',
    project: linfBall,
    steepest: sign,
    draw: (source, random, radius) => source.map((value) => clip(value + radius * (2 * random() - 1))),
  },
  l2: {
    norm: 'l2',
    symbol: 'L2',
    project: l2Ball,
    steepest: (gradient) =>
      div(gradient, maximum(sqrt(sum(square(gradient), [2, 3, 4], { keepDims: true })), 1e-12)),
    draw: drawFromL2Ball,
  },
};

/** A normal direction, and a radius that is U^(1/P) of the ball's in P dimensions. */
function drawFromL2Ball(source: Float32Array, random: () => number, radius: number): Float32Array {
  const normal = normalStream(random);
  const direction = Float64Array.from(source, normal);
  const length = Math.sqrt(direction.reduce((total, v) => total + v * v, 0));
  const scale = (radius * random() ** (1 / source.length)) / length;
  return source.map((value, i) => clip(value + scale * direction[i]!));
}

function clip(value: number): number {
  return Math.min(Math.max(value, 0), 1);
}
