import { ShapeError } from '../errors.ts';
import { gatherRows, type RowsShape, scatterRows } from '../kernels/rows.ts';
import { broadcastShapes, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { broadcastTo } from './broadcast-to.ts';
import { kernelNode } from './kernel-node.ts';

/**
 * Rows of a table by index; an index out of range gives a row of NaN.
 *
 * @param table […, rows, width].
 * @param indices i32 […, count]; leading axes broadcast with the table's.
 * @returns […, count, width].
 */
export function gather(table: Tensor, indices: Tensor): Tensor {
  if (table.shape.length < 2 || indices.shape.length < 1 || indices.dtype !== 'i32') {
    throw new ShapeError(
      `gather: expected a table […, rows, width] and i32 indices […, count], got ${showShape(table.shape)} and ${indices.dtype} ${showShape(indices.shape)}.`,
    );
  }
  const lead = broadcastShapes('gather', table.shape.slice(0, -2), indices.shape.slice(0, -1));
  const [rows, width] = table.shape.slice(-2) as [number, number];
  const count = indices.shape[indices.shape.length - 1]!;
  const batch = sizeOf(lead);
  const spread = (x: Tensor, own: number): Tensor => {
    const leading = sizeOf(x.shape.slice(0, -own));
    return leading === 1 || leading === batch ? x : broadcastTo(x, [...lead, ...x.shape.slice(-own)]);
  };
  const [data, index] = [spread(table, 2), spread(indices, 1)];
  const settings: RowsShape = {
    batch,
    rows,
    count,
    width,
    sharedData: sizeOf(data.shape) === rows * width,
    sharedIndices: sizeOf(index.shape) === count,
  };
  return kernelNode({
    op: 'gather',
    inputs: [data, index],
    shape: [...lead, count, width],
    settings,
    plan: gatherRows,
    gradient: (dy, node, ops) => {
      const [source, chosen] = [node.inputs[0]!, node.inputs[1]!];
      return [ops.sumTo(scatter(dy, chosen, settings, [...lead, rows, width]), source.shape), null];
    },
  });
}

/** The adjoint of gather: each row of the table receives the sum of the rows that were read from it, in order. */
function scatter(dy: Tensor, indices: Tensor, settings: RowsShape, shape: readonly number[]): Tensor {
  return kernelNode({
    op: 'gather.dtable',
    inputs: [dy, indices],
    shape,
    settings: { ...settings, sharedData: false },
    plan: scatterRows,
    gradient: (dz, node, ops) => [ops.gather(dz, node.inputs[1]!), null],
  });
}
