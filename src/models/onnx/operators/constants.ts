/** Constant, ConstantOfShape, Shape, Gather, Slice, Concat: what exporters write to compute shapes. All fold. */
import { dimsOf } from '../activation.ts';
import { type NodeView, type Operator, resolveAxis } from '../node.ts';
import { type Constant, constantOf, countOf } from '../tensor.ts';

export const constant: Operator = {
  attributes: ['value', 'value_float', 'value_floats', 'value_int', 'value_ints'],
  apply(node) {
    const tensor = node.tensor('value');
    if (tensor) return tensor;
    if (node.has('value_float')) return constantOf([node.float('value_float', 0)], [], false);
    if (node.has('value_int')) return constantOf([node.integer('value_int', 0)], [], true);
    const floats = node.floats('value_floats');
    if (floats) return constantOf(floats, [floats.length], false);
    const integers = node.integers('value_ints');
    if (integers) return constantOf(integers, [integers.length], true);
    throw node.error('has no value that facet reads');
  },
};

export const constantOfShape: Operator = {
  attributes: ['value'],
  apply(node) {
    const value = node.tensor('value') ?? constantOf([0], [1], false);
    return node.fold(extentsOf(node, node.constant(0)), value.integer, () => value.data[0] ?? 0);
  },
};

function extentsOf(node: NodeView, { data }: Constant): number[] {
  const extents = Array.from(data);
  if (extents.length > 8 || extents.some((extent) => !(Number.isInteger(extent) && extent >= 0))) {
    throw node.error(`expected a shape, got [${extents.slice(0, 9)}]`);
  }
  return extents;
}

export const shape: Operator = {
  attributes: ['start', 'end'],
  apply(node) {
    const dims = dimsOf(node.input(0));
    const part = dims.slice(node.integer('start', 0), node.integer('end', dims.length));
    return constantOf(part, [part.length], true);
  },
};

export const gather: Operator = {
  attributes: ['axis'],
  apply(node) {
    const table = node.constant(0);
    const indices = node.constant(1);
    const axis = resolveAxis(node, node.integer('axis', 0), table.dims.length);
    const extent = table.dims[axis]!;
    const inner = countOf(table.dims.slice(axis + 1));
    const dims = [...table.dims.slice(0, axis), ...indices.dims, ...table.dims.slice(axis + 1)];
    const count = indices.data.length;
    return node.fold(dims, table.integer, (i) => {
      const [outer, index] = [Math.floor(i / (inner * count)), Math.floor(i / inner) % count];
      const wanted = indices.data[index]!;
      const row = wanted < 0 ? wanted + extent : wanted;
      if (!(row >= 0 && row < extent)) throw node.error(`gathers ${wanted} of ${extent}`);
      return table.data[(outer * extent + row) * inner + (i % inner)]!;
    });
  },
};

export const slice: Operator = {
  attributes: ['starts', 'ends', 'axes'],
  apply(node) {
    const table = node.constant(0);
    const starts = node.numbers('starts', 1) ?? [];
    const ends = node.numbers('ends', 2) ?? [];
    const axes = node.numbers('axes', 3) ?? starts.map((_, axis) => axis);
    const steps = Array.from(node.optionalConstant(4)?.data ?? starts.map(() => 1));
    if (steps.some((step) => step !== 1))
      throw node.error(`slices in steps of ${steps}; facet takes steps of 1`);
    if (starts.length !== ends.length || starts.length !== axes.length) {
      throw node.error('expected as many starts as ends and axes');
    }
    const from = table.dims.map(() => 0);
    const dims = [...table.dims];
    for (const [i, given] of axes.entries()) {
      const axis = resolveAxis(node, given, table.dims.length);
      const extent = table.dims[axis]!;
      const within = (at: number) => Math.min(Math.max(at < 0 ? at + extent : at, 0), extent);
      from[axis] = within(starts[i]!);
      dims[axis] = Math.max(within(ends[i]!) - from[axis]!, 0);
    }
    return node.fold(dims, table.integer, (i) => table.data[offsetOf(i, dims, from, table.dims)]!);
  },
};

/** Where element `index` of a window that begins at `from` lies in the whole. */
function offsetOf(
  index: number,
  dims: readonly number[],
  from: readonly number[],
  whole: readonly number[],
): number {
  let [rest, offset, stride] = [index, 0, 1];
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    const position = rest % dims[axis]!;
    rest = (rest - position) / dims[axis]!;
    offset += (from[axis]! + position) * stride;
    stride *= whole[axis]!;
  }
  return offset;
}

export const concat: Operator = {
  attributes: ['axis'],
  apply(node) {
    const parts = node.constants();
    if (!parts || parts.length === 0) {
      throw node.error('joins what follows from the image; facet joins constants only');
    }
    const [first] = parts as readonly [Constant];
    const rank = first.dims.length;
    const axis = resolveAxis(node, node.integer('axis', 0), rank);
    const fits = ({ dims }: Constant) =>
      dims.length === rank && dims.every((extent, i) => i === axis || extent === first.dims[i]);
    if (!parts.every(fits)) throw node.error(`[${parts.map(({ dims }) => `[${dims}]`)}] do not join`);
    const along = parts.map(({ dims }) => dims[axis]!);
    const total = along.reduce((sum, extent) => sum + extent, 0);
    const dims = first.dims.map((extent, i) => (i === axis ? total : extent));
    const inner = countOf(first.dims.slice(axis + 1));
    return node.fold(dims, first.integer, (i) => {
      const outer = Math.floor(i / (total * inner));
      let row = Math.floor(i / inner) % total;
      let part = 0;
      while (row >= along[part]!) row -= along[part++]!;
      return parts[part]!.data[(outer * along[part]! + row) * inner + (i % inner)]!;
    });
  },
};
