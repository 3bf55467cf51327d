/** Rows of a table: `[…, rows, d]` by `[…, n]` → `[…, n, d]`; leading axes broadcast. */
import {
  addAt,
  at,
  broadcastShapes,
  build,
  forEachIndex,
  type Index,
  type NdArray,
  zeros,
} from './ndarray.ts';
import type { NoAttributes, OracleOp } from './operation.ts';

function outputShape(table: NdArray, indices: NdArray): number[] {
  const lead = broadcastShapes(table.shape.slice(0, -2), indices.shape.slice(0, -1));
  return [...lead, indices.shape[indices.shape.length - 1]!, table.shape[table.shape.length - 1]!];
}

/** The table's element behind an output index: lead, row named by the index tensor, column. */
function source(indices: NdArray, index: Index): Index {
  const column = index[index.length - 1]!;
  const row = at(indices, index.slice(0, -1));
  return [...index.slice(0, -2), row, column];
}

export const gather: OracleOp<NoAttributes> = {
  forward: ([table, indices]) => [
    build(outputShape(table!, indices!), (index) => at(table!, source(indices!, index))),
  ],
  backward([table, indices], _, dy) {
    const gradient = zeros(table!.shape);
    forEachIndex(dy.shape, (index, flat) => addAt(gradient, source(indices!, index), dy.data[flat]!));
    return [gradient, null];
  },
};
