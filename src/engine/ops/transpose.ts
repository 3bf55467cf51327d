import { ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Axis `d` of the result is axis `permutation[d]` of `x`. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const sorted = [...permutation].sort((left, right) => left - right);
  if (permutation.length !== x.shape.length || sorted.some((axis, index) => axis !== index)) {
    throw new ShapeError(
      `transpose: expected a permutation of the ${x.shape.length} axes of ${showShape(x.shape)}, got ${showShape(permutation)}.`,
    );
  }
  if (permutation.every((axis, index) => axis === index)) return x;
  const inverse = permutation.map((_, axis) => permutation.indexOf(axis));
  return new Tensor({
    op: 'transpose',
    inputs: [x],
    shape: permutation.map((axis) => x.shape[axis]!),
    dtype: x.dtype,
    attributes: permutation.join(','),
    body: { kind: 'view', axes: permutation.map((source) => ({ source, start: 0 })) },
    gradient: (dy, _node, ops) => [ops.transpose(dy, inverse)],
  });
}
