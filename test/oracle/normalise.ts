/** Batch normalisation and projection onto the unit sphere. */
import { addAt, at, build, forEachIndex, type NdArray, zeros } from './ndarray.ts';
import { type Attributes, normalAxis, type OracleOp } from './operation.ts';

interface Statistics {
  readonly mean: NdArray;
  readonly variance: NdArray;
  /** Elements behind each statistic. */
  readonly count: number;
}

/** Mean and biased variance per member (first axis) and channel (last axis), the axes between kept as 1. */
function statistics(x: NdArray): Statistics {
  const rank = x.shape.length;
  const kept = x.shape.map((extent, axis) => (axis === 0 || axis === rank - 1 ? extent : 1));
  const mean = zeros(kept);
  const variance = zeros(kept);
  const count = x.data.length / mean.data.length;
  forEachIndex(x.shape, (index, flat) => addAt(mean, index, x.data[flat]! / count));
  forEachIndex(x.shape, (index, flat) =>
    addAt(variance, index, (x.data[flat]! - at(mean, index)) ** 2 / count),
  );
  return { mean, variance, count };
}

/** [members or 1, channels] with axes of 1 between, to broadcast against x. The elements are shared. */
function spread(parameter: NdArray, x: NdArray): NdArray {
  const [members, channels] = parameter.shape as [number, number];
  const between = new Array<number>(x.shape.length - 2).fill(1);
  return { shape: [members, ...between, channels], data: parameter.data };
}

/** [members, channels] of what `spread` or `statistics` made. */
function flat({ shape, data }: NdArray): NdArray {
  return { shape: [shape[0]!, shape[shape.length - 1]!], data };
}

/**
 * x [M, …, C], gamma and beta [M or 1, C] → y = gamma·(x − mean)/√(variance + eps) + beta, and mean and
 * variance [M, C].
 *
 * With n the number of elements of a channel, h = (x − mean)/√(variance + eps) and g = dy·gamma:
 * dx = (g − Σg/n − h·Σ(g·h)/n)/√(variance + eps).
 */
export const batchNorm: OracleOp<Attributes['batchNorm']> = {
  forward([x, gammas, betas], { eps }) {
    const { mean, variance } = statistics(x!);
    const [gamma, beta] = [spread(gammas!, x!), spread(betas!, x!)];
    const y = build(x!.shape, (index) => {
      const h = (at(x!, index) - at(mean, index)) / Math.sqrt(at(variance, index) + eps);
      return at(gamma, index) * h + at(beta, index);
    });
    return [y, flat(mean), flat(variance)];
  },
  backward([x, gammas, betas], { eps }, dy) {
    const { mean, variance, count } = statistics(x!);
    const gamma = spread(gammas!, x!);
    const normal = build(
      x!.shape,
      (index) => (at(x!, index) - at(mean, index)) / Math.sqrt(at(variance, index) + eps),
    );
    const dGamma = zeros(gamma.shape);
    const dBeta = zeros(spread(betas!, x!).shape);
    const meanG = zeros(mean.shape);
    const meanGH = zeros(mean.shape);
    forEachIndex(x!.shape, (index, flat) => {
      const g = dy.data[flat]! * at(gamma, index);
      addAt(dGamma, index, dy.data[flat]! * normal.data[flat]!);
      addAt(dBeta, index, dy.data[flat]!);
      addAt(meanG, index, g / count);
      addAt(meanGH, index, (g * normal.data[flat]!) / count);
    });
    const dx = build(x!.shape, (index) => {
      const centred = at(dy, index) * at(gamma, index) - at(meanG, index);
      return (centred - at(normal, index) * at(meanGH, index)) / Math.sqrt(at(variance, index) + eps);
    });
    return [dx, flat(dGamma), flat(dBeta)];
  },
};

/** x / √(Σx² + eps) along one axis; eps, 1e-12 unless given, only guards a row of zeros. */
export const l2Normalize: OracleOp<Attributes['l2Normalize']> = {
  forward([x], attributes) {
    const norm = norms(x!, attributes);
    return [build(x!.shape, (index) => at(x!, index) / at(norm, index))];
  },
  backward([x], attributes, dy) {
    // d(x/r) = dy/r − x·Σ(dy·x)/r³
    const norm = norms(x!, attributes);
    const along = zeros(norm.shape);
    forEachIndex(x!.shape, (index, flat) => addAt(along, index, dy.data[flat]! * x!.data[flat]!));
    return [
      build(x!.shape, (index) => {
        const r = at(norm, index);
        return at(dy, index) / r - (at(x!, index) * at(along, index)) / r ** 3;
      }),
    ];
  },
};

function norms(x: NdArray, { axis, eps = 1e-12 }: Attributes['l2Normalize']): NdArray {
  const along = normalAxis(axis, x.shape.length);
  const squares = zeros(x.shape.map((extent, i) => (i === along ? 1 : extent)));
  forEachIndex(x.shape, (index, flat) => addAt(squares, index, x.data[flat]! ** 2));
  return { shape: squares.shape, data: squares.data.map((s) => Math.sqrt(s + eps)) };
}
