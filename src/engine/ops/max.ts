import type { Tensor } from '../tensor.ts';
import { reduce } from './reduce.ts';
import { keptShape, type ReduceOptions } from './sum.ts';

/** Largest element over `axes` (all when absent). Its gradient is shared equally among ties. */
export function max(x: Tensor, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor {
  return reduce('max', x, axes, options, (dy, node, ops) => {
    const input = node.inputs[0]!;
    const kept = keptShape(input.shape, node.body);
    const ties = ops.equal(input, ops.broadcastTo(ops.reshape(node, kept), input.shape));
    const axesOf = node.body.kind === 'reduce' ? node.body.axes : [];
    const share = ops.div(dy, ops.sum(ties, axesOf));
    return [ops.mul(ties, ops.broadcastTo(ops.reshape(share, kept), input.shape))];
  });
}
