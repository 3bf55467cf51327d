/**
 * What an attack meets at its first step: how far the similarity is from the threshold, how steeply each member's
 * rises, and how much of that is left when all rise at once, since members that lead elsewhere hold each other back.
 */
import {
  type Engine,
  gradients,
  input,
  l2Normalize,
  mul,
  slice,
  stopGradient,
  sum,
  type Tensor,
} from '../../engine/index.ts';
import { average, median } from '../../evaluation/intervals.ts';
import type { FaceNetwork } from '../../models/face-network.ts';
import type { Slopes } from '../report/index.ts';
import { facePixels, type Impersonation } from './attack-pairs.ts';
import type { StudyData } from './data.ts';
import { dot } from './diagnosis.ts';

/** One pair. Lengths are L2, of changes per pixel value in [0, 1]. */
export interface PairSlopes {
  /** Mean cosine of the members' features of source and target. */
  readonly similarity: number;
  /** Mean length of the members' gradients. */
  readonly member: number;
  /** Length of the mean of the members' gradients. */
  readonly joint: number;
  /** Mean cosine of two members' gradients; null for a single network. */
  readonly cosine: number | null;
}

/** The gradients ∇ₓ cos(f_m(x), f_m(t)) at the source x of each pair, t its target; `batchSize` pairs at once. */
export async function pairSlopes(
  engine: Engine,
  network: FaceNetwork,
  data: Pick<StudyData, 'test'>,
  pairs: readonly Impersonation[],
  batchSize: number,
): Promise<PairSlopes[]> {
  const { members, inputSize, embeddingSize } = network;
  const pixels = inputSize[0] * inputSize[1] * 3;
  const batch = Math.min(batchSize, pairs.length);
  const shape = [1, batch, ...inputSize, 3];
  const program = await engine.compile<'sources' | 'targets', string>({
    name: 'slopes',
    inputs: { sources: input(shape), targets: input(shape) },
    trace: ({ sources, targets }) => {
      const units = l2Normalize(network.embed(sources), -1);
      const products = mul(units, stopGradient(l2Normalize(network.embed(targets), -1)));
      const slopes = Array.from({ length: members }, (_, m): [string, Tensor] => {
        const own = slice(products, [m, 0, 0], [m + 1, batch, embeddingSize]);
        return [`member${m}`, gradients(sum(own), [sources])[0]!];
      });
      return { outputs: { cosines: sum(products, [-1]), ...Object.fromEntries(slopes) } };
    },
  });
  try {
    const found: PairSlopes[] = [];
    for (let first = 0; first < pairs.length; first += batch) {
      // The last batch is filled up with the first pairs again.
      const rows = Array.from({ length: batch }, (_, i) => pairs[(first + i) % pairs.length]!);
      const images = (rowOf: (pair: Impersonation) => number) => {
        const all = new Float32Array(batch * pixels);
        for (const [i, pair] of rows.entries()) all.set(facePixels(data.test, rowOf(pair)), i * pixels);
        return all;
      };
      const read = await program
        .run({ sources: images(({ source }) => source), targets: images(({ target }) => target) })
        .read();
      const each = Array.from({ length: members }, (_, m) => m);
      for (let i = 0; i < Math.min(batch, pairs.length - first); i++) {
        found.push(
          slopesOf(
            each.map((m) => read.cosines![m * batch + i]!),
            each.map((m) => read[`member${m}`]!.subarray(i * pixels, (i + 1) * pixels)),
          ),
        );
      }
    }
    return found;
  } finally {
    program.free();
  }
}

/** From the members' similarities, and their gradients. */
export function slopesOf(
  similarities: readonly number[],
  gradientsOfMembers: readonly ArrayLike<number>[],
): PairSlopes {
  const members = gradientsOfMembers.length;
  const products = gradientsOfMembers.map((a) => gradientsOfMembers.map((b) => dot(a, b)));
  const lengths = products.map((row, i) => Math.sqrt(row[i]!));
  let [all, cosines] = [0, 0];
  for (let i = 0; i < members; i++) {
    for (let j = 0; j < members; j++) {
      all += products[i]![j]!;
      if (i !== j) cosines += products[i]![j]! / (lengths[i]! * lengths[j]! || 1);
    }
  }
  return {
    similarity: average(similarities),
    member: average(lengths),
    joint: Math.sqrt(Math.max(0, all)) / members,
    cosine: members < 2 ? null : cosines / (members * (members - 1)),
  };
}

/** Means over the pairs that are under the threshold; null where all are over it. */
export function summariseSlopes(pairs: readonly PairSlopes[], threshold: number): Slopes | null {
  const under = pairs.filter(({ similarity }) => similarity < threshold);
  if (under.length === 0) return null;
  const cosines = under.flatMap(({ cosine }) => cosine ?? []);
  return {
    pairs: under.length,
    gap: average(under.map(({ similarity }) => threshold - similarity)),
    member: average(under.map(({ member }) => member)),
    joint: average(under.map(({ joint }) => joint)),
    cosine: cosines.length === 0 ? null : average(cosines),
    firstOrder: median(under.map(({ similarity, joint }) => (threshold - similarity) / joint)),
  };
}
