/** Verification of listed pairs by a network: only images that some pair names are embedded, each once. */
import type { Skipped, VerificationSet } from '../../data/index.ts';
import {
  distinctFolds,
  type Embeddings,
  type MatchingRule,
  pairSimilarities,
  type ThresholdChoice,
  type Verification,
  verify,
} from '../../evaluation/index.ts';
import type { ImageEmbedder } from './embed-images.ts';

export interface PairVerification {
  readonly verification: Verification;
  /** Pairs that were compared. */
  readonly pairs: number;
  readonly folds: number;
  /** Images embedded. */
  readonly images: number;
  /** Seconds from the first image read to the last features. */
  readonly seconds: number;
  /** Damaged images, and how many pairs were left out for want of them. */
  readonly skipped: readonly Skipped[];
  readonly lostPairs: number;
}

/** The images that the pairs name, ascending. */
export function imagesOf({ pairs }: Pick<VerificationSet, 'pairs'>): number[] {
  return [...new Set(pairs.flatMap(({ a, b }) => [a, b]))].sort((left, right) => left - right);
}

/** Embeds and compares. Rejects where images cannot be read, or there are too few pairs or folds to verify. */
export async function verifyPairs(
  embedder: ImageEmbedder,
  set: VerificationSet,
  rule: MatchingRule,
  thresholds: ThresholdChoice,
): Promise<PairVerification> {
  // Before anything is embedded, which may take long.
  distinctFolds(set.pairs.map(({ fold }) => fold));
  const wanted = imagesOf(set);
  const started = performance.now();
  const { embeddings, rowOf, skipped } = await collectEmbeddings(embedder, set, wanted);
  const seconds = (performance.now() - started) / 1000;
  const compared = set.pairs.flatMap(({ a, b, same, fold }) => {
    const [left, right] = [rowOf.get(a), rowOf.get(b)];
    return left === undefined || right === undefined ? [] : [{ left, right, same, fold }];
  });
  if (compared.length === 0) {
    throw new Error(
      `${set.name}: no pair is left to compare: ${skipped.length} of ${wanted.length} images are damaged, the first: ${skipped[0]?.reason}`,
    );
  }
  const scores = pairSimilarities(
    rule,
    embeddings,
    compared.map(({ left }) => left),
    compared.map(({ right }) => right),
  );
  const verification = verify(
    scores,
    compared.map(({ same }) => same),
    Int32Array.from(compared, ({ fold }) => fold),
    { thresholds },
  );
  return {
    verification,
    pairs: compared.length,
    folds: verification.folds.length,
    images: embeddings.count,
    seconds,
    skipped,
    lostPairs: set.pairs.length - compared.length,
  };
}

/** Features of all the images, and the row of each. */
async function collectEmbeddings(
  embedder: ImageEmbedder,
  { faces }: VerificationSet,
  wanted: readonly number[],
): Promise<{
  readonly embeddings: Embeddings;
  readonly rowOf: ReadonlyMap<number, number>;
  readonly skipped: readonly Skipped[];
}> {
  const { members, embeddingSize: dimension } = embedder.network;
  const skipped: Skipped[] = [];
  const rowOf = new Map<number, number>();
  const batches: { readonly features: Float32Array; readonly first: number; readonly count: number }[] = [];
  for await (const batch of embedder.embed(faces, wanted)) {
    batches.push({ features: batch.features, first: rowOf.size, count: batch.indices.length });
    for (const index of batch.indices) rowOf.set(index, rowOf.size);
    skipped.push(...batch.skipped);
  }
  const count = rowOf.size;
  const data = new Float32Array(members * count * dimension);
  for (const { features, first, count: rows } of batches) {
    for (let member = 0; member < members; member++) {
      const own = features.subarray(member * rows * dimension, (member + 1) * rows * dimension);
      data.set(own, (member * count + first) * dimension);
    }
  }
  return { embeddings: { data, members, count, dimension }, rowOf, skipped };
}
