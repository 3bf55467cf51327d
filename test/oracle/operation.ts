/** What the oracle knows of each op: its attributes by name, and the form of an entry. */
import type { NdArray } from './ndarray.ts';

/** A second operand given as a number in place of a tensor; then the op has one input. */
export interface MaybeScalar {
  readonly b?: number;
}

export type NoAttributes = Readonly<Record<never, never>>;

export interface Reduction {
  /** All axes when left out. */
  readonly axes?: readonly number[];
  readonly keepDims?: boolean;
}

/** One number for all sides, or top, bottom, left, right. */
export type Padding = number | readonly [number, number, number, number];

export interface Window {
  readonly stride: number;
  readonly padding: Padding;
}

/** Every op with its attributes: what is not a tensor among the arguments of the engine's op. */
export interface Attributes {
  add: MaybeScalar;
  sub: MaybeScalar;
  mul: MaybeScalar;
  div: MaybeScalar;
  minimum: MaybeScalar;
  maximum: MaybeScalar;
  greater: MaybeScalar;
  less: MaybeScalar;
  equal: MaybeScalar;
  neg: NoAttributes;
  abs: NoAttributes;
  sign: NoAttributes;
  exp: NoAttributes;
  log: NoAttributes;
  sqrt: NoAttributes;
  rsqrt: NoAttributes;
  tanh: NoAttributes;
  square: NoAttributes;
  reciprocal: NoAttributes;
  relu: NoAttributes;
  relu6: NoAttributes;
  pow: { readonly exponent: number };
  clamp: { readonly low: number; readonly high: number };
  prelu: NoAttributes;
  select: NoAttributes;
  sum: Reduction;
  mean: Reduction;
  max: Reduction;
  reshape: { readonly shape: readonly number[] };
  transpose: { readonly permutation: readonly number[] };
  slice: { readonly starts: readonly number[]; readonly ends: readonly number[] };
  pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  concat: { readonly axis: number };
  broadcastTo: { readonly shape: readonly number[] };
  full: { readonly shape: readonly number[]; readonly value: number };
  iota: { readonly shape: readonly number[]; readonly axis: number };
  oneHot: { readonly depth: number };
  cast: { readonly dtype: 'f32' | 'i32' | 'u32' };
  gather: NoAttributes;
  matmul: { readonly transposeA?: boolean; readonly transposeB?: boolean };
  conv2d: Window;
  depthwiseConv2d: Window;
  batchNorm: { readonly eps: number };
  l2Normalize: { readonly axis: number; readonly eps?: number };
  logSumExp: { readonly axis: number };
  softmaxCrossEntropy: NoAttributes;
  logDet: NoAttributes;
}

export type OpName = keyof Attributes;

/** One op in float64. */
export interface OracleOp<A> {
  /** The op's outputs; all but batchNorm have one. */
  forward(inputs: readonly NdArray[], attributes: A): NdArray[];
  /**
   * The gradient of Σ dy·outputs[0] by each input, in the input's own shape. Inputs that carry no
   * gradient (indices, masks, whatever goes into a step function) give null or zeros.
   */
  backward(inputs: readonly NdArray[], attributes: A, dy: NdArray): (NdArray | null)[];
}

/** Resolves a possibly negative axis. */
export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}
