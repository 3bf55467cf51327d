import type { Shape } from '../shape.ts';
import { normalizeAxes, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { div } from './div.ts';
import { reduce } from './reduce.ts';
import { reshape } from './reshape.ts';

export interface ReduceOptions {
  /** Keep the reduced axes, with extent 1. */
  readonly keepDims?: boolean;
}

/** Sum over `axes` (all when absent). */
export function sum(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return reduce('sum', x, axes, options, (dy, node, ops) => {
    const input = node.inputs[0]!;
    return [ops.broadcastTo(ops.reshape(dy, keptShape(input.shape, node.body)), input.shape)];
  });
}

/** Arithmetic mean over `axes` (all when absent). */
export function mean(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  const total = sum(x, axes, options);
  return div(total, sizeOf(x.shape) / sizeOf(total.shape));
}

/** Sums the axes along which `shape` was broadcast to `x.shape`: the adjoint of broadcastTo. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.shape.length - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < lead || (shape[axis - lead] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(axes.length ? sum(x, axes) : x, shape);
}

/** `shape` with the axes that a reduce node removed set to 1. */
export function keptShape(shape: Shape, body: Tensor['body']): number[] {
  const axes = body.kind === 'reduce' ? body.axes : normalizeAxes('reduce', undefined, shape.length);
  return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
}
