/**
 * Second derivatives of a row of the op tables: the engine differentiates its own gradients once more, the oracle's
 * float64 gradients are differenced. Along seeded directions, so that every element counts and few evaluations do.
 */
import { add, type Engine, gradients, type InputSpec, input, mul, sum } from '../../src/engine/index.ts';
import { evaluate, type OpCase } from '../cases/index.ts';
import { seedOf, valuesOf } from '../cases/values.ts';
import { type Attributes, backward, type NdArray } from '../oracle/index.ts';
import { dot } from './float64.ts';
import { callOp } from './run-op-case.ts';

/** Central differences in float64: rounding costs about 1e-16 / STEP, the third derivative STEP². */
const STEP = 1e-5;
/** Of the sum of the terms' magnitudes: some hundred roundings of f32. */
const RELATIVE = 2e-5;
const ABSOLUTE = 1e-6;

/**
 * With g_i the gradient of Σ dy·op(x) by input i, and a direction d_i for each: S = Σ_i Σ d_i·g_i, a function of x and dy.
 * Compares the derivative of S along a direction v of x, and along one of dy. Returns what is off.
 */
export async function runSecondOrder(engine: Engine, row: OpCase): Promise<string[]> {
  const { inputs, arrays, dy } = evaluate(row);
  const seed = seedOf(row.name);
  const direction = (shape: readonly number[], stream: number): NdArray => ({
    shape,
    data: Float64Array.from(
      Float32Array.from(valuesOf({ kind: 'uniform', low: -1, high: 1 }, shape, seed, stream)),
    ),
  });
  const directions = (stream: number) =>
    row.wrt.map((i) => {
      const drawn = direction(arrays[i]!.shape, stream + i);
      // Of symmetric matrices only symmetric changes are asked for.
      return row.inputs[i]!.fill.kind === 'definite' ? symmetric(drawn) : drawn;
    });
  const outer = directions(100);
  const along = [...directions(200), direction(dy.shape, 300)];

  const total = (x: readonly NdArray[], cotangent: NdArray): number => {
    const slopes = backward(row.op, x, row.attributes as Attributes[typeof row.op], cotangent);
    return row.wrt.reduce((whole, i, at) => whole + dot(slopes[i]!.data, outer[at]!.data), 0);
  };
  const moved = (base: NdArray, v: NdArray, step: number): NdArray => ({
    shape: base.shape,
    data: base.data.map((value, i) => value + step * v.data[i]!),
  });
  const expected = along.map((v, at) => {
    const side = (step: number): number => {
      if (at === row.wrt.length) return total(arrays, moved(dy, v, step));
      const x = arrays.map((array, i) => (i === row.wrt[at] ? moved(array, v, step) : array));
      return total(x, dy);
    };
    return (side(STEP) - side(-STEP)) / (2 * STEP);
  });

  const specs: Record<string, InputSpec> = { dy: input(dy.shape) };
  const data: Record<string, Float32Array | Int32Array | Uint32Array> = { dy: Float32Array.from(dy.data) };
  for (const [i, { shape, dtype, data: values }] of inputs.entries()) {
    specs[`x${i}`] = input(shape, dtype);
    data[`x${i}`] = values;
  }
  for (const [at, { shape, data: values }] of outer.entries()) {
    specs[`d${at}`] = input(shape);
    data[`d${at}`] = Float32Array.from(values);
  }
  const program = await engine.compile<string, string>({
    name: `twice ${row.name}`,
    inputs: specs,
    trace: (symbolic) => {
      const xs = row.inputs.map((_, i) => symbolic[`x${i}`]!);
      const wrt = row.wrt.map((i) => xs[i]!);
      const first = gradients(callOp(row, xs)[0]!, wrt, symbolic.dy!);
      const parts = first.map((slope, at) => sum(mul(slope, symbolic[`d${at}`]!)));
      const whole = parts.reduce((a, b) => add(a, b));
      const second = gradients(whole, [...wrt, symbolic.dy!]);
      return { outputs: Object.fromEntries(second.map((slope, at) => [`second${at}`, slope])) };
    },
  });
  try {
    const read = await program.run(data).read();
    return along.flatMap((v, at) => {
      const got = dot(read[`second${at}`]!, v.data);
      const terms = v.data.reduce((whole, value, i) => whole + Math.abs(value * read[`second${at}`]![i]!), 0);
      const allowed = RELATIVE * Math.max(terms, Math.abs(expected[at]!)) + ABSOLUTE;
      if (Math.abs(got - expected[at]!) <= allowed) return [];
      const by = at === row.wrt.length ? 'the cotangent' : `input ${row.wrt[at]}`;
      return [`by ${by}: expected ${expected[at]} ± ${allowed.toPrecision(2)}, got ${got}`];
    });
  } finally {
    program.free();
  }
}

function symmetric({ shape, data }: NdArray): NdArray {
  const n = shape[shape.length - 1]!;
  return {
    shape,
    data: data.map((value, at) => {
      const [first, i, j] = [at - (at % (n * n)), Math.floor(at / n) % n, at % n];
      return (value + data[first + j * n + i]!) / 2;
    }),
  };
}
