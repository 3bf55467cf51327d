/**
 * The oracle: every op of the engine in float64, forward and backward, in plain loops written from the
 * mathematics. It shares no code with src/.
 *
 * Conventions where the mathematics leaves a choice (the engine keeps the same ones):
 * - relu'(0) = abs'(0) = 0, and sign' = 0 everywhere.
 * - prelu is x > 0 ? x : slope·x, so at 0 the gradient takes the slope's branch.
 * - A tie of minimum or maximum gives its gradient to the first operand (a ≤ b, a ≥ b).
 * - Equal maxima of a `max` share its gradient equally.
 * - clamp passes the gradient where low ≤ x ≤ high; relu6 is clamp(x, 0, 6).
 * - What is broadcast is summed on the way back.
 */
import * as elementwise from './elementwise.ts';
import { gather } from './gather.ts';
import { logDet, logSumExp, softmaxCrossEntropy } from './losses.ts';
import type { NdArray } from './ndarray.ts';
import { batchNorm, l2Normalize } from './normalise.ts';
import type { Attributes, OpName, OracleOp } from './operation.ts';
import { conv2d, depthwiseConv2d, matmul } from './products.ts';
import { max, mean, sum } from './reduce.ts';
import { broadcastTo, concat, full, iota, oneHot, pad, reshape, slice, transpose } from './shape.ts';

export type { NdArray } from './ndarray.ts';
export type { Attributes, OpName, OracleOp } from './operation.ts';

/** Every op by its name; the type keeps the table complete. */
export const oracle: { readonly [Name in OpName]: OracleOp<Attributes[Name]> } = {
  ...elementwise,
  sum,
  mean,
  max,
  reshape,
  transpose,
  slice,
  pad,
  concat,
  broadcastTo,
  full,
  iota,
  oneHot,
  gather,
  matmul,
  conv2d,
  depthwiseConv2d,
  batchNorm,
  l2Normalize,
  logSumExp,
  softmaxCrossEntropy,
  logDet,
};

/** The outputs of an op; all but batchNorm (y, mean, variance) have one. */
export function forward<Name extends OpName>(
  op: Name,
  inputs: readonly NdArray[],
  attributes: Attributes[Name],
): NdArray[] {
  return oracle[op].forward(inputs, attributes);
}

/** The gradient of Σ dy·outputs[0] by each input; null for inputs that carry none. */
export function backward<Name extends OpName>(
  op: Name,
  inputs: readonly NdArray[],
  attributes: Attributes[Name],
  dy: NdArray,
): (NdArray | null)[] {
  return oracle[op].backward(inputs, attributes, dy);
}
