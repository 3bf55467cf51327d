/** GlobalAveragePool and ReduceMean over the pixels, ReduceL2 over the features. */
import { type Activation, dimsOf, isImage, isVector, regroup } from '../activation.ts';
import { type NodeView, type Operator, resolveAxis } from '../node.ts';

export const globalAveragePool: Operator = {
  apply: (node) => pool(node, node.activation(0)),
};

function pool(node: NodeView, x: Activation): Activation {
  if (!isImage(x)) throw node.error(`expected an image [batch, channels, height, width], got [${dimsOf(x)}]`);
  const extents = { h: 1, w: 1, c: x.extents.c };
  return node.emit({ kind: 'pool', x: x.step }, extents, x.batch, x.axes);
}

export const reduceMean: Operator = {
  attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
  apply(node) {
    const x = node.activation(0);
    if (!isImage(x) || axesOf(node, x).join() !== '2,3') {
      throw node.error(`facet means images over height and width (axes 2 and 3) only`);
    }
    return withoutAxes(node, pool(node, x), 2);
  },
};

/** √Σ x² over the features: how networks that normalise their embedding write it. */
export const reduceL2: Operator = {
  attributes: ['axes', 'keepdims', 'noop_with_empty_axes'],
  apply(node) {
    const x = node.activation(0);
    if (!isVector(x) || axesOf(node, x).join() !== '1') {
      throw node.error(`facet takes the norm of features [batch, features] over axis 1 only`);
    }
    const norm = node.emit({ kind: 'norm', x: x.step }, { h: 1, w: 1, c: 1 }, x.batch, [[]]);
    return withoutAxes(node, norm, 1);
  },
};

function axesOf(node: NodeView, x: Activation): number[] {
  const rank = x.axes.length + 1;
  const axes = node.numbers('axes', 1);
  if (!axes) throw node.error('reduces the batch as well; expected axes');
  return axes.map((axis) => resolveAxis(node, axis, rank)).sort((a, b) => a - b);
}

/** Drops the last axes, which were reduced to 1, unless they are to be kept. */
function withoutAxes(node: NodeView, x: Activation, count: number): Activation {
  if (node.integer('keepdims', 1) !== 0) return x;
  return regroup(x, dimsOf(x).slice(1, -count))!;
}
