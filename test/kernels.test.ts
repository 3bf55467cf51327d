/** Every variant of every kernel family against a float64 loop. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  chooseConv2dChunks,
  conv2dForward,
  conv2dInputGradient,
  conv2dWeightGradient,
} from '../src/engine/kernels/conv2d.ts';
import {
  chooseDepthwiseChunks,
  depthwiseForward,
  depthwiseInputGradient,
  depthwiseWeightGradient,
} from '../src/engine/kernels/depthwise.ts';
import { chooseSplits, gemm } from '../src/engine/kernels/gemm.ts';
import { inverseSpd, logDet } from '../src/engine/kernels/logdet.ts';
import { chooseMomentChunks, momentsMerge, momentsPartial } from '../src/engine/kernels/moments.ts';
import type { KernelPlan } from '../src/engine/kernels/plan.ts';
import { gatherRows, scatterRows } from '../src/engine/kernels/rows.ts';
import { transpose2d } from '../src/engine/kernels/transpose.ts';
import {
  type ConvCase,
  convOracle,
  eliminate,
  type GemmCase,
  gemmOracle,
  sumParts,
  values,
  worstError,
} from './support/kernel-oracles.ts';
import { type KernelData, type KernelRig, openRig } from './support/kernel-rig.ts';

let rig: KernelRig;
beforeAll(async () => {
  rig = await openRig();
});
afterAll(() => rig.close());

/** Holds every candidate plan to `want`, after summing `parts` slices where the kernel leaves partial sums. */
async function expectAll(
  plans: KernelPlan[],
  data: KernelData[],
  want: ArrayLike<number>,
  parts = 1,
  tolerance = 1e-5,
) {
  expect(plans.length).toBeGreaterThan(0);
  for (const plan of plans) {
    const got = await rig.run(plan, data, want.length * parts);
    expect(worstError(parts > 1 ? sumParts(got, parts) : got, want), plan.label).toBeLessThan(tolerance);
  }
}

describe('gemm', () => {
  const rows: [
    batch: number,
    m: number,
    n: number,
    k: number,
    shareA: boolean,
    shareB: boolean,
    splits: number,
  ][] = [
    [1, 1, 1, 1, false, false, 1],
    [1, 5, 7, 9, false, false, 1],
    [1, 33, 36, 20, false, false, 1],
    [1, 64, 128, 64, false, false, 1],
    [1, 100, 132, 52, false, false, 1],
    [3, 17, 20, 12, false, true, 1],
    [3, 17, 20, 12, true, false, 1],
    [2, 130, 64, 36, false, false, 1],
    [2, 9, 33, 17, false, false, 1],
    [2, 24, 40, 96, false, false, 4],
    [1, 8, 21, 101, false, false, 3],
    [1, 12, 8, 101, false, false, 3],
  ];
  for (const transposeA of [false, true]) {
    it.each(rows)(
      `batch %i, ${transposeA ? 'aᵀ ' : ''}%i×%i×%i, shared a %s, b %s, splits %i`,
      async (batch, m, n, k, shareA, shareB, splits) => {
        const strideA = shareA ? 0 : m * k;
        const strideB = shareB ? 0 : k * n;
        const shape: GemmCase = { batch, m, n, k, strideA, strideB, transposeA };
        const a = values(shareA ? m * k : batch * m * k, 1);
        const b = values(shareB ? k * n : batch * k * n, 2);
        const want = gemmOracle(shape, a, b);
        // What a GPU would choose among includes every variant that this adapter can run.
        const plans = gemm({ ...shape, splits }, { ...rig.traits, software: false });
        expect(plans.at(-1)?.label).toMatch('gemm.plain');
        for (const plan of plans) {
          const got = await rig.run(plan, [a, b], splits * batch * m * n);
          expect(worstError(sumParts(got, splits), want), plan.label).toBeLessThan(1e-5);
        }
      },
    );
  }

  it('splits a long k only where the output alone is too small', () => {
    const gpu = { software: false, subgroupSize: 32, maxInvocations: 256, maxWorkgroupStorage: 16384 };
    const one = { batch: 1, m: 64, n: 128, k: 6272, strideA: 0, strideB: 0, transposeA: true };
    expect(chooseSplits(one, gpu)).toBeGreaterThan(20);
    expect(chooseSplits({ ...one, m: 4096, n: 4096 }, gpu)).toBe(1);
    expect(chooseSplits({ ...one, k: 64 }, gpu)).toBe(1);
  });
});

