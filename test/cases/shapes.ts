/** Reductions, and ops that move, repeat or make elements. */
import { apart, distinct, given, labels, type OpCase, row, uniform } from './case.ts';

function reductionCases(): OpCase[] {
  const cases: OpCase[] = [];
  const domains: readonly (readonly [readonly number[], readonly (readonly number[] | undefined)[]])[] = [
    [[1], [undefined, [0]]],
    [[5], [undefined, [0]]],
    [
      [3, 4],
      [undefined, [0], [1], [-1], [0, 1]],
    ],
    [
      [3, 5, 7],
      [undefined, [0], [1], [2], [0, 1], [0, 2], [1, 2]],
    ],
    // Per member and channel; per channel; over members; over rows only.
    [
      [3, 2, 5, 7, 4],
      [[1, 2, 3], [0, 1, 2, 3], [0], [2], [4], [3, 4], [1, 3]],
    ],
    [
      [1, 2, 5, 3, 33],
      [[1, 2, 3], [4], undefined],
    ],
    [[2, 1, 6], [[1]]],
    // Four neighbours straddle a row's end.
    [
      [3, 4, 5],
      [[0], [1], [0, 2], [1, 2]],
    ],
    [
      [2, 4, 3, 4, 3],
      [[0], [2], [1, 2, 3], [0, 3]],
    ],
  ];
  for (const [shape, choices] of domains) {
    for (const axes of choices) {
      const over = axes === undefined ? {} : { axes };
      cases.push(row('sum', [uniform(shape)], over));
      cases.push(row('mean', [uniform(shape)], { ...over, keepDims: true }));
      cases.push(row('max', [distinct(shape)], { ...over, keepDims: shape.length % 2 === 0 }));
    }
  }
  // Long ones: many terms into few outputs, and many outputs of few terms.
  for (const op of ['sum', 'mean', 'max'] as const) {
    // Sums of evenly spaced values are too regular to notice much; maxima need the space between them.
    const filled = op === 'max' ? distinct : uniform;
    cases.push(row(op, [filled([10007])], {}));
    cases.push(row(op, [filled([3, 8, 14, 14, 32])], { axes: [1, 2, 3], keepDims: true }));
    cases.push(row(op, [filled([1, 4, 28, 28, 6])], { axes: [1, 2, 3] }));
    cases.push(row(op, [filled([2, 5, 1000])], { axes: [2] }));
    cases.push(row(op, [filled([1000, 5])], { axes: [0] }));
    cases.push(row(op, [filled([700, 3])], { axes: [1] }));
  }
  cases.push(row('max', [given([3, 4], [1, 2, 2, 0, 5, 5, 5])], { axes: [1] }, { kinks: true }));
  cases.push(row('max', [given([2, 3, 5], [0, 1])], { axes: [0, 2] }, { kinks: true }));
  return cases;
}

function moveCases(): OpCase[] {
  const x = uniform([3, 5, 7]);
  const image = uniform([3, 2, 5, 6, 4]);
  return [
    row('reshape', [x], { shape: [105] }),
    row('reshape', [x], { shape: [7, 1, 15] }),
    row('reshape', [uniform([1])], { shape: [] }),
    row('transpose', [uniform([33, 17])], { permutation: [1, 0] }),
    row('transpose', [uniform([64, 32])], { permutation: [1, 0] }),
    row('transpose', [x], { permutation: [2, 0, 1] }),
    row('transpose', [x], { permutation: [0, 2, 1] }),
    row('transpose', [image], { permutation: [0, 1, 4, 2, 3] }),
    row('transpose', [image], { permutation: [4, 3, 2, 1, 0] }),
    row('slice', [uniform([9])], { starts: [2], ends: [7] }),
    row('slice', [uniform([8])], { starts: [4], ends: [8] }),
    row('slice', [x], { starts: [0, 0, 0], ends: [3, 5, 7] }),
    row('slice', [x], { starts: [1, 2, 3], ends: [2, 5, 4] }),
    row('slice', [image], { starts: [1, 0, 1, 0, 0], ends: [2, 2, 4, 6, 4] }),
    row('slice', [image], { starts: [0, 0, 0, 0, 1], ends: [3, 2, 5, 6, 3] }),
    row('pad', [uniform([3])], { before: [1], after: [2] }),
    row('pad', [x], { before: [0, 1, 0], after: [0, 0, 2] }),
    row('pad', [image], { before: [0, 0, 1, 1, 0], after: [0, 0, 1, 2, 0] }),
    row('pad', [image], { before: [0, 0, 0, 0, 4], after: [0, 0, 0, 0, 0] }),
    row('concat', [uniform([3]), uniform([5])], { axis: 0 }),
    row('concat', [uniform([3, 2, 4]), uniform([3, 2, 8])], { axis: 2 }),
    row('concat', [uniform([3, 2, 3]), uniform([3, 2, 1]), uniform([3, 2, 5])], { axis: -1 }),
    row('concat', [uniform([1, 5, 7]), uniform([2, 5, 7])], { axis: 0 }),
    row('concat', [uniform([2, 1, 3]), uniform([2, 4, 3]), uniform([2, 2, 3]), uniform([2, 1, 3])], {
      axis: 1,
    }),
    row('concat', [apart([4, 4])], { axis: 0 }),
    row('broadcastTo', [uniform([])], { shape: [3, 4] }),
    row('broadcastTo', [uniform([5])], { shape: [2, 3, 5] }),
    row('broadcastTo', [uniform([3, 1, 1, 1, 8])], { shape: [3, 2, 4, 5, 8] }),
    row('broadcastTo', [uniform([1, 4, 1, 3])], { shape: [2, 4, 33, 3] }),
    row('broadcastTo', [uniform([4, 4])], { shape: [4, 4] }),
  ];
}

function madeCases(): OpCase[] {
  return [
    row('full', [], { shape: [3, 5], value: 0.375 }),
    row('full', [], { shape: [], value: -2 }),
    row('iota', [], { shape: [7], axis: 0 }),
    row('iota', [], { shape: [3, 5, 4], axis: 1 }),
    row('iota', [], { shape: [3, 5, 4], axis: -1 }),
    row('oneHot', [labels([5], 7)], { depth: 7 }),
    row('oneHot', [labels([3, 4], 33)], { depth: 33 }),
    row('oneHot', [labels([6], 1)], { depth: 1 }),
  ];
}

function gatherCases(): OpCase[] {
  return [
    row('gather', [uniform([7, 5]), labels([4], 7)], {}),
    row('gather', [uniform([1, 3]), labels([5], 1)], {}),
    row('gather', [uniform([3, 9, 8]), labels([3, 4], 9)], {}),
    row('gather', [uniform([1, 9, 8]), labels([1, 6], 9)], {}),
    // Many picks of few rows: the gradient sums.
    row('gather', [uniform([2, 3, 5]), labels([2, 33], 3)], {}),
    row('gather', [uniform([1, 1000, 128]), labels([1, 8], 1000)], {}),
    // Members that share the table, and members that share the labels.
    row('gather', [uniform([1, 9, 8]), labels([3, 4], 9)], {}),
    row('gather', [uniform([3, 9, 8]), labels([1, 4], 9)], {}),
    row('gather', [uniform([3, 9, 8]), labels([4], 9)], {}),
  ];
}

export const shapeCases: readonly OpCase[] = [
  ...reductionCases(),
  ...moveCases(),
  ...madeCases(),
  ...gatherCases(),
];
