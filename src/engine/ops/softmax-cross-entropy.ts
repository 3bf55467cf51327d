import { ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { logSumExp } from './log-sum-exp.ts';
import { mul } from './mul.ts';
import { oneHot } from './one-hot.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

/**
 * −log softmax(logits)[label], one loss for each example.
 *
 * @param logits […, classes].
 * @param labels i32, the shape of `logits` without its last axis, or one that broadcasts to it.
 */
export function softmaxCrossEntropy(logits: Tensor, labels: Tensor): Tensor {
  const classes = logits.shape[logits.shape.length - 1];
  if (classes === undefined || labels.dtype !== 'i32' || labels.shape.length > logits.shape.length - 1) {
    throw new ShapeError(
      `softmaxCrossEntropy: expected logits […, classes] and i32 labels […], got ${showShape(logits.shape)} and ${labels.dtype} ${showShape(labels.shape)}.`,
    );
  }
  const chosen = sum(mul(logits, oneHot(labels, classes)), logits.shape.length - 1);
  return sub(logSumExp(logits, logits.shape.length - 1), chosen);
}
