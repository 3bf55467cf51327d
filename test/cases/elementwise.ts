/** Elementwise ops: values over their domains, sizes around multiples of 4, each axis broadcast. */
import {
  apart,
  distinct,
  given,
  type InputSpec,
  mask,
  type OpCase,
  positive,
  row,
  uniform,
  whole,
} from './case.ts';

type Shape = readonly number[];

/** Odd and even sizes, below and above one vec4 and one workgroup; scalars too. */
const SHAPES: readonly Shape[] = [[], [1], [3], [4], [5, 7], [3, 1, 5, 3, 33], [1, 2, 3, 8, 64]];

/** Pairs in which one side or both are broadcast, axis by axis and with missing axes. */
const BROADCASTS: readonly (readonly [Shape, Shape])[] = [
  [[4], []],
  [[], [3]],
  [[2, 3, 5], [5]],
  [
    [7, 1],
    [1, 5],
  ],
  [
    [3, 2, 4, 5, 8],
    [1, 2, 4, 5, 8],
  ],
  [
    [3, 2, 4, 5, 8],
    [3, 1, 4, 5, 8],
  ],
  [
    [3, 2, 4, 5, 8],
    [3, 2, 1, 5, 8],
  ],
  [
    [3, 2, 4, 5, 8],
    [3, 2, 4, 1, 8],
  ],
  [
    [3, 2, 4, 5, 8],
    [3, 2, 4, 5, 1],
  ],
  [
    [3, 2, 5, 3, 7],
    [3, 1, 1, 1, 7],
  ],
  [
    [1, 2, 5, 3, 7],
    [3, 1, 1, 1, 7],
  ],
  [
    [3, 8, 33],
    [1, 8, 1],
  ],
  // A multiple of 4 elements in rows that are not: four neighbours straddle a row's end.
  [[4, 5], [5]],
  [[4, 6, 3], [3]],
  [
    [3, 4, 5],
    [3, 1, 5],
  ],
  [
    [3, 4, 5],
    [1, 4, 5],
  ],
  [
    [4, 7],
    [4, 1],
  ],
  [
    [3, 1, 5],
    [1, 4, 5],
  ],
  [
    [1, 2, 3],
    [4, 1, 3],
  ],
  [
    [2, 4, 3, 4, 3],
    [2, 1, 1, 4, 3],
  ],
];

const same = SHAPES.map((shape) => [shape, shape] as const);

function binaryCases(): OpCase[] {
  const cases: OpCase[] = [];
  for (const [a, b] of [...same, ...BROADCASTS]) {
    cases.push(row('add', [uniform(a), uniform(b)], {}));
    cases.push(row('sub', [uniform(a), uniform(b)], {}));
    cases.push(row('mul', [uniform(a), uniform(b)], {}));
    cases.push(row('div', [uniform(a), apart(b)], {}));
    cases.push(row('minimum', [uniform(a), uniform(b)], {}));
    cases.push(row('maximum', [uniform(a), uniform(b)], {}));
    cases.push(row('prelu', [uniform(a), uniform(b)], {}));
  }
  for (const [a, b] of [...same.slice(0, 3), ...BROADCASTS.slice(2, 6)]) {
    cases.push(row('greater', [uniform(a), uniform(b)], {}));
    cases.push(row('less', [uniform(a), uniform(b)], {}));
    cases.push(row('equal', [given(a, [0, 1, 2, 0, 3]), given(b, [0, 2, 2, 1])], {}));
  }
  for (const op of ['add', 'sub', 'mul', 'div', 'minimum', 'maximum', 'greater', 'less'] as const) {
    cases.push(row(op, [uniform([3, 5])], { b: 0.375 }));
    cases.push(row(op, [uniform([2, 4])], { b: -2 }));
  }
  cases.push(row('equal', [given([7], [0, 1, 2])], { b: 2 }));
  for (const op of ['add', 'sub', 'mul', 'minimum', 'maximum', 'greater', 'less', 'equal'] as const) {
    cases.push(row(op, [whole([3, 5], -4, 5), whole([5], -4, 5)], {}));
  }
  // Wider broadcasts, where a gradient sums many terms.
  cases.push(row('mul', [uniform([3, 4, 14, 14, 16]), uniform([3, 1, 1, 1, 16])], {}));
  cases.push(row('prelu', [uniform([3, 4, 14, 14, 16]), uniform([3, 1, 1, 1, 16])], {}));
  cases.push(row('prelu', [uniform([1, 2, 7, 7, 30]), uniform([1, 1, 1, 1, 30])], {}));
  cases.push(row('add', [uniform([5000]), uniform([])], {}));
  return cases;
}