type ConvRow = [
  members: number,
  batch: number,
  height: number,
  width: number,
  inChannels: number,
  outChannels: number,
  kernel: [number, number],
  stride: number,
  padding: [number, number, number, number],
  inputMembers: number,
  weightMembers: number,
];

/** A convolution's data and answers. */
function convProblem(row: ConvRow, depthwise: boolean) {
  const [
    members,
    batch,
    height,
    width,
    inChannels,
    outChannels,
    kernel,
    stride,
    padding,
    inputMembers,
    weightMembers,
  ] = row;
  const shape: ConvCase = {
    members,
    batch,
    height,
    width,
    inChannels,
    outChannels,
    kernel,
    stride,
    padding,
    inputMembers,
    weightMembers,
  };
  const x = values(inputMembers * batch * height * width * inChannels, 3);
  const w = values(weightMembers * kernel[0] * kernel[1] * inChannels * (depthwise ? 1 : outChannels), 4);
  const { y } = convOracle(shape, depthwise, x, w, new Float32Array());
  const dy = values(y.length, 5);
  return { shape, x, w, dy, ...convOracle(shape, depthwise, x, w, dy) };
}

describe('depthwise', () => {
  const rows: ConvRow[] = [
    [1, 1, 1, 1, 4, 4, [3, 3], 1, [1, 1, 1, 1], 1, 1],
    [1, 2, 7, 7, 8, 8, [3, 3], 1, [1, 1, 1, 1], 1, 1],
    [2, 2, 9, 14, 12, 12, [3, 3], 1, [1, 1, 1, 1], 2, 2],
    [3, 1, 5, 33, 4, 4, [3, 3], 1, [0, 2, 1, 0], 1, 3],
    [1, 2, 8, 8, 8, 8, [3, 3], 2, [1, 1, 1, 1], 1, 1],
    [2, 2, 7, 9, 12, 12, [3, 3], 2, [1, 1, 1, 1], 2, 1],
    [1, 1, 7, 10, 8, 8, [3, 3], 2, [0, 1, 0, 1], 1, 1],
    [1, 1, 10, 21, 4, 4, [3, 3], 2, [2, 0, 1, 2], 1, 1],
    [1, 2, 6, 5, 5, 5, [3, 3], 1, [1, 1, 1, 1], 1, 1],
    [2, 1, 9, 9, 6, 6, [3, 3], 2, [1, 1, 1, 1], 2, 2],
    [2, 3, 7, 7, 8, 8, [7, 7], 1, [0, 0, 0, 0], 2, 2],
    [1, 1, 11, 8, 4, 4, [5, 3], 3, [2, 1, 0, 1], 1, 1],
    [1, 1, 6, 6, 3, 3, [1, 1], 2, [0, 0, 0, 0], 1, 1],
  ];
  it.each(rows)(
    '%i members of %i×%i×%i×%i→%i, window %j, stride %i, padding %j, members of x %i, of w %i',
    async (...row) => {
      const { shape, x, w, dy, y, dx, dw, oh } = convProblem(row, true);
      const s = { ...shape, channels: shape.inChannels };
      await expectAll(depthwiseForward(s, rig.traits), [x, w], y);
      await expectAll(depthwiseInputGradient(s, rig.traits), [dy, w], dx);
      for (const chunkRows of [2, chooseDepthwiseChunks(s, rig.traits).chunkRows]) {
        const cut = { chunkRows, chunks: Math.ceil((s.batch * oh) / chunkRows) };
        await expectAll(depthwiseWeightGradient(s, rig.traits, cut), [x, dy], dw, cut.chunks);
      }
    },
  );
});

