import { ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { sameShape, showShape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** The same elements in the same row-major order under another shape; no copy. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (sizeOf(x.shape) !== sizeOf(shape)) {
    throw new ShapeError(
      `reshape: ${showShape(x.shape)} holds ${sizeOf(x.shape)} elements, ${showShape(shape)} holds ${sizeOf(shape)}.`,
    );
  }
  return new Tensor({
    op: 'reshape',
    inputs: [x],
    shape,
    dtype: x.dtype,
    body: { kind: 'reshape' },
    gradient: (dy, node, ops) => [ops.reshape(dy, node.inputs[0]!.shape)],
  });
}