function unaryCases(): OpCase[] {
  const cases: OpCase[] = [];
  const wide = (shape: Shape): InputSpec => uniform(shape, -3, 3);
  for (const shape of SHAPES) {
    for (const op of ['neg', 'square'] as const) cases.push(row(op, [uniform(shape)], {}));
    for (const op of ['abs', 'sign', 'relu', 'exp', 'tanh'] as const) cases.push(row(op, [wide(shape)], {}));
    for (const op of ['log', 'sqrt', 'rsqrt'] as const) cases.push(row(op, [positive(shape)], {}));
    cases.push(row('reciprocal', [apart(shape)], {}));
    cases.push(row('relu6', [uniform(shape, -3, 9)], {}));
    cases.push(row('clamp', [uniform(shape)], { low: -0.5, high: 0.75 }));
  }
  for (const exponent of [2, 3, 4, -1, -2]) cases.push(row('pow', [apart([3, 7])], { exponent }));
  for (const exponent of [0.5, -0.5, 1.5, 2.5, 3]) cases.push(row('pow', [positive([5, 4])], { exponent }));
  for (const exponent of [0, 1]) cases.push(row('pow', [positive([6])], { exponent }));
  // Far out: tanh and exp must saturate, not overflow.
  cases.push(row('tanh', [given([8], [-100, -30, -9, -0.001, 0.001, 9, 30, 100])], {}));
  cases.push(row('exp', [given([5], [-80, -20, 0, 20, 80])], {}));
  cases.push(row('log', [given([5], [1e-6, 0.5, 1, 1.5, 1e6])], {}));
  cases.push(row('cast', [whole([3, 5], -9, 9)], { dtype: 'f32' }));
  cases.push(row('cast', [given([9], [-2.75, -1, -0.5, 0, 0.25, 0.5, 1, 1.5, 7.9])], { dtype: 'i32' }));
  return cases;
}

function choiceCases(): OpCase[] {
  const cases: OpCase[] = [];
  for (const shape of SHAPES) {
    cases.push(row('select', [mask(shape), uniform(shape), uniform(shape)], {}));
  }
  cases.push(row('select', [mask([3, 1, 5]), uniform([1, 4, 5]), uniform([])], {}));
  cases.push(row('select', [mask([4, 5]), uniform([4, 1]), uniform([5])], {}));
  cases.push(row('select', [mask([2, 1, 1, 1, 1]), uniform([1, 3, 4, 4, 8]), uniform([2, 3, 4, 4, 8])], {}));
  cases.push(row('minimum', [distinct([3, 5, 9]), given([9], [-0.5, 0.25, 0.5])], {}));
  return cases;
}

/** Where a convention decides. */
function kinkCases(): OpCase[] {
  const x = given([2, 6], [-1, 0, 0.5, 1, 6, 7]);
  const kinks = { kinks: true };
  return [
    row('abs', [x], {}, kinks),
    row('sign', [x], {}, kinks),
    row('relu', [x], {}, kinks),
    row('relu6', [x], {}, kinks),
    row('clamp', [x], { low: 0, high: 1 }, kinks),
    row('prelu', [x, uniform([6])], {}, kinks),
    row('minimum', [x, given([6], [-1, 1, 0.5])], {}, kinks),
    row('maximum', [x, given([6], [-1, 1, 0.5])], {}, kinks),
    row('greater', [x, given([6], [-1, 1, 0.5])], {}, kinks),
    row('less', [x, given([6], [-1, 1, 0.5])], {}, kinks),
  ];
}

export const elementwiseCases: readonly OpCase[] = [
  ...binaryCases(),
  ...unaryCases(),
  ...choiceCases(),
  ...kinkCases(),
];