describe('conv2d', () => {
  const rows: ConvRow[] = [
    [1, 2, 8, 8, 3, 64, [3, 3], 2, [1, 1, 1, 1], 1, 1],
    [1, 1, 7, 9, 3, 8, [3, 3], 2, [1, 1, 1, 1], 1, 1],
    [2, 2, 5, 6, 3, 36, [3, 3], 1, [1, 1, 1, 1], 1, 2],
    [3, 1, 9, 7, 4, 12, [3, 3], 2, [0, 1, 1, 0], 3, 1],
    [1, 1, 6, 6, 5, 7, [3, 3], 1, [1, 1, 1, 1], 1, 1],
    [2, 1, 7, 8, 2, 4, [5, 2], 3, [2, 1, 0, 1], 2, 2],
    [1, 1, 4, 4, 8, 4, [2, 2], 2, [0, 0, 0, 0], 1, 1],
  ];
  it.each(rows)(
    '%i members of %i×%i×%i×%i→%i, window %j, stride %i, padding %j, members of x %i, of w %i',
    async (...row) => {
      const { shape: s, x, w, dy, y, dx, dw } = convProblem(row, false);
      await expectAll(conv2dForward(s, rig.traits), [x, w], y);
      await expectAll(conv2dInputGradient(s, rig.traits), [dy, w], dx);
      const pixels = y.length / (s.members * s.outChannels);
      for (const chunk of [7, chooseConv2dChunks(s, rig.traits).chunk]) {
        const cut = { chunk, chunks: Math.ceil(pixels / chunk) };
        await expectAll(conv2dWeightGradient(s, rig.traits, cut), [x, dy], dw, cut.chunks);
      }
    },
  );
});

describe('moments', () => {
  it.each<[number, number, number, number]>([
    [1, 1, 1, 0],
    [1, 5, 3, 0],
    [2, 100, 8, 0],
    [3, 333, 5, 1000],
    [1, 1568, 64, -300],
    [2, 64, 4, 4096],
  ])('%i members, %i rows, %i channels, mean about %i', async (members, rows, channels, about) => {
    const x = values(members * rows * channels, 6).map((v) => v + about);
    const want = new Float64Array(2 * members * channels);
    for (let m = 0; m < members; m++)
      for (let c = 0; c < channels; c++) {
        const column = Array.from({ length: rows }, (_, r) => x[(m * rows + r) * channels + c]!);
        const mean = column.reduce((a, b) => a + b, 0) / rows;
        want[m * channels + c] = mean;
        want[(members + m) * channels + c] = column.reduce((a, b) => a + (b - mean) ** 2, 0) / rows;
      }
    const s = { members, rows, channels };
    const chosen = chooseMomentChunks(s, rig.traits);
    for (const cut of [chosen, { chunkRows: 40, chunks: Math.ceil(rows / 40) }]) {
      for (const partial of momentsPartial(s, rig.traits, cut)) {
        const parts = await rig.run(partial, [x], cut.chunks * members * 2 * channels);
        // A chunk's mean is itself rounded to f32, which a large mean lets show.
        await expectAll(momentsMerge(s, rig.traits, cut), [parts], want, 1, 2e-6 + 1e-8 * Math.abs(about));
      }
    }
  });

  it('keeps a small variance beside a large first value', async () => {
    const x = Float32Array.from({ length: 64 }, (_, i) => (i === 0 ? 1e4 : 1 + (i % 2) * 1e-2));
    const s = { members: 1, rows: 64, channels: 1 };
    const cut = { chunkRows: 32, chunks: 2 };
    const [partial] = momentsPartial(s, rig.traits, cut);
    const got = await rig.run(partial!, [x], 4);
    expect(got[3]! / 32).toBeCloseTo(2.5e-5, 8);
  });
});

