/**
 * How far an f32 engine may be from the float64 oracle, derived and never widened by hand.
 *
 * Three rules, with ε = 2⁻²³:
 *
 * 1. Elementwise ops: `ulps·ε·|value|` plus an absolute part where WGSL's own accuracy table has one (log,
 *    tanh). A gradient that sums what was broadcast has the magnitude Σ|term| in place of |value|.
 * 2. Sums of products (reductions, products, convolutions, gathers, shapes): `4·ε·Σ|term|`. A sum of K terms
 *    of mixed sign in any order errs by about 0.2·ε·Σ|term|; the test data have mixed signs. One missing
 *    or doubled term is Σ|term|/K, far above the bound for every K in the tables.
 * 3. Normalisations, log-sum-exp and determinants: `4·ε·(√K + κ)·scale`, K the length of the reduction
 *    inside, scale the largest value of the array (at least 1 for logarithms; for a probability the
 *    probability itself), and κ the condition of x − mean: max|x|/σ for batchNorm, max|x| for the
 *    exponents of a softmax, else 1.
 */
import { type Attributes, backward, forward, type NdArray, type OpName } from '../oracle/index.ts';
import { addAt, at, broadcastShapes, build, forEachIndex, sizeOf, zeros } from '../oracle/ndarray.ts';
import type { OpCase } from './case.ts';

const EPSILON = 2 ** -23;
/** Anything smaller may be flushed to 0. */
const SMALLEST_NORMAL = 2 ** -126;

/** Largest error allowed for each element, array by array. */
export interface Tolerances {
  readonly outputs: readonly Float64Array[];
  /** In the order of the inputs, null where the oracle gives no gradient. */
  readonly gradients: readonly (Float64Array | null)[];
}

interface Accuracy {
  readonly ulps: number;
  readonly absolute?: number;
}

/** Elementwise ops by WGSL's accuracy table, with room for one more rounding or two. */
const ACCURACY: Partial<Record<OpName, Accuracy>> = {
  exp: { ulps: 16 }, // 3 + 2·|x| for |x| ≤ 4; larger x are scaled below
  log: { ulps: 4, absolute: 2 ** -20 }, // 2⁻²¹ absolute between 1/2 and 2
  tanh: { ulps: 8, absolute: 1e-5 }, // 1e-5 absolute
  sqrt: { ulps: 8 }, // 1 / inverseSqrt: 2 + 2.5
  rsqrt: { ulps: 8 },
  pow: { ulps: 64 }, // exp2(y·log2 x): 2⁻²¹·|y| in the exponent, |y| ≤ 4
  div: { ulps: 8 },
  reciprocal: { ulps: 8 },
};
const PLAIN: Accuracy = { ulps: 4 };

const SUMS: ReadonlySet<OpName> = new Set<OpName>([
  'sum',
  'mean',
  'reshape',
  'transpose',
  'slice',
  'pad',
  'concat',
  'broadcastTo',
  'full',
  'iota',
  'oneHot',
  'gather',
  'matmul',
  'conv2d',
  'depthwiseConv2d',
]);

export interface Evaluated {
  readonly inputs: readonly NdArray[];
  readonly dy: NdArray;
  readonly outputs: readonly NdArray[];
  readonly gradients: readonly (NdArray | null)[];
}

export function tolerancesOf(row: OpCase, values: Evaluated): Tolerances {
  switch (row.op) {
    case 'max':
      return {
        outputs: values.outputs.map((y) => scaled(y, 0)),
        gradients: values.gradients.map((g) => g && scaled(g, 4)),
      };
    case 'batchNorm':
    case 'l2Normalize':
    case 'logSumExp':
    case 'softmaxCrossEntropy':
    case 'logDet':
      return conditioned(row, values);
    default:
      return SUMS.has(row.op) ? summed(row, values) : elementwise(row, values);
  }
}

function scaled(magnitude: NdArray, ulps: number, absolute = 0): Float64Array {
  return magnitude.data.map((value) => ulps * EPSILON * Math.abs(value) + absolute);
}

function absoluteOf(x: NdArray): NdArray {
  return { shape: x.shape, data: x.data.map(Math.abs) };
}

