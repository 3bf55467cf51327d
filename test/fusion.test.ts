/**
 * Random programs against the oracle: what fusion, views, shared buffers and merged reductions make of a
 * graph must be what its ops are one by one. Smooth ops only, so that rounding cannot flip a branch.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  add,
  broadcastTo,
  concat,
  Engine,
  gradients,
  input,
  matmul,
  mean,
  mul,
  pad,
  reshape,
  select,
  slice,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from '../src/engine/index.ts';
import { openAdapter } from '../src/platform/node.ts';
import { seedOf, valuesOf } from './cases/values.ts';
import type { NdArray } from './oracle/index.ts';
import { broadcastShapes, fromValues } from './oracle/ndarray.ts';
import { Tape } from './oracle/tape.ts';

/** Inputs of every program: broadcasts of one another, in rows of 3, 4, 5 and 8. */
const SHAPES = [[3, 4, 5], [3, 1, 5], [1, 4, 5], [5], [4, 8], [1, 8], [2, 4, 3], [4, 1], []];

/** A value in both worlds. */
interface Value {
  readonly exact: NdArray;
  readonly tensor: Tensor;
}

/** One step: the op, and numbers from which its operands and attributes are chosen. */
interface Instruction {
  readonly op: (typeof OPS)[number];
  readonly a: number;
  readonly b: number;
  readonly n: number;
}
const OPS = [
  'add',
  'sub',
  'mul',
  'tanh',
  'select',
  'sum',
  'mean',
  'transpose',
  'flatten',
  'slice',
  'pad',
  'concat',
  'broadcastTo',
  'matmul',
] as const;

const LARGEST = 3000;

/** The value that an instruction makes of earlier ones, or undefined where none fit. */
function step(tape: Tape, values: readonly Value[], { op, a, b, n }: Instruction): Value | undefined {
  const x = values[a % values.length]!;
  const shape = x.exact.shape;
  const rank = shape.length;
  const axis = rank ? n % rank : 0;
  const partner = pick(values, b, ({ exact }) => compatible(shape, exact.shape));
  switch (op) {
    case 'add':
    case 'sub':
    case 'mul': {
      if (!partner) return undefined;
      const symbolic = { add, sub, mul }[op](x.tensor, partner.tensor);
      return { exact: tape.apply(op, [x.exact, partner.exact], {}), tensor: symbolic };
    }
    case 'tanh':
      return { exact: tape.apply('tanh', [x.exact], {}), tensor: tanh(x.tensor) };
    case 'select': {
      // The mask is the first input's sign, made once outside: see `run`.
      const mask = values[0]!;
      if (!partner || !compatible(mask.exact.shape, broadcastShapes(shape, partner.exact.shape)))
        return undefined;
      const exact = tape.apply('select', [mask.exact, x.exact, partner.exact], {});
      return { exact, tensor: select(mask.tensor, x.tensor, partner.tensor) };
    }
    case 'sum':
    case 'mean': {
      if (rank === 0) return undefined;
      const axes = n % 3 === 0 && rank > 1 ? [0, rank - 1] : [axis];
      const keepDims = b % 2 === 0;
      const symbolic = { sum, mean }[op](x.tensor, axes, { keepDims });
      return { exact: tape.apply(op, [x.exact], { axes, keepDims }), tensor: symbolic };
    }
    case 'transpose': {
      const permutation = shape.map((_, i) => (i + 1 + axis) % rank);
      return {
        exact: tape.apply('transpose', [x.exact], { permutation }),
        tensor: transpose(x.tensor, permutation),
      };
    }
    case 'flatten': {
      const flat = rank > 2 ? [shape[0]!, x.exact.data.length / shape[0]!] : [x.exact.data.length];
      return { exact: tape.apply('reshape', [x.exact], { shape: flat }), tensor: reshape(x.tensor, flat) };
    }
    case 'slice': {
      if (rank === 0 || shape[axis]! < 2) return undefined;
      const starts = shape.map((_, i) => (i === axis ? b % (shape[axis]! - 1) : 0));
      const ends = shape.map((extent, i) =>
        i === axis ? starts[axis]! + 1 + (n % (extent - starts[axis]!)) : extent,
      );
      return {
        exact: tape.apply('slice', [x.exact], { starts, ends }),
        tensor: slice(x.tensor, starts, ends),
      };
    }
    case 'pad': {
      const before = shape.map((_, i) => (i === axis ? b % 3 : 0));
      const after = shape.map((_, i) => (i === axis ? n % 2 : 0));
      return { exact: tape.apply('pad', [x.exact], { before, after }), tensor: pad(x.tensor, before, after) };
    }
    case 'concat': {
      if (rank === 0) return undefined;
      const fits = ({ exact }: Value) =>
        exact.shape.length === rank && exact.shape.every((extent, i) => i === axis || extent === shape[i]);
      const other = pick(values, b, fits)!;
      const exact = tape.apply('concat', [x.exact, other.exact], { axis });
      return { exact, tensor: concat([x.tensor, other.tensor], axis) };
    }
    case 'broadcastTo': {
      const wide = [2, ...shape];
      return {
        exact: tape.apply('broadcastTo', [x.exact], { shape: wide }),
        tensor: broadcastTo(x.tensor, wide),
      };
    }
    case 'matmul': {
      if (rank < 2) return undefined;
      const fits = ({ exact: { shape: other } }: Value) =>
        other.length >= 2 &&
        other[other.length - 2] === shape[rank - 1] &&
        compatible(shape.slice(0, -2), other.slice(0, -2));
      const right = pick(values, b, fits);
      if (!right) return undefined;
      const exact = tape.apply('matmul', [x.exact, right.exact], {});
      return { exact, tensor: matmul(x.tensor, right.tensor) };
    }
  }
}

