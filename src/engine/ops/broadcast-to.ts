import { ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { broadcastShapes, sameShape, showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Repeats axes of extent 1 (and adds leading axes) until `x` has `shape`; an index map, not a copy. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
    throw new ShapeError(`broadcastTo: ${showShape(x.shape)} does not broadcast to ${showShape(shape)}.`);
  }
  const lead = shape.length - x.shape.length;
  return new Tensor({
    op: 'broadcastTo',
    inputs: [x],
    shape,
    dtype: x.dtype,
    body: {
      kind: 'view',
      axes: shape.map((extent, axis) => {
        const source = axis - lead;
        return { source: source < 0 || (x.shape[source] === 1 && extent !== 1) ? null : source, start: 0 };
      }),
    },
    gradient: (dy, node, ops) => [ops.sumTo(dy, node.inputs[0]!.shape)],
  });
}
