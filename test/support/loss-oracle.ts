/** The losses once more, in float64 and plain loops: M members, N images, K identities, E embedding size. */
import { dot, norm, row } from './float64.ts';

export interface Sizes {
  readonly members: number;
  readonly batch: number;
  readonly classes: number;
  readonly size: number;
}

/** Logits of one example from the cosines (or products) of its feature with every weight vector. */
type Logits = (feature: number[], weights: number[][], label: number) => number[];

/** Per-example losses [M, N]. `weights` has K·E values where the members share them, else M·K·E. */
export function headLosses(
  logits: Logits,
  sizes: Sizes,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
  labels: ArrayLike<number>,
): number[] {
  const { members, batch, classes, size } = sizes;
  const shared = weights.length === classes * size;
  const losses: number[] = [];
  for (let m = 0; m < members; m++) {
    const own = Array.from({ length: classes }, (_, k) => row(weights, (shared ? 0 : m * classes) + k, size));
    for (let n = 0; n < batch; n++) {
      const z = logits(row(features, m * batch + n, size), own, labels[n]!);
      const top = Math.max(...z);
      losses.push(top + Math.log(z.reduce((sum, v) => sum + Math.exp(v - top), 0)) - z[labels[n]!]!);
    }
  }
  return losses;
}

export const softmaxLogits: Logits = (f, weights) => weights.map((w) => dot(f, w));

const cosines = (f: number[], weights: number[][]) => weights.map((w) => dot(f, w) / (norm(f) * norm(w)));

export const cosFaceLogits =
  (margin: number, scale: number): Logits =>
  (f, weights, label) =>
    cosines(f, weights).map((cos, k) => scale * (cos - (k === label ? margin : 0)));

export const arcFaceLogits =
  (margin: number, scale: number, easyMargin: boolean): Logits =>
  (f, weights, label) =>
    cosines(f, weights).map((cos, k) => {
      if (k !== label) return scale * cos;
      const angle = Math.acos(cos);
      if (easyMargin) return scale * (cos > 0 ? Math.cos(angle + margin) : cos);
      return scale * (angle + margin < Math.PI ? Math.cos(angle + margin) : cos - margin * Math.sin(margin));
    });

/** Features without their component along the label's weight vector. */
export function residuals(
  { members, batch, size }: Sizes,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
  labels: ArrayLike<number>,
): number[] {
  const out: number[] = [];
  for (let m = 0; m < members; m++) {
    for (let n = 0; n < batch; n++) {
      const f = row(features, m * batch + n, size);
      const w = row(weights, labels[n]!, size);
      const along = dot(f, w) / dot(w, w);
      out.push(...f.map((v, i) => v - along * w[i]!));
    }
  }
  return out;
}

/** Mean over the batch of log det(G + εI), the determinant by its permutations. */
export function diversityOracle(sizes: Sizes, features: ArrayLike<number>, epsilon: number): number {
  const { batch, members } = sizes;
  let total = 0;
  for (let n = 0; n < batch; n++) {
    const gram = cosineMatrix(sizes, features, n);
    for (let i = 0; i < members; i++) gram[i]![i]! += epsilon;
    total += Math.log(determinant(gram));
  }
  return total / batch;
}

/** Mean cosine over the batch and the pairs of different members. */
export function memberCosineOracle(sizes: Sizes, features: ArrayLike<number>): number {
  const { batch, members } = sizes;
  let total = 0;
  for (let n = 0; n < batch; n++) {
    const gram = cosineMatrix(sizes, features, n);
    for (let i = 0; i < members; i++) {
      for (let j = 0; j < members; j++) if (i !== j) total += gram[i]![j]!;
    }
  }
  return total / (batch * members * (members - 1));
}

/** ADP's terms of scores [M, N, K] per image: entropy of the mean prediction, log det of non-maximal ones. */
export function adpOracle(
  { members, batch, classes }: Sizes,
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  offset: number,
): { entropy: number[]; logDeterminant: number[] } {
  const [entropy, logDeterminant]: [number[], number[]] = [[], []];
  for (let n = 0; n < batch; n++) {
    const predictions = Array.from({ length: members }, (_, m) => {
      const z = row(scores, m * batch + n, classes);
      const top = Math.max(...z);
      const e = z.map((v) => Math.exp(v - top));
      const total = e.reduce((a, b) => a + b, 0);
      return e.map((v) => v / total);
    });
    const average = predictions[0]!.map((_, k) => predictions.reduce((a, p) => a + p[k]!, 0) / members);
    entropy.push(-average.reduce((a, p) => a + p * Math.log(p), 0));
    const units = predictions.map((p) => {
      const others = p.filter((_, k) => k !== labels[n]);
      return others.map((v) => v / norm(others));
    });
    const gram = units.map((a, i) => units.map((b, j) => dot(a, b) + (i === j ? offset : 0)));
    logDeterminant.push(Math.log(determinant(gram)));
  }
  return { entropy, logDeterminant };
}

export function determinant(matrix: readonly (readonly number[])[]): number {
  if (matrix.length === 1) return matrix[0]![0]!;
  return matrix[0]!.reduce((sum, value, column) => {
    const minor = matrix.slice(1).map((line) => line.filter((_, j) => j !== column));
    return sum + (column % 2 === 0 ? 1 : -1) * value * determinant(minor);
  }, 0);
}

function cosineMatrix({ members, batch, size }: Sizes, features: ArrayLike<number>, n: number): number[][] {
  const own = Array.from({ length: members }, (_, m) => row(features, m * batch + n, size));
  return own.map((a) => own.map((b) => dot(a, b) / (norm(a) * norm(b))));
}
