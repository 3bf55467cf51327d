/** Normalisations, losses over classes, and log-determinants. */
import { apart, definite, given, labels, type OpCase, row, uniform } from './case.ts';

const EPS = 1e-5;

function batchNormCases(): OpCase[] {
  const cases: OpCase[] = [];
  const shapes = [
    [1, 2, 3, 5, 1],
    [1, 2, 3, 5, 3],
    [3, 2, 5, 7, 4],
    [3, 8, 1, 1, 6],
    [1, 33, 1, 1, 5],
    [1, 4, 14, 14, 64],
    [3, 8, 7, 7, 30],
    [1, 8, 28, 28, 8],
    // Embeddings: statistics over the batch alone.
    [3, 9, 12],
  ];
  for (const shape of shapes) {
    const parameter = [shape[0]!, shape[shape.length - 1]!];
    const inputs = [uniform(shape), apart(parameter), uniform(parameter)];
    cases.push(row('batchNorm', inputs, { eps: EPS }));
  }
  // Members that share gamma and beta.
  const shared = [apart([1, 5]), uniform([1, 5])];
  cases.push(row('batchNorm', [uniform([3, 2, 4, 3, 5]), ...shared], { eps: EPS }));
  // A mean that dwarfs the deviation: E[x²] − E[x]² would lose the variance.
  const parameter = [1, 4];
  cases.push(
    row('batchNorm', [uniform([1, 4, 5, 5, 4], 99, 101), apart(parameter), uniform(parameter)], { eps: EPS }),
  );
  return cases;
}

function sphereCases(): OpCase[] {
  return [
    row('l2Normalize', [apart([5])], { axis: 0 }),
    row('l2Normalize', [apart([3, 8, 128])], { axis: 2 }),
    row('l2Normalize', [apart([3, 8, 128])], { axis: -1 }),
    row('l2Normalize', [apart([1, 5, 33])], { axis: -1 }),
    row('l2Normalize', [apart([2, 7, 4])], { axis: 1 }),
    row('l2Normalize', [apart([1, 500, 128])], { axis: 2 }),
  ];
}

function classCases(): OpCase[] {
  const cases: OpCase[] = [];
  for (const [members, batch, classes] of [
    [1, 1, 1],
    [1, 1, 3],
    [3, 5, 7],
    [1, 8, 33],
    [3, 4, 1000],
  ] as const) {
    const logits = uniform([members, batch, classes], -4, 4);
    cases.push(row('logSumExp', [logits], { axis: -1 }));
    cases.push(row('softmaxCrossEntropy', [logits, labels([batch], classes)], {}));
    cases.push(row('softmaxCrossEntropy', [logits, labels([members, batch], classes)], {}));
  }
  cases.push(row('logSumExp', [uniform([4, 5, 6])], { axis: 1 }));
  cases.push(row('logSumExp', [uniform([9, 3])], { axis: 0 }));
  // Margins are scaled by 32 or 64: exp of a logit overflows unless the maximum is taken out first.
  const steep = [-64, 90, 12, 0, 89, -3, 64];
  cases.push(row('logSumExp', [given([2, 7], steep)], { axis: -1 }));
  cases.push(row('softmaxCrossEntropy', [given([1, 3, 7], steep), labels([3], 7)], {}));
  return cases;
}

function determinantCases(): OpCase[] {
  const cases: OpCase[] = [];
  for (const k of [1, 2, 3, 4, 5, 8]) {
    cases.push(row('logDet', [definite([k, k])], {}));
    cases.push(row('logDet', [definite([7, k, k])], {}));
  }
  cases.push(row('logDet', [definite([3, 5, 3, 3])], {}));
  cases.push(row('logDet', [definite([300, 3, 3])], {}));
  return cases;
}

export const normaliseCases: readonly OpCase[] = [
  ...batchNormCases(),
  ...sphereCases(),
  ...classCases(),
  ...determinantCases(),
];
