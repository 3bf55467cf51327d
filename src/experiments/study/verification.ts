/** How well a trained defence recognises people it has never seen, and the threshold that it works at. */
import {
  type Embeddings,
  impostorScores,
  memberCosine,
  pairSimilarities,
  similarityHistogram,
  thinRoc,
  thresholdAtFar,
  verify,
} from '../../evaluation/index.ts';
import type { RunResults } from '../report/index.ts';
import type { StudyData } from './data.ts';

/** Impostor pairs that a threshold is chosen over, at most. */
const MOST_IMPOSTORS = 2_000_000;

export type VerificationResult = Pick<RunResults, 'verification' | 'threshold' | 'memberCosine'>;

/** Verifies the test pairs and chooses the threshold at `far`, over all pairs of different people. */
export function verifyDefence(embeddings: Embeddings, data: StudyData, far: number): VerificationResult {
  const { pairs, test } = data;
  const scores = pairSimilarities(
    'mean',
    embeddings,
    pairs.map(({ a }) => a),
    pairs.map(({ b }) => b),
  );
  const same = pairs.map((pair) => pair.same);
  const result = verify(
    scores,
    same,
    Int32Array.from(pairs, (pair) => pair.fold),
  );
  const rows = embeddings.count;
  const sample =
    (rows * (rows - 1)) / 2 > MOST_IMPOSTORS ? { sample: { pairs: MOST_IMPOSTORS, seed: 0 } } : {};
  const impostors = impostorScores(embeddings, test.labels, 'mean', { far, ...sample });
  return {
    verification: {
      pairs: pairs.length,
      folds: result.folds.length,
      accuracy: result.accuracy,
      deviation: result.deviation,
      tarAtFar: result.tarAtFar.map(({ far: rate, tar, resolved }) => ({ far: rate, tar, resolved })),
      eer: result.eer,
      auc: result.auc,
      roc: thinRoc(result.roc),
      similarities: similarityHistogram(scores, same),
    },
    threshold: { far, value: thresholdAtFar(impostors, far), impostors: impostors.count },
    memberCosine: memberCosine(embeddings),
  };
}
