/** Who impersonates whom: the same pairs for every defence. */
import type { AttackPair } from '../../attacks/index.ts';
import type { LoadedFaces } from '../../data/index.ts';
import type { Embeddings } from '../../evaluation/index.ts';
import type { TestFaces } from './test-faces.ts';

/** An impersonation: the source's image is to be accepted as the target's person. Rows of the test faces. */
export interface Impersonation {
  readonly source: number;
  readonly target: number;
}

/**
 * `count` of the test pairs of different people, or all of them where there are fewer, spread evenly over the list.
 * No defence has a say, so that defences can be attacked apart; pairs that one accepts as they are, are left out later.
 *
 * Throws where there is no pair of different people.
 */
export function drawImpersonations({ pairs }: Pick<TestFaces, 'pairs'>, count: number): Impersonation[] {
  const different = pairs.filter((pair) => !pair.same);
  if (different.length === 0) {
    throw new Error(
      'the test pairs hold no two different people, so nobody can be impersonated; give other --pairs',
    );
  }
  return spread(different.length)
    .slice(0, count)
    .map((index) => ({ source: different[index]!.a, target: different[index]!.b }));
}

/** 0 … count − 1, each prefix spread over the whole range: steps by the golden ratio, made coprime to it. */
export function spread(count: number): number[] {
  let step = Math.max(1, Math.round(count * 0.618));
  while (greatestDivisor(step, count) !== 1) step++;
  return Array.from({ length: count }, (_, index) => (index * step) % count);
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** A pair as an attack takes it: the source's pixels, and all members' features of the target. */
export function attackPair(
  { source, target }: Impersonation,
  data: Pick<TestFaces, 'test' | 'testNames'>,
  targets: Embeddings,
  targetRow: number,
): AttackPair {
  return {
    name: `${data.testNames[source]} → ${data.testNames[target]}`,
    source: facePixels(data.test, source),
    targets: featuresOf(targets, targetRow),
  };
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
