import { ShapeError } from '../errors.ts';
import { showShape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { add } from './add.ts';
import type * as Ops from './index.ts';
import { moments } from './moments.ts';
import { mul } from './mul.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { sub } from './sub.ts';

export interface BatchNormOptions {
  /** [members, channels], members may be 1. */
  readonly gamma: Tensor;
  readonly beta: Tensor;
  readonly eps: number;
}

/** Batch normalisation by the batch's own statistics, and those statistics. */
export interface BatchNormResult {
  readonly y: Tensor;
  /** [members, channels]. */
  readonly mean: Tensor;
  /** [members, channels]; biased (divided by the count, not count − 1). */
  readonly variance: Tensor;
}

/**
 * Ioffe and Szegedy 2015: y = gamma · (x − mean) / √(variance + eps) + beta, statistics over all axes but
 * the first (members) and the last (channels).
 *
 * @param x [members, …, channels].
 */
export function batchNorm(x: Tensor, { gamma, beta, eps }: BatchNormOptions): BatchNormResult {
  const members = x.shape[0]!;
  const channels = x.shape[x.shape.length - 1]!;
  for (const [name, parameter] of Object.entries({ gamma, beta })) {
    const [own, width] = parameter.shape;
    if (
      x.shape.length < 3 ||
      parameter.shape.length !== 2 ||
      width !== channels ||
      (own !== members && own !== 1)
    ) {
      throw new ShapeError(
        `batchNorm: expected x [members, …, channels] and ${name} [${members} or 1, ${channels}], got ${showShape(x.shape)} and ${showShape(parameter.shape)}.`,
      );
    }
  }
  const rows = sizeOf(x.shape) / (members * channels);
  const statistics = moments(reshape(x, [members, rows, channels]));
  const row = (index: number) =>
    reshape(slice(statistics, [index, 0, 0], [index + 1, members, channels]), [members, channels]);
  const y = new Tensor({
    op: 'batchNorm',
    inputs: [x, gamma, beta, statistics],
    shape: x.shape,
    attributes: String(eps),
    body: { kind: 'composite', lower: (node, _traits, ops) => normalise(node, eps, ops) },
    gradient: (dy, node, ops) => batchNormGradient(dy, node, eps, ops),
  });
  return { y, mean: row(0), variance: row(1) };
}

/** [members, channels] laid along x's first and last axes. */
function alongChannels(vector: Tensor, rank: number): Tensor {
  const [members, channels] = vector.shape as [number, number];
  return reshape(vector, [members, ...Array<number>(rank - 2).fill(1), channels]);
}

function unpack(statistics: Tensor): { mean: Tensor; variance: Tensor } {
  const [, members, channels] = statistics.shape as [number, number, number];
  const row = (index: number) =>
    reshape(slice(statistics, [index, 0, 0], [index + 1, members, channels]), [members, channels]);
  return { mean: row(0), variance: row(1) };
}

/** x · scale + shift, with scale and shift computed once for each channel. */
function normalise(node: Tensor, eps: number, ops: typeof Ops): Tensor {
  const [x, gamma, beta, statistics] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
  const { mean, variance } = unpack(statistics);
  const scale = ops.mul(gamma, ops.rsqrt(ops.add(variance, eps)));
  const shift = sub(beta, mul(mean, scale));
  const rank = x.shape.length;
  return add(mul(x, alongChannels(scale, rank)), alongChannels(shift, rank));
}

/**
 * The derivative through y and through the statistics at once, so none goes on to the statistics; differentiated again,
 * they are functions of x like the rest:
 * dx = scale · (dy − mean(dy) − x̂ · mean(dy · x̂)), dgamma = Σ dy · x̂, dbeta = Σ dy.
 */
function batchNormGradient(dy: Tensor, node: Tensor, eps: number, ops: typeof Ops): (Tensor | null)[] {
  const [x, gamma, beta, statistics] = node.inputs as [Tensor, Tensor, Tensor, Tensor];
  const { mean, variance } = unpack(statistics);
  const rank = x.shape.length;
  const channels = x.shape[rank - 1]!;
  const rows = sizeOf(x.shape) / (x.shape[0]! * channels);
  const rstd = ops.rsqrt(ops.add(variance, eps));
  const normalised = ops.mul(ops.sub(x, alongChannels(mean, rank)), alongChannels(rstd, rank));
  const axes = x.shape.map((_, axis) => axis).slice(1, -1);
  const dyTotal = ops.sum(dy, axes);
  const dyNormalised = ops.sum(ops.mul(dy, normalised), axes);
  const centred = ops.sub(
    ops.sub(dy, alongChannels(ops.mul(dyTotal, 1 / rows), rank)),
    ops.mul(normalised, alongChannels(ops.mul(dyNormalised, 1 / rows), rank)),
  );
  const dx = ops.mul(centred, alongChannels(ops.mul(gamma, rstd), rank));
  return [dx, ops.sumTo(dyNormalised, gamma.shape), ops.sumTo(dyTotal, beta.shape), null];
}
