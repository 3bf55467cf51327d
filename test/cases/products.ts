/** Matrix products and convolutions: small and odd, large enough for every tile, every broadcast of members. */
import type { Padding } from '../oracle/operation.ts';
import { type OpCase, row, uniform } from './case.ts';

type Triple = readonly [rows: number, inner: number, columns: number];

/** Sizes around 1, around vec4, around subgroups and tiles; inner sizes that no tile divides. */
const MATRICES: readonly Triple[] = [
  [1, 1, 1],
  [1, 5, 1],
  [3, 1, 7],
  [4, 4, 4],
  [5, 7, 3],
  [8, 16, 32],
  [1, 128, 33],
  [33, 17, 65],
  [64, 96, 128],
  [16, 1030, 12],
];

function matmulCases(): OpCase[] {
  const cases: OpCase[] = [];
  for (const [m, k, n] of MATRICES) {
    for (const transposeA of [false, true]) {
      for (const transposeB of [false, true]) {
        const a = uniform(transposeA ? [k, m] : [m, k]);
        const b = uniform(transposeB ? [n, k] : [k, n]);
        cases.push(row('matmul', [a, b], { transposeA, transposeB }));
      }
    }
  }
  // Leading axes: members on both sides, on one side, on neither; two of them; a missing one.
  const leads: readonly (readonly [readonly number[], readonly number[]])[] = [
    [[3], [3]],
    [[3], [1]],
    [[1], [3]],
    [[1], [1]],
    [[3], []],
    [[], [3]],
    [
      [2, 1],
      [1, 3],
    ],
    [
      [3, 2],
      [3, 2],
    ],
  ];
  for (const [a, b] of leads) {
    cases.push(row('matmul', [uniform([...a, 5, 9]), uniform([...b, 9, 6])], {}));
    cases.push(row('matmul', [uniform([...a, 8, 32]), uniform([...b, 40, 32])], { transposeB: true }));
    cases.push(row('matmul', [uniform([...a, 12, 7]), uniform([...b, 12, 4])], { transposeA: true }));
  }
  // Tall, as a 1×1 convolution sees it; wide, as a classifier does.
  cases.push(row('matmul', [uniform([1, 6272, 16]), uniform([1, 16, 24])], {}));
  cases.push(row('matmul', [uniform([3, 8, 128]), uniform([1, 500, 128])], { transposeB: true }));
  return cases;
}

/** None, the usual, all of it, and each side apart. */
const PADDINGS: readonly Padding[] = [0, 1, 2, [0, 1, 0, 1], [1, 0, 1, 0], [1, 2, 0, 1]];
/** Even, odd, mixed. */
const EXTENTS = [
  [6, 6],
  [7, 7],
  [6, 9],
] as const;

function convolutionCases(): OpCase[] {
  const cases: OpCase[] = [];
  for (const stride of [1, 2]) {
    for (const padding of PADDINGS) {
      for (const [h, w] of EXTENTS) {
        const window = { stride, padding };
        cases.push(row('conv2d', [uniform([1, 2, h, w, 3]), uniform([1, 3, 3, 3, 5])], window));
        cases.push(row('depthwiseConv2d', [uniform([1, 2, h, w, 4]), uniform([1, 3, 3, 4])], window));
      }
    }
  }
  for (const [mx, mw] of [
    [3, 3],
    [1, 3],
    [3, 1],
  ] as const) {
    for (const stride of [1, 2]) {
      const window = { stride, padding: 1 };
      cases.push(row('conv2d', [uniform([mx, 2, 5, 6, 3]), uniform([mw, 3, 3, 3, 4])], window));
      cases.push(row('conv2d', [uniform([mx, 2, 5, 6, 8]), uniform([mw, 3, 3, 8, 12])], window));
      cases.push(row('depthwiseConv2d', [uniform([mx, 2, 5, 6, 3]), uniform([mw, 3, 3, 3])], window));
      cases.push(row('depthwiseConv2d', [uniform([mx, 2, 5, 6, 8]), uniform([mw, 3, 3, 8])], window));
    }
    cases.push(
      row('conv2d', [uniform([mx, 2, 5, 3, 6]), uniform([mw, 1, 1, 6, 7])], { stride: 1, padding: 0 }),
    );
    cases.push(
      row('depthwiseConv2d', [uniform([mx, 2, 4, 4, 12]), uniform([mw, 4, 4, 12])], {
        stride: 1,
        padding: 0,
      }),
    );
  }
  return cases;
}

