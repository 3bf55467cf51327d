/**
 * Runs a row of the op tables on an engine, outputs and gradients in one program, and compares with the
 * oracle. Touches no host: Node's tests and the browser page both use it.
 */

import {
  abs,
  add,
  batchNorm,
  broadcastTo,
  cast,
  clamp,
  concat,
  conv2d,
  depthwiseConv2d,
  div,
  type Engine,
  equal,
  exp,
  full,
  gather,
  gradients,
  greater,
  type InputSpec,
  input,
  iota,
  l2Normalize,
  less,
  log,
  logDet,
  logSumExp,
  matmul,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  oneHot,
  pad,
  pow,
  prelu,
  reciprocal,
  relu,
  relu6,
  reshape,
  rsqrt,
  select,
  sign,
  slice,
  softmaxCrossEntropy,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type TypedArray,
  tanh,
  transpose,
} from '../../src/engine/index.ts';
import { buildCase, findMismatch, type Mismatch, type OpCase } from '../cases/index.ts';
import type { NdArray } from '../oracle/index.ts';

/** Ops that are called alike, to be picked by a row's name. */
const pairs = { add, sub, mul, div, minimum, maximum, greater, less, equal };
const singles = {
  neg,
  abs,
  sign,
  exp,
  log,
  sqrt,
  rsqrt,
  tanh,
  square,
  reciprocal,
  relu,
  relu6,
  logDet,
};
const tensorPairs = { prelu, gather, softmaxCrossEntropy };
const reductions = { sum, mean, max };
const reshapes = { reshape, broadcastTo };
const convolutions = { conv2d, depthwiseConv2d };

/** The op of a row, called on symbolic tensors. */
export function callOp(row: OpCase, inputs: readonly Tensor[]): readonly Tensor[] {
  const [a, b, c] = inputs as [Tensor, Tensor, Tensor];
  switch (row.op) {
    case 'add':
    case 'sub':
    case 'mul':
    case 'div':
    case 'minimum':
    case 'maximum':
    case 'greater':
    case 'less':
    case 'equal':
      return [pairs[row.op](a, row.attributes.b ?? b)];
    case 'neg':
    case 'abs':
    case 'sign':
    case 'exp':
    case 'log':
    case 'sqrt':
    case 'rsqrt':
    case 'tanh':
    case 'square':
    case 'reciprocal':
    case 'relu':
    case 'relu6':
    case 'logDet':
      return [singles[row.op](a)];
    case 'pow':
      return [pow(a, row.attributes.exponent)];
    case 'clamp':
      return [clamp(a, row.attributes.low, row.attributes.high)];
    case 'prelu':
    case 'gather':
    case 'softmaxCrossEntropy':
      return [tensorPairs[row.op](a, b)];
    case 'select':
      return [select(a, b, c)];
    case 'sum':
    case 'mean':
    case 'max':
      return [reductions[row.op](a, row.attributes.axes, { keepDims: row.attributes.keepDims ?? false })];
    case 'reshape':
    case 'broadcastTo':
      return [reshapes[row.op](a, row.attributes.shape)];
    case 'transpose':
      return [transpose(a, row.attributes.permutation)];
    case 'slice':
      return [slice(a, row.attributes.starts, row.attributes.ends)];
    case 'pad':
      return [pad(a, row.attributes.before, row.attributes.after)];
    case 'concat':
      return [concat(inputs, row.attributes.axis)];
    case 'full':
      return [full(row.attributes.shape, row.attributes.value)];
    case 'iota':
      return [iota(row.attributes.shape, row.attributes.axis)];
    case 'oneHot':
      return [oneHot(a, row.attributes.depth)];
    case 'cast':
      return [cast(a, row.attributes.dtype)];
    case 'matmul':
      return [matmul(a, b, row.attributes)];
    case 'conv2d':
    case 'depthwiseConv2d':
      return [convolutions[row.op](a, b, row.attributes)];
    case 'batchNorm': {
      const { y, mean, variance } = batchNorm(a, { gamma: b, beta: c, eps: row.attributes.eps });
      return [y, mean, variance];
    }
    case 'l2Normalize':
      return [l2Normalize(a, row.attributes.axis, row.attributes.eps)];
    case 'logSumExp':
      return [logSumExp(a, row.attributes.axis)];
  }
}

/** Runs one row. Returns a line for each output or gradient that is off; none when all is well. */
export async function runOpCase(engine: Engine, row: OpCase): Promise<string[]> {
  const built = buildCase(row);
  const specs: Record<string, InputSpec> = {};
  const data: Record<string, TypedArray> = {};
  for (const [i, { shape, dtype, data: values }] of built.inputs.entries()) {
    specs[`x${i}`] = input(shape, dtype);
    data[`x${i}`] = values;
  }
  if (built.seed) {
    specs.dy = input(built.seed.shape);
    data.dy = built.seed.data;
  }
  const shapes = new Map<string, readonly number[]>();
  const program = await engine.compile<string, string>({
    name: row.name,
    inputs: specs,
    trace: (symbolic) => {
      const inputs = row.inputs.map((_, i) => symbolic[`x${i}`]!);
      const outputs: Record<string, Tensor> = {};
      const results = callOp(row, inputs);
      for (const [i, y] of results.entries()) outputs[`output ${i}`] = y;
      if (symbolic.dy) {
        const wrt = row.wrt.map((i) => inputs[i]!);
        for (const [i, gradient] of gradients(results[0]!, wrt, symbolic.dy).entries()) {
          outputs[`gradient by input ${row.wrt[i]}`] = gradient;
        }
      }
      for (const [name, { shape }] of Object.entries(outputs)) shapes.set(name, shape);
      return { outputs };
    },
  });
  try {
    const read = await program.run(data).read();
    const problems: string[] = [];
    const check = (name: string, expected: NdArray, tolerance: Float64Array) => {
      if (`${shapes.get(name)}` !== `${expected.shape}`) {
        problems.push(`${name}: expected shape [${expected.shape}], got [${shapes.get(name)}]`);
        return;
      }
      const mismatch = findMismatch(read[name]!, expected, tolerance);
      if (mismatch) problems.push(`${name}: ${describe(mismatch, expected.shape)}`);
    };
    for (const [i, expected] of built.expected.outputs.entries()) {
      check(`output ${i}`, expected, built.tolerances.outputs[i]!);
    }
    for (const [i, expected] of built.expected.gradients.entries()) {
      check(`gradient by input ${row.wrt[i]}`, expected, built.tolerances.gradients[i]!);
    }
    return problems;
  } finally {
    program.free();
  }
}

function describe({ flat, expected, got, allowed, count }: Mismatch, shape: readonly number[]): string {
  const index: number[] = [];
  let rest = flat;
  for (const extent of shape.toReversed()) {
    index.unshift(rest % extent);
    rest = Math.floor(rest / extent);
  }
  const where = `[${index}] of [${shape}]`;
  return `${count} elements off; worst at ${where}: expected ${expected} ± ${allowed.toPrecision(2)}, got ${got}`;
}
