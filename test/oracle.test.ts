/** The oracle judged by itself: its gradients by central differences, its values by hand. */
import { describe, expect, test } from 'vitest';
import { evaluate, findMismatch, type OpCase, opCases } from './cases/index.ts';
import { type Attributes, backward, forward, type NdArray, type OpName, oracle } from './oracle/index.ts';
import { fromValues } from './oracle/ndarray.ts';

/** Elements checked in each input of each row. */
const SAMPLES = 6;
/** Rows with more elements than this repeat in the large what smaller rows check. */
const LARGEST = 4000;

const checkable = opCases.filter((row) => {
  if (row.kinks || row.wrt.length === 0) return false;
  const { arrays, outputs } = evaluate(row);
  return [...arrays, ...outputs].reduce((total, { data }) => total + data.length, 0) <= LARGEST;
});

/** d(Σ dy·y)/d(input[flat]), differencing each output before the sum so that large ones do not drown small. */
function slope(row: OpCase, arrays: readonly NdArray[], dy: NdArray, input: number, flat: number): number {
  const x = arrays[input]!.data[flat]!;
  const step = 1e-5 * (x === 0 ? 1 : Math.min(1, Math.abs(x)));
  const shifted = (value: number): NdArray => {
    const moved = arrays.map((array, i) =>
      i === input ? { ...array, data: Float64Array.from(array.data) } : array,
    );
    moved[input]!.data[flat] = value;
    return forward(row.op, moved, row.attributes as Attributes[typeof row.op])[0]!;
  };
  const up = shifted(x + step);
  const down = shifted(x - step);
  let total = 0;
  for (const [i, cotangent] of dy.data.entries()) total += cotangent * (up.data[i]! - down.data[i]!);
  return total / (x + step - (x - step));
}

describe('gradients agree with central differences', () => {
  test.each(checkable.map((row) => [row.name, row] as const))('%s', (_, row) => {
    const { arrays, dy } = evaluate(row);
    const gradients = backward(row.op, arrays, row.attributes as Attributes[typeof row.op], dy);
    for (const input of row.wrt) {
      const gradient = gradients[input]!;
      expect(gradient.shape).toEqual(arrays[input]!.shape);
      const stride = Math.max(1, Math.floor(gradient.data.length / SAMPLES));
      for (let flat = 0; flat < gradient.data.length; flat += stride) {
        const expected = slope(row, arrays, dy, input, flat);
        const got = gradient.data[flat]!;
        const where = `input ${input} element ${flat}: difference ${expected}, gradient ${got}`;
        expect(Math.abs(got - expected), where).toBeLessThanOrEqual(2e-7 * Math.max(1, Math.abs(expected)));
      }
    }
  });

  test('reach every op that has a gradient', () => {
    const steps = ['sign', 'greater', 'less', 'equal', 'full', 'iota', 'oneHot', 'cast'];
    const reached = new Set<string>(checkable.map((row) => row.op));
    const missing = Object.keys(oracle).filter((op) => !steps.includes(op) && !reached.has(op));
    expect(missing).toEqual([]);
  });
});

