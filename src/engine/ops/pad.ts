import { ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Zeros around `x`: `before[d]` in front of axis d and `after[d]` behind it. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const amounts = [...before, ...after];
  if (
    before.length !== x.shape.length ||
    after.length !== x.shape.length ||
    amounts.some((amount) => !Number.isInteger(amount) || amount < 0)
  ) {
    throw new ShapeError(
      `pad: expected two whole numbers ≥ 0 for each axis of ${showShape(x.shape)}, got ${showShape(before)} and ${showShape(after)}.`,
    );
  }
  if (amounts.every((amount) => amount === 0)) return x;
  return new Tensor({
    op: 'pad',
    inputs: [x],
    shape: x.shape.map((extent, axis) => extent + before[axis]! + after[axis]!),
    dtype: x.dtype,
    attributes: `${before.join(',')}:${after.join(',')}`,
    body: {
      kind: 'view',
      axes: before.map((amount, source) => ({ source, start: amount === 0 ? 0 : -amount })),
    },
    gradient: (dy, node, ops) => {
      const extents = node.inputs[0]!.shape;
      return [
        ops.slice(
          dy,
          before,
          before.map((amount, axis) => amount + extents[axis]!),
        ),
      ];
    },
  });
}
