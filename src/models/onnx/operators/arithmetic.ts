/** Add, Sub, Mul and Div, broadcasting as NumPy does: of two activations, an activation and a constant, two constants. */
import { type Activation, broadcastExtents, dimsOf } from '../activation.ts';
import { affine } from '../affine.ts';
import type { NodeView, Operator } from '../node.ts';
import type { Operation } from '../plan.ts';
import { type Constant, constantOf } from '../tensor.ts';
import { broadcastConstants } from './broadcast.ts';

type Name = Extract<Operation, { kind: 'combine' }>['name'];

const COMPUTE: Readonly<Record<Name, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

const one = constantOf([1], [], false);
const zero = constantOf([0], [], false);

function arithmetic(name: Name): Operator {
  return {
    apply(node) {
      const [a, b] = [node.input(0), node.input(1)];
      if (node.inputCount !== 2) throw node.error(`expected two inputs, got ${node.inputCount}`);
      if (a.kind === 'activation' && b.kind === 'activation') return combine(node, name, a, b);
      if (a.kind === 'activation') return withConstant(node, name, a, b as Constant);
      if (b.kind === 'activation') return constantFirst(node, name, a, b);
      const integer = a.integer && b.integer;
      const compute = COMPUTE[name];
      // Whole numbers are divided to whole numbers, toward zero.
      const value = integer && name === 'div' ? (l: number, r: number) => Math.trunc(l / r) : compute;
      return broadcastConstants(node, a, b, integer, value);
    },
  };
}

function combine(node: NodeView, name: Name, a: Activation, b: Activation): Activation {
  const extents = broadcastExtents(a, b);
  if (!extents) {
    throw node.error(`[${dimsOf(a)}] and [${dimsOf(b)}] do not lie alike, or do not broadcast`);
  }
  // The axes of the wider of the two, axis by axis.
  const axes = a.axes.map((axis, i) => {
    const wide = axis.some((stored) => a.extents[stored] > 1);
    return wide ? axis : b.axes[i]!;
  });
  return node.emit({ kind: 'combine', name, a: a.step, b: b.step }, extents, a.batch, axes);
}

function withConstant(node: NodeView, name: Name, x: Activation, constant: Constant): Activation {
  const map = (value: (v: number) => number) =>
    node.fold(constant.dims, false, (i) => value(constant.data[i]!));
  switch (name) {
    case 'add':
      return affine(node, x, one, constant);
    case 'sub':
      return affine(
        node,
        x,
        one,
        map((v) => -v),
      );
    case 'mul':
      return affine(node, x, constant, zero);
    case 'div':
      return affine(
        node,
        x,
        map((v) => 1 / v),
        zero,
      );
  }
}

function constantFirst(node: NodeView, name: Name, constant: Constant, x: Activation): Activation {
  if (name === 'add' || name === 'mul') return withConstant(node, name, x, constant);
  if (name === 'sub') return affine(node, x, constantOf([-1], [], false), constant);
  const inverse = node.emitLike({ kind: 'function', name: 'reciprocal', x: x.step }, x);
  return affine(node, inverse, constant, zero);
}

export const add = arithmetic('add');
export const sub = arithmetic('sub');
export const mul = arithmetic('mul');
export const div = arithmetic('div');
