/** Functions of each value by itself: Relu, PRelu, LeakyRelu, Clip, Sigmoid, Sqrt, Reciprocal. */
import { type Activation, dimsOf, storedConstant } from '../activation.ts';
import { asSpread } from '../affine.ts';
import type { NodeView, Operator } from '../node.ts';
import { type Constant, constantOf } from '../tensor.ts';

export const relu: Operator = {
  apply(node) {
    const x = node.activation(0);
    return node.emitLike({ kind: 'clamp', x: x.step, low: 0, high: Infinity }, x);
  },
};

export const prelu: Operator = {
  apply(node) {
    const x = node.activation(0);
    const slope = storedConstant(slopeFor(node.constant(1), x), x);
    if (!slope) {
      throw node.error(`a slope [${node.constant(1).dims}] does not broadcast over [${dimsOf(x)}]`);
    }
    return node.emitLike({ kind: 'prelu', x: x.step, slope: asSpread(slope) }, x);
  },
};

/** Some exporters give one slope a channel as [C], which by the letter would lie along the width. */
function slopeFor(slope: Constant, x: Activation): Constant {
  const [, channels, ...pixels] = dimsOf(x);
  const perChannel = slope.dims.length === 1 && slope.dims[0] === channels && pixels.length > 0;
  return perChannel && pixels.at(-1) !== channels
    ? constantOf(slope.data, [slope.dims[0]!, ...pixels.map(() => 1)], false)
    : slope;
}

export const leakyRelu: Operator = {
  attributes: ['alpha'],
  apply(node) {
    const x = node.activation(0);
    const slope = { shape: [1, 1, 1], data: Float32Array.of(node.float('alpha', 0.01)) };
    return node.emitLike({ kind: 'prelu', x: x.step, slope }, x);
  },
};

/** Bounds are attributes up to operator set 10, inputs since; either may be left out. */
export const clip: Operator = {
  attributes: ['min', 'max'],
  apply(node) {
    const x = node.activation(0);
    const low = bound(node, 'min', 1, -Infinity);
    const high = bound(node, 'max', 2, Infinity);
    if (!(low <= high)) throw node.error(`clips from ${low} to ${high}, which leaves nothing`);
    return node.emitLike({ kind: 'clamp', x: x.step, low, high }, x);
  },
};

/** Larger than any value; exporters write it for "no bound". */
const LARGEST = 3.4e38;

function bound(node: NodeView, name: string, index: number, otherwise: number): number {
  const constant = node.optionalConstant(index);
  if (constant && constant.data.length !== 1) {
    throw node.error(`expected one number for ${name}, got [${constant.dims}]`);
  }
  const value = constant?.data[0] ?? node.float(name, otherwise);
  return Math.abs(value) >= LARGEST ? Math.sign(value) * Infinity : value;
}

export const sigmoid: Operator = {
  apply(node) {
    const x = node.activation(0);
    return node.emitLike({ kind: 'function', name: 'sigmoid', x: x.step }, x);
  },
};

export const sqrt: Operator = {
  apply(node) {
    const constants = node.constants();
    if (constants) {
      const [{ dims, data, integer }] = constants as [Constant];
      return node.fold(dims, integer, (i) => Math.sqrt(data[i]!));
    }
    const x = node.activation(0);
    return node.emitLike({ kind: 'function', name: 'sqrt', x: x.step }, x);
  },
};

export const reciprocal: Operator = {
  apply(node) {
    const x = node.activation(0);
    return node.emitLike({ kind: 'function', name: 'reciprocal', x: x.step }, x);
  },
};