describe('small matrices', () => {
  it.each([1, 2, 3, 5, 8])('log determinant and inverse of %i × %i', async (size) => {
    const count = 70;
    const a = values(count * size * size, size);
    const g = new Float32Array(count * size * size);
    for (let n = 0; n < count; n++)
      for (let i = 0; i < size; i++)
        for (let j = 0; j < size; j++) {
          let sum = i === j ? 0.5 : 0;
          for (let k = 0; k < size; k++) sum += a[(n * size + i) * size + k]! * a[(n * size + j) * size + k]!;
          g[(n * size + i) * size + j] = sum;
        }
    g[size * size] = -1; // the second is not positive definite
    const logs = new Float64Array(count).fill(Number.NaN);
    const inverses = new Float64Array(g.length).fill(Number.NaN);
    for (let n = 0; n < count; n++) {
      if (n === 1) continue;
      const { logDeterminant, inverse } = eliminate(
        Array.from(g.subarray(n * size * size, (n + 1) * size * size)),
        size,
      );
      logs[n] = logDeterminant;
      inverses.set(inverse, n * size * size);
    }
    await expectAll(logDet(count, size, rig.traits), [g], logs, 1, 1e-4);
    await expectAll(inverseSpd(count, size, rig.traits), [g], inverses, 1, 1e-4);
  });
});

describe('rows', () => {
  it.each<[number, number, number, number, boolean, boolean]>([
    [1, 5, 7, 3, false, false],
    [2, 6, 9, 8, false, false],
    [3, 4, 10, 4, true, false],
    [2, 4, 10, 5, false, true],
  ])(
    'batch %i, %i rows, %i indices, width %i, shared data %s, indices %s',
    async (batch, rows, count, width, sharedData, sharedIndices) => {
      const s = { batch, rows, count, width, sharedData, sharedIndices };
      const indices = Int32Array.from(
        { length: (sharedIndices ? 1 : batch) * count },
        (_, i) => (i * 5 + (i >> 2)) % rows,
      );
      indices[1] = rows;
      indices[2] = -1;
      const table = values((sharedData ? 1 : batch) * rows * width, 7);
      const dy = values((sharedData ? 1 : batch) * count * width, 8);
      const gathered = new Float64Array(batch * count * width);
      const scattered = new Float64Array(batch * rows * width);
      for (let b = 0; b < batch; b++)
        for (let n = 0; n < count; n++)
          for (let d = 0; d < width; d++) {
            const v = indices[(sharedIndices ? 0 : b * count) + n]!;
            const inside = v >= 0 && v < rows;
            gathered[(b * count + n) * width + d] = inside
              ? table[((sharedData ? 0 : b * rows) + v) * width + d]!
              : Number.NaN;
            if (inside)
              scattered[(b * rows + v) * width + d]! += dy[((sharedData ? 0 : b * count) + n) * width + d]!;
          }
      await expectAll(gatherRows(s, rig.traits), [table, indices], gathered);
      await expectAll(scatterRows(s, rig.traits), [dy, indices], scattered);
    },
  );
});

describe('transpose', () => {
  it.each<[number, number, number]>([
    [1, 1, 1],
    [2, 3, 5],
    [1, 8, 20],
    [3, 12, 4],
    [1, 6, 8],
  ])('%i × %i × %i', async (batch, rows, columns) => {
    const x = values(batch * rows * columns, 9);
    const want = Float32Array.from(x, (_, i) => {
      const [b, rest] = [Math.floor(i / (rows * columns)), i % (rows * columns)];
      return x[b * rows * columns + (rest % rows) * columns + Math.floor(rest / rows)]!;
    });
    await expectAll(transpose2d({ batch, rows, columns }, rig.traits), [x], want);
  });
});
