/**
 * How members' features and weight vectors lie: the paper's diagnosis. With separate weight vectors a member's features
 * point along its own and at right angles to everybody else's, so that pushing features apart changes nothing.
 */
import { type Embeddings, measure } from '../../evaluation/index.ts';
import type { Diagnosis } from '../report/index.ts';

export interface WeightVectors {
  /** [sets, identities, features] */
  readonly data: Float32Array;
  /** One for each member, or 1 where they share them. */
  readonly sets: number;
}

/**
 * Angles in degrees, means over images; the volume of the members' unit features, its geometric mean.
 * `labels` are the images' identities.
 */
export function diagnose(
  embeddings: Embeddings,
  labels: ArrayLike<number>,
  weights: WeightVectors,
): Diagnosis {
  const { members, count } = embeddings;
  const units = unitFeatures(embeddings);
  const classes = weights.data.length / (weights.sets * embeddings.dimension);
  const vectors = unitFeatures({
    data: weights.data,
    members: weights.sets,
    count: classes,
    dimension: embeddings.dimension,
  });
  const each = (angle: (i: number, j: number, image: number) => number) =>
    Array.from({ length: members }, (_, i) =>
      Array.from({ length: members }, (_, j) => {
        let sum = 0;
        for (let image = 0; image < count; image++) sum += angle(i, j, image);
        return sum / count;
      }),
    );
  return {
    images: count,
    featureToWeight: each((i, j, image) =>
      degrees(units(i, image), vectors(weights.sets === 1 ? 0 : j, labels[image]!)),
    ),
    featureToFeature: each((i, j, image) => (i === j ? 0 : degrees(units(i, image), units(j, image)))),
    volume: members < 2 ? null : meanVolume(units, members, count),
  };
}

type Units = (member: number, row: number) => Float64Array;

/** Features divided by their lengths; a feature of length 0 stays 0, at right angles to everything. */
function unitFeatures(embeddings: Embeddings): Units {
  const { data, dimension, count, norms } = measure(embeddings);
  return (member, row) => {
    const at = member * count + row;
    const scale = norms[at] ? 1 / norms[at] : 0;
    return Float64Array.from(data.subarray(at * dimension, (at + 1) * dimension), (value) => value * scale);
  };
}

/** Inner product; as long as `a`. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function degrees(a: Float64Array, b: Float64Array): number {
  return (Math.acos(Math.min(1, Math.max(-1, dot(a, b)))) * 180) / Math.PI;
}

/** exp of the mean log volume; 0 where some image's features lie in fewer dimensions. */
function meanVolume(units: Units, members: number, count: number): number {
  let sum = 0;
  for (let image = 0; image < count; image++) {
    const features = Array.from({ length: members }, (_, member) => units(member, image));
    sum += Math.log(volume(features));
  }
  return Math.exp(sum / count);
}

/** Volume that unit vectors span: the product of each one's distance from the span of those before it. */
export function volume(vectors: readonly Float64Array[]): number {
  const basis: Float64Array[] = [];
  let product = 1;
  for (const vector of vectors) {
    const rest = Float64Array.from(vector);
    // Twice: once leaves rounding along vectors that nearly agree (Kahan's rule for Gram–Schmidt).
    for (let pass = 0; pass < 2; pass++) {
      for (const direction of basis) {
        const along = dot(rest, direction);
        for (let i = 0; i < rest.length; i++) rest[i]! -= along * direction[i]!;
      }
    }
    const length = Math.sqrt(dot(rest, rest));
    product *= length;
    if (length > 0) basis.push(rest.map((value) => value / length));
  }
  return product;
}
