/**
 * Ops that work on one element at a time, with NumPy's broadcasting.
 *
 * Each entry is a function of scalars and its partial derivatives. index.ts states what
 * they do at kinks and ties.
 */
import { addAt, at, broadcastShapes, forEachIndex, fromValues, type NdArray, zeros } from './ndarray.ts';
import type { Attributes, MaybeScalar, NoAttributes, OracleOp } from './operation.ts';

interface Pointwise<A> {
  value(x: readonly number[], attributes: A): number;
  /** One partial derivative per operand. */
  partials(x: readonly number[], attributes: A): readonly number[];
}

/** Lifts a function of scalars to arrays that broadcast. */
function pointwise<A>(f: Pointwise<A>): OracleOp<A> {
  const shapeOf = (inputs: readonly NdArray[]) => broadcastShapes(...inputs.map((input) => input.shape));
  return {
    forward(inputs, attributes) {
      const y = zeros(shapeOf(inputs));
      forEachIndex(y.shape, (index, flat) => {
        const operands = inputs.map((input) => at(input, index));
        y.data[flat] = f.value(operands, attributes);
      });
      return [y];
    },
    backward(inputs, attributes, dy) {
      const gradients = inputs.map((input) => zeros(input.shape));
      forEachIndex(shapeOf(inputs), (index, flat) => {
        const operands = inputs.map((input) => at(input, index));
        const partials = f.partials(operands, attributes);
        for (const [i, gradient] of gradients.entries()) {
          addAt(gradient, index, dy.data[flat]! * partials[i]!);
        }
      });
      return gradients;
    },
  };
}

function unary(value: (x: number) => number, slope: (x: number) => number): OracleOp<NoAttributes> {
  return pointwise({ value: ([x]) => value(x!), partials: ([x]) => [slope(x!)] });
}

/** Two operands, the second perhaps a number among the attributes. */
function binary(
  value: (a: number, b: number) => number,
  partials: (a: number, b: number) => readonly [number, number],
): OracleOp<MaybeScalar> {
  const both = pointwise<MaybeScalar>({
    value: ([a, b]) => value(a!, b!),
    partials: ([a, b]) => partials(a!, b!),
  });
  const operands = (inputs: readonly NdArray[], { b }: MaybeScalar) =>
    b === undefined ? inputs : [inputs[0]!, fromValues([], [b])];
  return {
    forward: (inputs, attributes) => both.forward(operands(inputs, attributes), attributes),
    backward: (inputs, attributes, dy) =>
      both.backward(operands(inputs, attributes), attributes, dy).slice(0, inputs.length),
  };
}

const step = () => [0, 0] as const;

export const add = binary(
  (a, b) => a + b,
  () => [1, 1],
);
export const sub = binary(
  (a, b) => a - b,
  () => [1, -1],
);
export const mul = binary(
  (a, b) => a * b,
  (a, b) => [b, a],
);
export const div = binary(
  (a, b) => a / b,
  (a, b) => [1 / b, -a / (b * b)],
);
export const minimum = binary(
  (a, b) => (a <= b ? a : b),
  (a, b) => (a <= b ? [1, 0] : [0, 1]),
);
export const maximum = binary(
  (a, b) => (a >= b ? a : b),
  (a, b) => (a >= b ? [1, 0] : [0, 1]),
);
export const greater = binary((a, b) => (a > b ? 1 : 0), step);
export const less = binary((a, b) => (a < b ? 1 : 0), step);
export const equal = binary((a, b) => (a === b ? 1 : 0), step);

export const neg = unary(
  (x) => -x,
  () => -1,
);
export const abs = unary(
  (x) => Math.abs(x),
  (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
);
export const sign = unary(
  (x) => (x > 0 ? 1 : x < 0 ? -1 : 0),
  () => 0,
);
export const exp = unary(Math.exp, Math.exp);
export const log = unary(Math.log, (x) => 1 / x);
export const sqrt = unary(Math.sqrt, (x) => 0.5 / Math.sqrt(x));
export const rsqrt = unary(
  (x) => 1 / Math.sqrt(x),
  (x) => -0.5 / (x * Math.sqrt(x)),
);
export const tanh = unary(Math.tanh, (x) => 1 / Math.cosh(x) ** 2);
export const square = unary(
  (x) => x * x,
  (x) => 2 * x,
);
export const reciprocal = unary(
  (x) => 1 / x,
  (x) => -1 / (x * x),
);
export const relu = unary(
  (x) => (x > 0 ? x : 0),
  (x) => (x > 0 ? 1 : 0),
);
export const relu6 = unary(
  (x) => (x > 6 ? 6 : x > 0 ? x : 0),
  (x) => (x >= 0 && x <= 6 ? 1 : 0),
);

export const pow = pointwise<Attributes['pow']>({
  value: ([x], { exponent }) => x! ** exponent,
  partials: ([x], { exponent }) => [exponent * x! ** (exponent - 1)],
});

export const clamp = pointwise<Attributes['clamp']>({
  value: ([x], { low, high }) => (x! < low ? low : x! > high ? high : x!),
  partials: ([x], { low, high }) => [x! >= low && x! <= high ? 1 : 0],
});

export const prelu = pointwise<NoAttributes>({
  value: ([x, slope]) => (x! > 0 ? x! : slope! * x!),
  partials: ([x, slope]) => (x! > 0 ? [1, 0] : [slope!, x!]),
});

export const select = pointwise<NoAttributes>({
  value: ([mask, whenTrue, whenFalse]) => (mask! !== 0 ? whenTrue! : whenFalse!),
  partials: ([mask]) => (mask! !== 0 ? [0, 1, 0] : [0, 0, 1]),
});

/** To an integer the fraction is cut off; the gradient passes only from f32 to f32. */
export const cast = pointwise<Attributes['cast']>({
  value: ([x], { dtype }) => (dtype === 'f32' ? x! : Math.trunc(x!)),
  partials: (_, { dtype }) => [dtype === 'f32' ? 1 : 0],
});