function pick(values: readonly Value[], n: number, fits: (value: Value) => boolean): Value | undefined {
  const candidates = values.filter(fits);
  return candidates[n % candidates.length];
}

function compatible(a: readonly number[], b: readonly number[]): boolean {
  const rank = Math.min(a.length, b.length);
  for (let back = 1; back <= rank; back++) {
    const [p, q] = [a[a.length - back], b[b.length - back]];
    if (p !== q && p !== 1 && q !== 1) return false;
  }
  return true;
}

/** Largest error of any output or gradient, relative to the largest magnitude of its array. */
async function run(engine: Engine, instructions: readonly Instruction[]): Promise<void> {
  const tape = new Tape();
  const inputs = SHAPES.map((shape, i) => {
    const fill = i === 0 ? ({ kind: 'mask' } as const) : ({ kind: 'uniform', low: -1, high: 1 } as const);
    return Float32Array.from(valuesOf(fill, shape, seedOf('fusion'), i));
  });
  const exactInputs = inputs.map((data, i) => fromValues(SHAPES[i]!, data));
  const expected = new Map<string, NdArray>();
  const program = await engine.compile<string, string>({
    name: 'random program',
    inputs: Object.fromEntries(SHAPES.map((shape, i) => [`x${i}`, input(shape)])),
    trace: (symbolic) => {
      const values: Value[] = exactInputs.map((exact, i) => ({ exact, tensor: symbolic[`x${i}`]! }));
      const outputs: Record<string, Tensor> = {};
      for (const instruction of instructions) {
        const value = step(tape, values, instruction);
        if (value && value.exact.data.length <= LARGEST) values.push(value);
      }
      const last = values[values.length - 1]!;
      const loss: Value = { exact: tape.apply('mean', [last.exact], {}), tensor: mean(last.tensor) };
      tape.differentiate(loss.exact);
      const wrt = values.slice(1, SHAPES.length);
      const slopes = gradients(
        loss.tensor,
        wrt.map(({ tensor }) => tensor),
      );
      for (const [i, { exact }] of wrt.entries()) {
        outputs[`gradient by x${i + 1}`] = slopes[i]!;
        expected.set(`gradient by x${i + 1}`, tape.gradientOf(exact));
      }
      for (const [i, value] of values.slice(SHAPES.length).entries()) {
        // Some only: a value that is read out is stored, and fusion is about those that are not.
        if (i % 3 !== 0 && value !== last) continue;
        outputs[`value ${i}`] = value.tensor;
        expected.set(`value ${i}`, value.exact);
      }
      return { outputs };
    },
  });
  try {
    const got = await program.run(Object.fromEntries(inputs.map((data, i) => [`x${i}`, data]))).read();
    for (const [name, { shape, data }] of expected) {
      const scale = data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
      const error = data.reduce((most, value, i) => Math.max(most, Math.abs(value - got[name]![i]!)), 0);
      expect(error / scale, `${name} of [${shape}]\n${program.labels.join('\n')}`).toBeLessThan(1e-3);
    }
  } finally {
    program.free();
  }
}

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.open((await openAdapter()).adapter);
});
afterAll(() => engine?.close());

test('a compiled program computes what its ops do one by one', { timeout: 240_000 }, async () => {
  const small = fc.nat(60);
  const instruction = fc.record({ op: fc.constantFrom(...OPS), a: small, b: small, n: small });
  const programs = fc.array(instruction, { minLength: 2, maxLength: 12, size: 'max' });
  await fc.assert(
    fc.asyncProperty(programs, (instructions) => run(engine, instructions)),
    { numRuns: Number(process.env.FACET_FUSION_RUNS ?? 30), seed: 1, endOnFailure: false },
  );
});
