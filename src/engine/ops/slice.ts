import { ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Elements `starts[d] ≤ index < ends[d]` of every axis. */
export function slice(x: Tensor, starts: readonly number[], ends: readonly number[]): Tensor {
  const bad =
    starts.length !== x.shape.length ||
    ends.length !== x.shape.length ||
    starts.some((start, axis) => !(start >= 0 && start < ends[axis]! && ends[axis]! <= x.shape[axis]!));
  if (bad) {
    throw new ShapeError(
      `slice: expected 0 ≤ start < end ≤ extent on each axis of ${showShape(x.shape)}, got starts ${showShape(starts)}, ends ${showShape(ends)}.`,
    );
  }
  if (starts.every((start, axis) => start === 0 && ends[axis] === x.shape[axis])) return x;
  return new Tensor({
    op: 'slice',
    inputs: [x],
    shape: starts.map((start, axis) => ends[axis]! - start),
    dtype: x.dtype,
    attributes: `${starts.join(',')}:${ends.join(',')}`,
    body: { kind: 'view', axes: starts.map((start, source) => ({ source, start })) },
    gradient: (dy, node, ops) => {
      const extents = node.inputs[0]!.shape;
      return [
        ops.pad(
          dy,
          starts,
          ends.map((end, axis) => extents[axis]! - end),
        ),
      ];
    },
  });
}
