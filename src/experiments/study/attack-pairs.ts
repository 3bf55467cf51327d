/** Who impersonates whom: the same pairs for every defence. */

import type { AttackPair } from '../../attacks/run.ts';
import type { LoadedFaces } from '../../data/index.ts';
import { type Embeddings, pairSimilarities } from '../../evaluation/index.ts';
import type { StudyData, TestPair } from './data.ts';

/** An impersonation: the source's image is to be accepted as the target's person. Rows of the test faces. */
export interface Impersonation {
  readonly source: number;
  readonly target: number;
}

/** A defence's features of the test faces, and its threshold. */
export interface Judge {
  readonly embeddings: Embeddings;
  readonly threshold: number;
}

/**
 * Up to `count` of the test pairs of different people, spread evenly over the list, that no judge accepts
 * as they are: a pair that is accepted already needs no attack.
 *
 * @returns the pairs, and how many candidates were passed over because some judge accepts them.
 */
export function chooseImpersonations(
  data: StudyData,
  judges: readonly Judge[],
  count: number,
): { readonly pairs: Impersonation[]; readonly accepted: number } {
  const different = data.pairs.filter((pair) => !pair.same);
  const similarities = judges.map(({ embeddings }) =>
    pairSimilarities(
      'mean',
      embeddings,
      different.map(({ a }) => a),
      different.map(({ b }) => b),
    ),
  );
  const pairs: Impersonation[] = [];
  let accepted = 0;
  for (const index of spread(different.length)) {
    if (pairs.length === count) break;
    if (judges.some(({ threshold }, judge) => similarities[judge]![index]! > threshold)) accepted++;
    else pairs.push(impersonation(different[index]!));
  }
  return { pairs, accepted };
}

function impersonation({ a, b }: TestPair): Impersonation {
  return { source: a, target: b };
}

/** 0 … count − 1, each prefix spread over the whole range: steps by the golden ratio, made coprime to it. */
function spread(count: number): number[] {
  let step = Math.max(1, Math.round(count * 0.618));
  while (greatestDivisor(step, count) !== 1) step++;
  return Array.from({ length: count }, (_, index) => (index * step) % count);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** The pairs as an attack takes them. */
export function* attackPairs(
  pairs: readonly Impersonation[],
  data: StudyData,
  embeddings: Embeddings,
): Generator<AttackPair> {
  for (const { source, target } of pairs) {
    yield {
      name: `${data.testNames[source]} → ${data.testNames[target]}`,
      source: facePixels(data.test, source),
      targets: featuresOf(embeddings, target),
    };
  }
}

/** One face as pixels in [0, 1], [H, W, 3]. */
export function facePixels(faces: LoadedFaces, row: number): Float32Array {
  const length = faces.size * faces.size * 3;
  return Float32Array.from(faces.pixels.subarray(row * length, (row + 1) * length), (byte) => byte / 255);
}

/** All members' features of one image: [members, features]. */
export function featuresOf({ data, members, count, dimension }: Embeddings, row: number): Float32Array {
  const features = new Float32Array(members * dimension);
  for (let member = 0; member < members; member++) {
    const from = (member * count + row) * dimension;
    features.set(data.subarray(from, from + dimension), member * dimension);
  }
  return features;
}
