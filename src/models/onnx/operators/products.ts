/** Gemm and MatMul of features with a constant matrix. */
import { type Activation, dimsOf, featureOrder, isVector, VECTOR_AXES } from '../activation.ts';
import type { NodeView, Operator } from '../node.ts';
import type { Weight } from '../plan.ts';
import type { Constant } from '../tensor.ts';

/** α A·B + β C: https://onnx.ai/onnx/operators/onnx__Gemm.html */
export const gemm: Operator = {
  attributes: ['alpha', 'beta', 'transA', 'transB', 'broadcast'],
  apply(node) {
    if (node.integer('transA', 0) !== 0) throw node.error('transposes the features (transA)');
    const matrix = node.constant(1);
    const transposed = node.integer('transB', 0) !== 0;
    const product = dense(node, node.activation(0), matrix, transposed, node.float('alpha', 1));
    const bias = node.optionalConstant(2);
    const beta = node.float('beta', 1);
    return product(bias && biasOf(node, bias, beta));
  },
};

/** https://onnx.ai/onnx/operators/onnx__MatMul.html */
export const matMul: Operator = {
  apply: (node) => dense(node, node.activation(0), node.constant(1), false, 1)(undefined),
};

/** The product, once it is known whether it has a bias of as many numbers as it has outputs. */
function dense(
  node: NodeView,
  x: Activation,
  { dims, data }: Constant,
  transposed: boolean,
  alpha: number,
): (bias: ((outputs: number) => Weight) | undefined) => Activation {
  if (!isVector(x))
    throw node.error(`expected features [batch, features], got [${dimsOf(x)}]; flatten them first`);
  const [, features = 0] = dimsOf(x);
  const [rows = 0, columns = 0] = transposed ? [dims[1], dims[0]] : dims;
  if (dims.length !== 2 || rows !== features || columns < 1) {
    throw node.error(`a matrix [${dims}] does not fit [${dimsOf(x)}]`);
  }
  // Features lie in stored order, so the matrix's rows do too.
  const order = featureOrder(x);
  const weight = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    const from = order[row]!;
    for (let column = 0; column < columns; column++) {
      const value = data[transposed ? column * rows + from : from * columns + column]!;
      weight[row * columns + column] = alpha * value;
    }
  }
  return (bias) =>
    node.emit(
      {
        kind: 'dense',
        x: x.step,
        weight: { shape: [rows, columns], data: weight },
        ...(bias ? { bias: bias(columns) } : {}),
      },
      { h: 1, w: 1, c: columns },
      x.batch,
      VECTOR_AXES,
    );
}

/** Gemm's C, which may be [E], [1, E], [1] or a scalar. */
function biasOf(node: NodeView, { dims, data }: Constant, beta: number): (outputs: number) => Weight {
  return (outputs) => {
    if (data.length !== 1 && (data.length !== outputs || dims.at(-1) !== outputs)) {
      throw node.error(`expected C to be [${outputs}], got [${dims}]`);
    }
    const value = (c: number) => beta * data[data.length === 1 ? 0 : c]!;
    return { shape: [outputs], data: Float32Array.from({ length: outputs }, (_, c) => value(c)) };
  };
}