describe('the tables', () => {
  test('name every row differently', () => {
    const names = opCases.map((row) => row.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  test('hold rows for every op', () => {
    const named = new Set<string>(opCases.map((row) => row.op));
    expect(Object.keys(oracle).filter((op) => !named.has(op))).toEqual([]);
  });

  test('make finite values', () => {
    for (const row of opCases.filter(({ inputs }) => inputs.every(({ shape }) => shape.length < 3))) {
      const { outputs } = evaluate(row);
      expect(
        outputs.every(({ data }) => data.every(Number.isFinite)),
        row.name,
      ).toBe(true);
    }
  });

  test('find the element that is furthest off, NaN first', () => {
    const expected = fromValues([3], [1, 2, 3]);
    const tolerance = Float64Array.of(0.1, 0.1, 0.1);
    expect(findMismatch([1.05, 2, 2.95], expected, tolerance)).toBeUndefined();
    expect(findMismatch([1.2, 2, 4], expected, tolerance)?.flat).toBe(2);
    expect(findMismatch([1.2, Number.NaN, 4], expected, tolerance)?.flat).toBe(1);
  });
});

/** Values of the first output. */
function values<Name extends OpName>(
  op: Name,
  inputs: readonly NdArray[],
  attributes: Attributes[Name],
): number[] {
  return [...forward(op, inputs, attributes)[0]!.data];
}

describe('known values', () => {
  const square = fromValues([2, 2], [1, 2, 3, 4]);
  const other = fromValues([2, 2], [5, 6, 7, 8]);
  /** 1 … 9 as an image of one channel. */
  const image = fromValues([1, 1, 3, 3, 1], [1, 2, 3, 4, 5, 6, 7, 8, 9]);

  test('matrix products, transposed or not', () => {
    expect(values('matmul', [square, other], {})).toEqual([19, 22, 43, 50]);
    expect(values('matmul', [square, other], { transposeA: true })).toEqual([26, 30, 38, 44]);
    expect(values('matmul', [square, other], { transposeB: true })).toEqual([17, 23, 39, 53]);
  });

  test('a convolution does not flip its kernel', () => {
    const kernel = fromValues([1, 2, 2, 1, 1], [1, 10, 100, 1000]);
    expect(values('conv2d', [image, kernel], { stride: 1, padding: 0 })).toEqual([5421, 6532, 8754, 9865]);
  });

  test('stride 2 over padding starts at the padded corner', () => {
    const kernel = fromValues([1, 3, 3, 1], new Array<number>(9).fill(1));
    // Windows centred on the corners of a 3×3 image.
    const corners = [1 + 2 + 4 + 5, 2 + 3 + 5 + 6, 4 + 5 + 7 + 8, 5 + 6 + 8 + 9];
    expect(values('depthwiseConv2d', [image, kernel], { stride: 2, padding: 1 })).toEqual(corners);
    // Padding below and right only: windows begin at 0 and 2.
    const begin = [45, 3 + 6 + 9, 7 + 8 + 9, 9];
    expect(values('depthwiseConv2d', [image, kernel], { stride: 2, padding: [0, 2, 0, 2] })).toEqual(begin);
  });

  test('convolution weights are [kh, kw, in, out]', () => {
    const pixel = fromValues([1, 1, 1, 1, 2], [1, 10]);
    const weights = fromValues([1, 1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
    expect(values('conv2d', [pixel, weights], { stride: 1, padding: 0 })).toEqual([41, 52, 63]);
  });

  test('batch statistics are biased', () => {
    const x = fromValues([1, 4, 1, 1, 1], [1, 2, 3, 6]);
    const one = fromValues([1, 1, 1, 1, 1], [1]);
    const [y, mean, variance] = forward('batchNorm', [x, one, one], { eps: 0 });
    expect([...mean!.data]).toEqual([3]);
    expect([...variance!.data]).toEqual([3.5]);
    expect(y!.data[3]).toBeCloseTo(1 + 3 / Math.sqrt(3.5), 12);
  });

  test('losses', () => {
    const flat = fromValues([1, 2, 5], new Array<number>(10).fill(3));
    const right = fromValues([2], [0, 4]);
    for (const loss of values('softmaxCrossEntropy', [flat, right], {})) {
      expect(loss).toBeCloseTo(Math.log(5), 12);
    }
    expect(values('logSumExp', [fromValues([2], [1000, 1000])], { axis: 0 })[0]).toBeCloseTo(
      1000 + Math.log(2),
      9,
    );
    expect(values('logDet', [fromValues([2, 2], [2, 1, 1, 3])], {})[0]).toBeCloseTo(Math.log(5), 12);
    expect(values('l2Normalize', [fromValues([2], [3, -4])], { axis: 0 })[1]).toBeCloseTo(-0.8, 12);
  });

  test('shapes', () => {
    expect(values('transpose', [fromValues([2, 3], [1, 2, 3, 4, 5, 6])], { permutation: [1, 0] })).toEqual([
      1, 4, 2, 5, 3, 6,
    ]);
    expect(values('slice', [square], { starts: [0, 1], ends: [2, 2] })).toEqual([2, 4]);
    expect(values('pad', [square], { before: [0, 1], after: [1, 0] })).toEqual([0, 1, 2, 0, 3, 4, 0, 0, 0]);
    expect(values('concat', [square, other], { axis: 1 })).toEqual([1, 2, 5, 6, 3, 4, 7, 8]);
    expect(values('gather', [square, fromValues([3], [1, 0, 1])], {})).toEqual([3, 4, 1, 2, 3, 4]);
    expect(values('sum', [square], { axes: [0] })).toEqual([4, 6]);
    expect(values('max', [square], { axes: [-1] })).toEqual([2, 4]);
    expect(values('oneHot', [fromValues([2], [2, 0])], { depth: 3 })).toEqual([0, 0, 1, 1, 0, 0]);
  });

  test('conventions at kinks and ties', () => {
    const slopes = <Name extends OpName>(op: Name, x: NdArray[], attributes: Attributes[Name]) => {
      const y = forward(op, x, attributes)[0]!;
      const ones = { shape: y.shape, data: y.data.map(() => 1) };
      return backward(op, x, attributes, ones).map((gradient) => [...gradient!.data]);
    };
    const zero = fromValues([1], [0]);
    const quarter = fromValues([1], [0.25]);
    expect(slopes('relu', [zero], {})).toEqual([[0]]);
    expect(slopes('abs', [zero], {})).toEqual([[0]]);
    expect(slopes('prelu', [zero, quarter], {})).toEqual([[0.25], [0]]);
    expect(slopes('minimum', [quarter, quarter], {})).toEqual([[1], [0]]);
    expect(slopes('maximum', [quarter, quarter], {})).toEqual([[1], [0]]);
    expect(slopes('clamp', [quarter], { low: 0.25, high: 1 })).toEqual([[1]]);
    expect(slopes('max', [fromValues([4], [2, 1, 2, 0])], {})).toEqual([[0.5, 0, 0.5, 0]]);
  });
});