function denseCases(): OpCase[] {
  const plain = { stride: 1, padding: 0 };
  const around = { stride: 1, padding: 1 };
  const halved = { stride: 2, padding: 1 };
  return [
    // 1×1: no tile, odd, vec4, the step's own row count; and strided.
    row('conv2d', [uniform([1, 1, 1, 1, 1]), uniform([1, 1, 1, 1, 1])], plain),
    row('conv2d', [uniform([1, 2, 3, 5, 7]), uniform([1, 1, 1, 7, 5])], plain),
    row('conv2d', [uniform([1, 2, 7, 7, 64]), uniform([1, 1, 1, 64, 128])], plain),
    row('conv2d', [uniform([1, 8, 28, 28, 32]), uniform([1, 1, 1, 32, 32])], plain),
    row('conv2d', [uniform([3, 8, 1, 1, 64]), uniform([3, 1, 1, 64, 32])], plain),
    row('conv2d', [uniform([1, 2, 7, 6, 4]), uniform([1, 1, 1, 4, 8])], { stride: 2, padding: 0 }),
    // 3×3 as in the stem: three channels in, stride 2.
    row('conv2d', [uniform([1, 2, 20, 20, 3]), uniform([1, 3, 3, 3, 32])], halved),
    row('conv2d', [uniform([3, 2, 13, 13, 3]), uniform([3, 3, 3, 3, 16])], halved),
    row('conv2d', [uniform([1, 1, 9, 9, 16]), uniform([1, 3, 3, 16, 24])], around),
    // The smallest images, an image smaller than the kernel, kernels that are not square.
    row('conv2d', [uniform([1, 1, 1, 1, 2]), uniform([1, 3, 3, 2, 3])], around),
    row('conv2d', [uniform([1, 1, 2, 1, 2]), uniform([1, 3, 3, 2, 3])], halved),
    row('conv2d', [uniform([1, 2, 6, 5, 2]), uniform([1, 1, 3, 2, 3])], { stride: 1, padding: [0, 0, 1, 1] }),
    row('conv2d', [uniform([1, 2, 6, 5, 2]), uniform([1, 5, 2, 2, 3])], { stride: 2, padding: 1 }),
    row('conv2d', [uniform([1, 1, 11, 10, 3]), uniform([1, 5, 5, 3, 4])], { stride: 2, padding: 2 }),
  ];
}

function depthwiseCases(): OpCase[] {
  const cases: OpCase[] = [];
  const around = { stride: 1, padding: 1 };
  const halved = { stride: 2, padding: 1 };
  for (const channels of [1, 3, 4, 30, 64]) {
    for (const window of [around, halved]) {
      cases.push(
        row('depthwiseConv2d', [uniform([1, 2, 7, 10, channels]), uniform([1, 3, 3, channels])], window),
      );
    }
  }
  for (const window of [around, halved]) {
    cases.push(row('depthwiseConv2d', [uniform([1, 2, 28, 28, 64]), uniform([1, 3, 3, 64])], window));
    cases.push(row('depthwiseConv2d', [uniform([3, 2, 15, 17, 16]), uniform([3, 3, 3, 16])], window));
    cases.push(row('depthwiseConv2d', [uniform([1, 1, 1, 1, 4]), uniform([1, 3, 3, 4])], window));
  }
  // Global: the kernel covers the image.
  for (const [members, size, channels] of [
    [1, 7, 64],
    [3, 7, 8],
    [1, 6, 30],
    [3, 6, 4],
    [1, 3, 512],
    [1, 7, 3],
  ] as const) {
    const x = uniform([members, 3, size, size, channels]);
    const w = uniform([members, size, size, channels]);
    cases.push(row('depthwiseConv2d', [x, w], { stride: 1, padding: 0 }));
  }
  cases.push(
    row('depthwiseConv2d', [uniform([1, 1, 11, 10, 6]), uniform([1, 5, 5, 6])], { stride: 2, padding: 2 }),
  );
  return cases;
}

export const productCases: readonly OpCase[] = [
  ...matmulCases(),
  ...convolutionCases(),
  ...denseCases(),
  ...depthwiseCases(),
];
