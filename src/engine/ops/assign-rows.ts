import { ShapeError } from '../errors.ts';
import { putRows } from '../kernels/put-rows.ts';
import { type Shape, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Update, Variable } from '../variable.ts';
import { kernelNode } from './kernel-node.ts';

/**
 * Makes some rows of a table that a variable holds what `rows` says when the program ends; the others stay, and are
 * neither read nor written.
 *
 * The kernel writes into the variable itself. The compiler places an update there when its dispatch does not read
 * the variable and nothing that does comes after it; a dispatch that reads only `rows` and `indices` always
 * qualifies, which is why this gives an update and not a tensor that others could read.
 *
 * @param variable holds the table from its first element on; what lies behind the table stays too.
 * @param table shape of the table: […, rows, width].
 * @param indices i32 [count], each at most once; one that is not a row is skipped.
 * @param rows f32 […, count, width], computed by the same program.
 */
export function assignRows(variable: Variable, table: Shape, indices: Tensor, rows: Tensor): Update {
  const [height = 0, width = 0] = table.slice(-2);
  const count = indices.shape[0] ?? 0;
  const batch = sizeOf(table.slice(0, -2));
  const fits =
    table.length >= 2 &&
    sizeOf(table) <= sizeOf(variable.shape) &&
    indices.shape.length === 1 &&
    indices.dtype === 'i32' &&
    sizeOf(rows.shape) === batch * count * width &&
    rows.shape.at(-1) === width;
  if (!fits || variable.dtype !== 'f32' || rows.dtype !== 'f32') {
    throw new ShapeError(
      `assignRows to ${variable.name} ${showShape(variable.shape)}: expected a table […, rows, width] within it, i32 indices ` +
        `[count] and f32 rows […, count, width]; got ${showShape(table)}, ${indices.dtype} ${showShape(indices.shape)} ` +
        `and ${rows.dtype} ${showShape(rows.shape)}.`,
    );
  }
  let base = rows;
  while (base.body.kind === 'reshape') base = base.inputs[0]!;
  if (base.body.kind === 'variable') {
    throw new ShapeError(
      `assignRows to ${variable.name}: the rows are a variable themselves; gather them, or compute with them first.`,
    );
  }
  const value = kernelNode({
    op: 'assignRows',
    inputs: [rows, indices],
    shape: variable.shape,
    // The name keeps updates of two variables by the same rows apart.
    settings: { batch, rows: height, count, width, variable: variable.name },
    plan: (settings, traits) => putRows(settings, traits),
  });
  return variable.assign(value);
}