/** Rule 2: the op itself on absolute values gives Σ|term|. Indices are not negative, so they pass unchanged. */
function summed(row: OpCase, { inputs, dy }: Evaluated): Tolerances {
  const magnitudes = inputs.map(absoluteOf);
  const attributes = row.attributes as Attributes[typeof row.op];
  return {
    outputs: forward(row.op, magnitudes, attributes).map((y) => scaled(y, 4)),
    gradients: backward(row.op, magnitudes, attributes, absoluteOf(dy)).map((g) => g && scaled(g, 4)),
  };
}

/** Rule 1. With every operand broadcast beforehand, backward yields the single terms of each sum. */
function elementwise(row: OpCase, { inputs, dy, outputs }: Evaluated): Tolerances {
  const { ulps, absolute = 0 } = accuracyOf(row, inputs);
  const shape = broadcastShapes(...inputs.map((input) => input.shape));
  const wide = inputs.map((input) => build(shape, (index) => at(input, index)));
  const terms = backward(row.op, wide, row.attributes as Attributes[typeof row.op], dy);
  return {
    outputs: outputs.map((y) => scaled(y, ulps, absolute)),
    gradients: terms.map((term, i) => {
      if (term === null) return null;
      const magnitude = zeros(inputs[i]!.shape);
      forEachIndex(shape, (index, flat) => addAt(magnitude, index, Math.abs(term.data[flat]!)));
      // A gradient is a few operations more than its op; the absolute part passes through 1 − tanh².
      return scaled(magnitude, ulps + 8, 2 * absolute);
    }),
  };
}

function accuracyOf(row: OpCase, inputs: readonly NdArray[]): Accuracy {
  const accuracy = ACCURACY[row.op] ?? PLAIN;
  if (row.op !== 'exp') return accuracy;
  return { ulps: Math.max(accuracy.ulps, 3 + 4 * largestOf(inputs[0]!)) };
}

/** Rule 3. */
function conditioned(row: OpCase, { inputs, dy, outputs, gradients }: Evaluated): Tolerances {
  const terms = termsInside(row, inputs);
  const relative = 4 * EPSILON * (Math.sqrt(terms) + conditionOf(row, inputs, outputs));
  const byLargest = (y: NdArray, floor: number): Float64Array => {
    const scale = Math.max(floor, largestOf(y));
    return y.data.map(() => relative * scale);
  };
  switch (row.op) {
    case 'logSumExp':
    case 'softmaxCrossEntropy': {
      // Logarithms are of order 1 however small they come out. A probability keeps its relative
      // accuracy, unless it is subnormal and flushed; at the label it is subtracted from 1.
      const axis = row.op === 'logSumExp' ? row.attributes.axis : -1;
      const probabilities = backward('logSumExp', inputs.slice(0, 1), { axis }, dy)[0]!;
      return {
        outputs: outputs.map((y) => byLargest(y, 1)),
        gradients: gradients.map(
          (g) =>
            g &&
            probabilities.data.map(
              (p, i) => relative * (Math.abs(p) + Math.abs(g.data[i]! - p)) + SMALLEST_NORMAL,
            ),
        ),
      };
    }
    case 'logDet':
      return {
        outputs: outputs.map((y) => byLargest(y, 1)),
        gradients: gradients.map((g) => g && byLargest(g, 1)),
      };
    default: {
      // Gradients of gamma and beta are sums of K terms of order 1.
      const floor = row.op === 'batchNorm' ? Math.sqrt(terms) / 2 : 0;
      return {
        outputs: outputs.map((y) => byLargest(y, 0)),
        gradients: gradients.map((g, i) => g && byLargest(g, i === 0 ? 0 : floor)),
      };
    }
  }
}

function termsInside(row: OpCase, inputs: readonly NdArray[]): number {
  const shape = inputs[0]!.shape;
  if (row.op === 'batchNorm') return sizeOf(shape.slice(1, -1));
  if (row.op === 'logDet') return shape[shape.length - 1]! ** 2;
  const axis = row.op === 'l2Normalize' || row.op === 'logSumExp' ? row.attributes.axis : -1;
  return shape[axis < 0 ? axis + shape.length : axis]!;
}

function conditionOf(row: OpCase, inputs: readonly NdArray[], outputs: readonly NdArray[]): number {
  if (row.op === 'batchNorm') {
    const least = outputs[2]!.data.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
    return largestOf(inputs[0]!) / Math.sqrt(least);
  }
  return row.op === 'logSumExp' || row.op === 'softmaxCrossEntropy' ? largestOf(inputs[0]!) : 1;
}

function largestOf(x: NdArray): number {
  return x.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
