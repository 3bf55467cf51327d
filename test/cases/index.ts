/**
 * The op tables: rows of (op, seeded inputs, attributes), and what the oracle makes of each.
 *
 * Nothing here touches a host or the engine, so the same rows run under Node and in a browser page.
 */
import { type Attributes, backward, forward, type NdArray } from '../oracle/index.ts';
import { fromValues } from '../oracle/ndarray.ts';
import type { DType, OpCase } from './case.ts';
import { elementwiseCases } from './elementwise.ts';
import { normaliseCases } from './normalise.ts';
import { productCases } from './products.ts';
import { shapeCases } from './shapes.ts';
import { type Tolerances, tolerancesOf } from './tolerance.ts';
import { seedOf, valuesOf } from './values.ts';

export type { DType, OpCase } from './case.ts';

/** Every row of every table. Names are unique. */
export const opCases: readonly OpCase[] = [
  ...elementwiseCases,
  ...shapeCases,
  ...productCases,
  ...normaliseCases,
];

export interface BuiltInput {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

export interface BuiltCase {
  readonly inputs: readonly BuiltInput[];
  /** Cotangent of the first output, in its shape; null when no gradient is asked for. */
  readonly seed: { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> } | null;
  readonly expected: {
    readonly outputs: readonly NdArray[];
    /** One per entry of the row's `wrt`. */
    readonly gradients: readonly NdArray[];
  };
  /** Largest error allowed for each element; same order as `expected`. */
  readonly tolerances: {
    readonly outputs: readonly Float64Array[];
    readonly gradients: readonly Float64Array[];
  };
}

/** Inputs as the engine takes them, and outputs, gradients and tolerances by the oracle. */
export function buildCase(row: OpCase): BuiltCase {
  const { inputs, arrays, outputs, dy } = evaluate(row);
  const attributes = row.attributes as Attributes[typeof row.op];
  const seed = Float32Array.from(dy.data);
  const gradients = row.wrt.length ? backward(row.op, arrays, attributes, dy) : arrays.map(() => null);
  const tolerances: Tolerances = tolerancesOf(row, { inputs: arrays, dy, outputs, gradients });
  return {
    inputs,
    seed: row.wrt.length ? { shape: dy.shape, data: seed } : null,
    expected: { outputs, gradients: row.wrt.map((i) => present(row, gradients[i], i)) },
    tolerances: {
      outputs: tolerances.outputs,
      gradients: row.wrt.map((i) => present(row, tolerances.gradients[i], i)),
    },
  };
}

/** The part of a case that needs no tolerance: what the oracle's own test starts from. */
export function evaluate(row: OpCase): {
  inputs: BuiltInput[];
  arrays: NdArray[];
  outputs: NdArray[];
  dy: NdArray;
} {
  const seed = seedOf(row.name);
  const inputs = row.inputs.map(({ shape, dtype, fill }, i): BuiltInput => {
    const values = valuesOf(fill, shape, seed, i);
    const data =
      dtype === 'f32'
        ? Float32Array.from(values)
        : dtype === 'i32'
          ? Int32Array.from(values)
          : Uint32Array.from(values);
    return { shape, dtype, data };
  });
  // Rounded to f32 first: engine and oracle see the same numbers.
  const arrays = inputs.map(({ shape, data }) => fromValues(shape, data));
  const outputs = forward(row.op, arrays, row.attributes as Attributes[typeof row.op]);
  const shape = outputs[0]!.shape;
  const cotangent = valuesOf({ kind: 'apart', least: 0.25, most: 1 }, shape, seed, inputs.length);
  return { inputs, arrays, outputs, dy: fromValues(shape, Float32Array.from(cotangent)) };
}

function present<T>(row: OpCase, value: T | null | undefined, input: number): T {
  if (value === null || value === undefined) throw new Error(`${row.name}: no gradient by input ${input}`);
  return value;
}

/** The element that is furthest outside its tolerance, and how many are outside. */
export interface Mismatch {
  readonly count: number;
  readonly flat: number;
  readonly expected: number;
  readonly got: number;
  readonly allowed: number;
}

/** Compares what was computed with what was expected; undefined when every element is within its tolerance. */
export function findMismatch(
  got: ArrayLike<number>,
  expected: NdArray,
  tolerance: Float64Array,
): Mismatch | undefined {
  if (got.length !== expected.data.length) {
    throw new Error(`expected ${expected.data.length} elements of [${expected.shape}], got ${got.length}`);
  }
  let worst: Mismatch | undefined;
  let excess = 0;
  let count = 0;
  for (let flat = 0; flat < got.length; flat++) {
    const error = Math.abs(got[flat]! - expected.data[flat]!);
    // NaN compares false with everything: ask for what is good, not for what is bad.
    if (error <= tolerance[flat]!) continue;
    count++;
    const over = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error - tolerance[flat]!;
    if (worst && over <= excess) continue;
    excess = over;
    worst = { count, flat, expected: expected.data[flat]!, got: got[flat]!, allowed: tolerance[flat]! };
  }
  return worst && { ...worst, count };
}
