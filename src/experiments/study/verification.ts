/** How well a trained defence recognises people it has never seen, and the thresholds that it works at. */
import {
  type Embeddings,
  impostorScores,
  type MatchingRule,
  memberCosine,
  pairSimilarities,
  similarityHistogram,
  thinRoc,
  thresholdAtFar,
  type Verification,
  verify,
} from '../../evaluation/index.ts';
import type { RunResults } from '../report/index.ts';
import type { TestFaces } from './test-faces.ts';

/** Impostor pairs that a threshold is chosen over, at most. */
const MOST_IMPOSTORS = 2_000_000;

type Judged = Pick<TestFaces, 'pairs' | 'test'>;
type Threshold = RunResults['threshold'];
export type VerificationResult = Pick<RunResults, 'verification' | 'threshold' | 'rules' | 'memberCosine'>;
/** What is kept of a network on the way. */
export type BriefVerification = Pick<
  RunResults['snapshots'][number],
  'accuracy' | 'deviation' | 'threshold' | 'memberCosine'
>;

/** Verifies the test pairs by every rule, the first of which is the study's, each at its own threshold. */
export function verifyDefence(
  embeddings: Embeddings,
  data: Judged,
  far: number,
  rules: readonly [MatchingRule, ...MatchingRule[]],
): VerificationResult {
  const judged = rules.map((rule) => {
    const { result, scores, same } = verifyPairs(embeddings, data, rule);
    return { rule, result, scores, same, threshold: thresholdOf(embeddings, data, far, rule) };
  });
  const { result, scores, same, threshold } = judged[0]!;
  return {
    verification: {
      pairs: data.pairs.length,
      folds: result.folds.length,
      accuracy: result.accuracy,
      deviation: result.deviation,
      tarAtFar: result.tarAtFar.map(({ far: rate, tar, resolved }) => ({ far: rate, tar, resolved })),
      eer: result.eer,
      auc: result.auc,
      roc: thinRoc(result.roc),
      similarities: similarityHistogram(scores, same),
    },
    threshold,
    rules: judged.map((entry) => ({
      rule: entry.rule,
      accuracy: entry.result.accuracy,
      deviation: entry.result.deviation,
      eer: entry.result.eer,
      threshold: entry.threshold,
    })),
    memberCosine: memberCosine(embeddings),
  };
}

/** The same, by one rule, and only the numbers that a curve along training needs. */
export function verifyBriefly(
  embeddings: Embeddings,
  data: Judged,
  far: number,
  rule: MatchingRule,
): BriefVerification {
  const { accuracy, deviation } = verifyPairs(embeddings, data, rule).result;
  return {
    accuracy,
    deviation,
    threshold: thresholdOf(embeddings, data, far, rule),
    memberCosine: memberCosine(embeddings),
  };
}

/** Accuracy of the test pairs by one rule. */
export function verifyPairs(
  embeddings: Embeddings,
  { pairs }: Judged,
  rule: MatchingRule,
): { result: Verification; scores: Float64Array; same: boolean[] } {
  const scores = pairSimilarities(
    rule,
    embeddings,
    pairs.map(({ a }) => a),
    pairs.map(({ b }) => b),
  );
  const same = pairs.map((pair) => pair.same);
  const folds = Int32Array.from(pairs, (pair) => pair.fold);
  return { result: verify(scores, same, folds), scores, same };
}

/** Chosen over all pairs of different people, or so many of them that a rate of `far` is well resolved. */
function thresholdOf(embeddings: Embeddings, { test }: Judged, far: number, rule: MatchingRule): Threshold {
  const rows = embeddings.count;
  const sample =
    (rows * (rows - 1)) / 2 > MOST_IMPOSTORS ? { sample: { pairs: MOST_IMPOSTORS, seed: 0 } } : {};
  const impostors = impostorScores(embeddings, test.labels, rule, { far, ...sample });
  return { far, value: thresholdAtFar(impostors, far), impostors: impostors.count };
}
