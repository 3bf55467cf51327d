/**
 * What every classification head gives, whatever its margin.
 *
 * M members, N images, K identities, E embedding size.
 */
import { l2Normalize, less, matmul, max, mul, oneHot, sub, sum, type Tensor } from '../engine/index.ts';

export interface HeadInput {
  /** [M, N, E] */
  readonly features: Tensor;
  /** Weight vectors: [M, K, E], or [1, K, E] where the members share them. */
  readonly weights: Tensor;
  /** i32 [N] */
  readonly labels: Tensor;
}

/** What every head gives. */
export interface HeadLoss {
  /** Per example, [M, N]. */
  readonly loss: Tensor;
  /** 1 where no other identity scores higher than the right one, else 0: [M, N]. */
  readonly correct: Tensor;
}

/** What a head gives that has all scores at hand. One over chunks of classes gives a `ChunkedHeadOutput`. */
export interface HeadOutput extends HeadLoss {
  /** Logits that classify, without the margin: [M, N, K]. */
  readonly scores: Tensor;
}

/** A head that never holds all scores has none to give. */
export interface ChunkedHeadOutput extends HeadLoss {
  readonly scores?: never;
}

/** A head turns features and labels into a loss; its settings are bound beforehand. */
export type Head = (input: HeadInput) => HeadOutput;

/**
 * The scores [M, N, K] of a head that may or may not have them. Throws a RangeError that names `what` needs them
 * where the head works over chunks of classes.
 */
export function requireScores(what: string, output: HeadOutput | ChunkedHeadOutput): Tensor {
  if (output.scores) return output.scores;
  throw new RangeError(
    `${what}: expected a head that holds the scores of all identities, got one over chunks of classes, which has none; ` +
      'use the plain head, with as many identities as fit one buffer, or another defence',
  );
}

/** Cosines of features and weight vectors: [M, N, K]. */
export function cosines({ features, weights }: HeadInput): Tensor {
  return matmul(l2Normalize(features, -1), l2Normalize(weights, -1), { transposeB: true });
}

/** The labels as a mask over identities, [N, K], and the scores under it, [M, N, 1]. */
export function atLabel(scores: Tensor, labels: Tensor): { mask: Tensor; score: Tensor } {
  const mask = oneHot(labels, scores.shape.at(-1)!);
  return { mask, score: sum(mul(scores, mask), [-1], { keepDims: true }) };
}

/** 1 where the label's score is the largest, else 0: scores [M, N, K], labels [N] → [M, N]. */
export function correctness(scores: Tensor, labels: Tensor): Tensor {
  const { mask } = atLabel(scores, labels);
  const own = sum(mul(scores, mask), [-1]);
  return sub(1, less(own, max(scores, [-1])));
}

/** Throws a RangeError unless the three shapes belong together. */
export function checkHeadInput(head: string, { features, weights, labels }: HeadInput): void {
  const [m = 0, n = 0, e = 0] = features.shape;
  const [wm = 0, , we = 0] = weights.shape;
  const ranks = features.shape.length === 3 && weights.shape.length === 3 && labels.shape.length === 1;
  if (!ranks || (wm !== 1 && wm !== m) || we !== e || labels.shape[0] !== n) {
    const list = (t: Tensor) => `[${t.shape.join(', ')}]`;
    throw new RangeError(
      `${head}: expected features [members, batch, size], weights [members or 1, identities, size] and labels [batch]; ` +
        `got ${list(features)}, ${list(weights)} and ${list(labels)}`,
    );
  }
}
