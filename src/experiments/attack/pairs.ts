/** Which pairs are attacked, and the features that they are moved to. */
import { meanTarget } from '../../attacks/index.ts';
import { type Embeddings, pairSimilarities } from '../../evaluation/index.ts';
import type { Results } from '../report/index.ts';
import { drawImpersonations, featuresOf, type Impersonation } from '../study/attack-pairs.ts';
import type { Embedder } from '../study/embedding.ts';
import type { TestFaces } from '../study/test-faces.ts';
import { embedRows, type FeatureRows } from './feature-rows.ts';
import type { AttackStudyTask, GivenNetwork } from './task.ts';

/** Pairs that may be attacked: of different people, or for dodging of one person. */
function candidatePairs({ faces, goal, pairs: wanted }: AttackStudyTask): Impersonation[] {
  return goal === 'impersonate'
    ? drawImpersonations(faces, wanted)
    : drawImpersonations({ pairs: faces.pairs.map((pair) => ({ ...pair, same: !pair.same })) }, wanted);
}

/** Features of all images that these pairs and their targets need. */
export function featuresOfPairs(
  embedder: Embedder,
  { faces, targetImages, progress }: AttackStudyTask,
  { name }: GivenNetwork,
  pairs: readonly Impersonation[],
): Promise<FeatureRows> {
  const rows = pairs.flatMap(({ source, target }) => [
    source,
    ...imagesOfPerson(faces, target, targetImages),
  ]);
  return progress.during(`embed the pairs with ${name}`, new Set(rows).size, (tick) =>
    embedRows(embedder, faces.test, rows, tick),
  );
}

/** Pairs to attack, and what it takes to fool the defence on them. */
export interface Chosen {
  readonly pairs: readonly Impersonation[];
  /** The defence's, of all images that the pairs need. */
  readonly features: FeatureRows;
  readonly threshold: number;
  /** Pairs that are fooled as they are. */
  readonly leftOut: Results['leftOut'];
}

/**
 * Chooses the pairs to attack: those of different people that are rejected, or for dodging those of one person that are
 * accepted. Throws where none is left.
 */
export async function choosePairs(
  task: AttackStudyTask,
  embedder: Embedder,
  threshold: number,
): Promise<Chosen> {
  const { faces, goal, rule, defence } = task;
  const candidates = candidatePairs(task);
  const features = await featuresOfPairs(embedder, task, defence, candidates);
  const { embeddings, indexOf } = features;
  const similarities = pairSimilarities(
    rule,
    embeddings,
    candidates.map(({ source }) => indexOf(source)),
    candidates.map(({ target }) => indexOf(target)),
  );
  const isDone = (index: number) => similarities[index]! > threshold === (goal === 'impersonate');
  const pairs = candidates.filter((_, index) => !isDone(index));
  if (pairs.length === 0) {
    throw new Error(
      goal === 'impersonate'
        ? `none of ${candidates.length} pairs of different people is left to attack: ${defence.name} accepts each as it is; lower --far`
        : `none of ${candidates.length} pairs of one person is left to attack: ${defence.name} rejects each as it is; raise --far`,
    );
  }
  return {
    pairs,
    features,
    threshold,
    leftOut: candidates
      .filter((_, index) => isDone(index))
      .map(({ source, target }) => ({
        seed: 0,
        source: faces.testNames[source]!,
        target: faces.testNames[target]!,
        acceptedBy: [defence.name],
      })),
  };
}

/** Features of the pairs' targets, in their order: the pair's image, or the mean of several of the person. */
export function targetsOf(
  { faces, targetImages }: AttackStudyTask,
  { embeddings, indexOf }: FeatureRows,
  pairs: readonly Impersonation[],
): Embeddings {
  const { members, dimension } = embeddings;
  const count = pairs.length;
  const data = new Float32Array(members * count * dimension);
  for (const [index, { target }] of pairs.entries()) {
    const rows = imagesOfPerson(faces, target, targetImages);
    const features = rows.map((row) => featuresOf(embeddings, indexOf(row)));
    const own = targetImages > 1 ? meanTarget(features, members) : features[0]!;
    for (let member = 0; member < members; member++) {
      data.set(
        own.subarray(member * dimension, (member + 1) * dimension),
        (member * count + index) * dimension,
      );
    }
  }
  return { data, members, count, dimension };
}

/** Rows of the target's image and of others of the same person, `most` at most. */
function imagesOfPerson({ test }: TestFaces, target: number, most: number): number[] {
  const others = Array.from(test.labels.keys()).filter(
    (row) => row !== target && test.labels[row] === test.labels[target],
  );
  return [target, ...others].slice(0, most);
}
