/** ONNX's operators that facet computes, by name. To add one: an Operator in a file here, and its line below. */
import type { Operator } from '../node.ts';
import { clip, leakyRelu, prelu, reciprocal, relu, sigmoid, sqrt } from './activations.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { batchNormalization } from './batch-normalization.ts';
import { concat, constant, constantOfShape, gather, shape, slice } from './constants.ts';
import { conv } from './conv.ts';
import { gemm, matMul } from './products.ts';
import { globalAveragePool, reduceL2, reduceMean } from './reductions.ts';
import {
  cast,
  dropout,
  expand,
  flatten,
  identity,
  reshape,
  squeeze,
  transpose,
  unsqueeze,
} from './shapes.ts';

export const OPERATORS: Readonly<Record<string, Operator>> = {
  Add: add,
  BatchNormalization: batchNormalization,
  Cast: cast,
  Clip: clip,
  Concat: concat,
  Constant: constant,
  ConstantOfShape: constantOfShape,
  Conv: conv,
  Div: div,
  Dropout: dropout,
  Expand: expand,
  Flatten: flatten,
  Gather: gather,
  Gemm: gemm,
  GlobalAveragePool: globalAveragePool,
  Identity: identity,
  LeakyRelu: leakyRelu,
  MatMul: matMul,
  Mul: mul,
  PRelu: prelu,
  Reciprocal: reciprocal,
  ReduceL2: reduceL2,
  ReduceMean: reduceMean,
  Relu: relu,
  Reshape: reshape,
  Shape: shape,
  Sigmoid: sigmoid,
  Slice: slice,
  Sqrt: sqrt,
  Squeeze: squeeze,
  Sub: sub,
  Transpose: transpose,
  Unsqueeze: unsqueeze,
};
