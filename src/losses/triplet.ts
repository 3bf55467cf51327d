/**
 * MTER, margin-based triplet embedding regularization: Zhong and Deng, "Adversarial Learning with Margin-based Triplet
 * Embedding Regularization", ICCV 2019 (arXiv:1909.09481), for adversarial training.
 *
 * M members, N images, E embedding size.
 */
import { add, l2Normalize, relu, sqrt, square, sub, sum, type Tensor } from '../engine/index.ts';

export interface TripletOptions {
  /** m: by how much nearer an attacked image must be to its source than to its target; features have length 1. */
  readonly margin?: number;
}

/** The authors' own for faces, and their code's default. */
export const MTER_MARGIN = 0.2;

/** Keeps the slope of a Euclidean distance finite where it is 0; lengthens none by more than a millionth. */
const SMALLEST_SQUARE = 1e-12;

/**
 * Features [M, N, E] of attacked images x′, of the sources x that they were made of, and of the targets t that they
 * imitate → loss [M, N], each feature first divided by its length:
 *
 *     max(0, m + ‖f(x′) − f(x)‖₂ − ‖f(x′) − f(t)‖₂)
 *
 * It is 0 once the attacked image is nearer to its source than to its target by the margin. Slopes reach all three
 * features. The mean over the batch is added to the classification loss (of x and t, not of x′), with a weight of 1.
 *
 * The paper makes x′ by sign steps on ‖f(x′) − f(t)‖ from x, with the network as it is in that step of training.
 * The equation is as in the authors' published training code: distances are Euclidean, not squared, and the loss is
 * averaged. Ours are the member axis, every member having its own triplet, and the constant that keeps slopes finite.
 *
 * Throws a RangeError for shapes that differ, or a margin that is negative or over 2, the largest distance there is.
 */
export function tripletLoss(
  attacked: Tensor,
  sources: Tensor,
  targets: Tensor,
  { margin = MTER_MARGIN }: TripletOptions = {},
): Tensor {
  const shapes = [attacked, sources, targets].map(({ shape }) => `[${shape.join(', ')}]`);
  if (attacked.shape.length !== 3 || new Set(shapes).size !== 1) {
    throw new RangeError(
      `tripletLoss: expected features [members, batch, size] of attacked images, sources and targets alike, got ${shapes.join(', ')}`,
    );
  }
  if (!(margin >= 0 && margin <= 2)) {
    throw new RangeError(
      `tripletLoss: the margin lies between 0 and 2, got ${margin}; the paper's is ${MTER_MARGIN}`,
    );
  }
  const units = l2Normalize(attacked, -1);
  const toSource = distance(units, l2Normalize(sources, -1));
  const toTarget = distance(units, l2Normalize(targets, -1));
  return relu(add(sub(toSource, toTarget), margin));
}

/** Euclidean distance over the last axis: [M, N, E], [M, N, E] → [M, N]. */
function distance(a: Tensor, b: Tensor): Tensor {
  return sqrt(add(sum(square(sub(a, b)), [-1]), SMALLEST_SQUARE));
}
