/**
 * Flatten, Reshape, Squeeze, Unsqueeze, Transpose, Expand, Identity, Dropout, Cast. On what follows from the image none
 * of them moves anything: the axes are only called otherwise.
 */
import { type Activation, dimsOf, regroup, type Value } from '../activation.ts';
import { type NodeView, type Operator, resolveAxis } from '../node.ts';
import { constantOf, countOf, isFloatType, typeName } from '../tensor.ts';

/** The same values under new dimensions, batch and all. */
function reshaped(node: NodeView, value: Value, dims: readonly number[]): Value {
  if (dims.length > 8 || countOf(dims) !== countOf(dimsOf(value))) {
    throw node.error(`[${dimsOf(value)}] does not reshape to [${dims}]`);
  }
  if (value.kind === 'constant') return constantOf(value.data, dims, value.integer);
  const [batch, ...rest] = dims;
  const result = batch === value.batch ? regroup(value, rest) : undefined;
  if (!result) {
    throw node.error(
      `reshapes [${dimsOf(value)}] to [${dims}]; facet joins axes behind the batch and takes joined ones apart, but cuts none and leaves the batch alone`,
    );
  }
  return result;
}

export const reshape: Operator = {
  attributes: ['allowzero', 'shape'],
  apply(node) {
    const value = node.input(0);
    const before = dimsOf(value);
    const wanted = node.numbers('shape', 1);
    if (!wanted) throw node.error('lacks the new shape');
    const keepsZero = node.integer('allowzero', 0) !== 0;
    const dims = wanted.map((extent, i) => (extent === 0 && !keepsZero ? (before[i] ?? 0) : extent));
    const open = dims.indexOf(-1);
    if (open >= 0) {
      const others = countOf(dims.filter((_, i) => i !== open));
      dims[open] = countOf(before) / others;
    }
    if (dims.some((extent) => !(Number.isInteger(extent) && extent >= 0))) {
      throw node.error(`[${before}] does not reshape to [${wanted}]`);
    }
    return reshaped(node, value, dims);
  },
};

export const flatten: Operator = {
  attributes: ['axis'],
  apply(node) {
    const value = node.input(0);
    const dims = dimsOf(value);
    const given = node.integer('axis', 1);
    const axis = given < 0 ? given + dims.length : given;
    return reshaped(node, value, [countOf(dims.slice(0, axis)), countOf(dims.slice(axis))]);
  },
};

export const squeeze: Operator = {
  attributes: ['axes'],
  apply(node) {
    const value = node.input(0);
    const dims = dimsOf(value);
    const axes = node.numbers('axes', 1)?.map((axis) => resolveAxis(node, axis, dims.length));
    // Without axes every 1 goes, but not a batch of 1: a network is read as a function of any number of images.
    const goes = (extent: number, axis: number) =>
      axes ? axes.includes(axis) : extent === 1 && (axis > 0 || value.kind === 'constant');
    const lost = dims.filter((extent, axis) => goes(extent, axis) && extent !== 1);
    if (lost.length > 0) throw node.error(`squeezes an axis of ${lost} values out of [${dims}]`);
    return reshaped(
      node,
      value,
      dims.filter((extent, axis) => !goes(extent, axis)),
    );
  },
};

export const unsqueeze: Operator = {
  attributes: ['axes'],
  apply(node) {
    const value = node.input(0);
    const axes = node.numbers('axes', 1);
    if (!axes) throw node.error('lacks axes');
    const rank = dimsOf(value).length + axes.length;
    const inserted = new Set(axes.map((axis) => resolveAxis(node, axis, rank)));
    const rest = [...dimsOf(value)];
    const dims = Array.from({ length: rank }, (_, axis) => (inserted.has(axis) ? 1 : (rest.shift() ?? 1)));
    return reshaped(node, value, dims);
  },
};

export const transpose: Operator = {
  attributes: ['perm'],
  apply(node) {
    const value = node.input(0);
    const dims = dimsOf(value);
    const order = node.integers('perm') ?? dims.map((_, i) => dims.length - 1 - i);
    if ([...order].sort((a, b) => a - b).some((axis, i) => axis !== i) || order.length !== dims.length) {
      throw node.error(`[${order}] is no order of the axes of [${dims}]`);
    }
    if (value.kind === 'activation') {
      if (order[0] !== 0) throw node.error('moves the batch away from the front');
      const moved: Activation = { ...value, axes: order.slice(1).map((axis) => value.axes[axis - 1]!) };
      return moved;
    }
    const strides = dims.map((_, axis) => countOf(dims.slice(axis + 1)));
    const turned = order.map((axis) => dims[axis]!);
    return node.fold(turned, value.integer, (index) => {
      let [rest, offset] = [index, 0];
      for (let axis = turned.length - 1; axis >= 0; axis--) {
        const position = rest % turned[axis]!;
        rest = (rest - position) / turned[axis]!;
        offset += position * strides[order[axis]!]!;
      }
      return value.data[offset]!;
    });
  },
};

/** One value of each image as many: how a norm is written before features are divided by it. */
export const expand: Operator = {
  apply(node) {
    const x = node.activation(0);
    const dims = dimsOf(x);
    const wanted = Array.from(node.constant(1).data);
    if (wanted.length === dims.length && wanted.every((extent, i) => extent === 1 || extent === dims[i]))
      return x;
    const [batch, features = 0, ...rest] = wanted;
    const fits = (batch === 1 || batch === x.batch) && Number.isInteger(features) && features >= 1;
    if (dims.length !== 2 || dims[1] !== 1 || rest.length > 0 || !fits) {
      throw node.error(`expands [${dims}] to [${wanted}]; facet expands one value of each image only`);
    }
    return node.emit({ kind: 'repeat', x: x.step }, { h: 1, w: 1, c: features }, x.batch, [['c']]);
  },
};

export const identity: Operator = { apply: (node) => node.input(0) };

/** In inference nothing is dropped. */
export const dropout: Operator = {
  attributes: ['ratio', 'seed', 'is_test'],
  apply(node) {
    if (node.optionalConstant(2)?.data[0]) {
      throw node.error(
        'is in training mode; export the network for inference (in PyTorch, model.eval() first)',
      );
    }
    return node.input(0);
  },
};

export const cast: Operator = {
  attributes: ['to', 'saturate'],
  apply(node) {
    const value = node.input(0);
    const to = node.integer('to', 1);
    const toFloat = isFloatType(to);
    if (value.kind === 'constant') {
      const { data, dims } = value;
      return node.fold(dims, !toFloat, (i) => (toFloat ? data[i]! : Math.trunc(data[i]!)));
    }
    // Halves and doubles are computed as floats throughout.
    if (!toFloat) throw node.error(`makes ${typeName(to)} of what follows from the image`);
    return value;
  },
};
