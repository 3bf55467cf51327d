/**
 * ADP: Pang et al., "Improving Adversarial Robustness via Promoting Ensemble Diversity", 2019 (arXiv:1901.08846).
 *
 * M members, N images, K identities. With very many identities, tensors of M × N × K are what costs: the scores are one,
 * their gradient another, and everything else here is an expression inside a reduction over K.
 */
import {
  add,
  constant,
  div,
  exp,
  log,
  logDet,
  logSumExp,
  max,
  mean,
  mul,
  neg,
  oneHot,
  reshape,
  select,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../engine/index.ts';

export interface AdpOptions {
  /** α, weight of the entropy of the mean prediction. */
  readonly alpha?: number;
  /** β, weight of the diversity of non-maximal predictions. */
  readonly beta?: number;
  /** Added to the Gram matrix's diagonal. */
  readonly offset?: number;
}

export interface AdpTerms {
  /** α H + β log det, mean over the batch: a scalar to be subtracted from the cross-entropies, as `totalLoss` does. */
  readonly term: Tensor;
  /** H of the mean prediction, per image: [N]. */
  readonly entropy: Tensor;
  /** log det of the non-maximal predictions, per image: [N]. */
  readonly logDeterminant: Tensor;
}

/** Keeps p log p finite where a mean prediction underflows; the authors' own value. */
const SMALLEST_PREDICTION = 1e-20;
/** Stands for −∞ where the label's score is left out of a maximum. */
const FAR_BELOW = -1e30;
/** What the engine's log-determinant takes. */
const MOST_MEMBERS = 8;

/**
 * The ADP regulariser of scores [M, N, K] and labels i32 [N] (equations 3–5):
 *
 *     H  = −Σ_k p̄_k log p̄_k,  p̄ the mean over members of softmax(scores)
 *     ED = det(Q̂ Q̂ᵀ + offset I),  row m of Q̂ the prediction of member m without its entry y, divided by its length
 *
 * Throws a RangeError unless there are 2 to 8 members and at least 3 identities: with two, a single entry is left
 * and all rows are equal.
 */
export function adp(scores: Tensor, labels: Tensor, options: AdpOptions = {}): AdpTerms {
  const { alpha = 2, beta = 0.5, offset = 1e-6 } = options;
  const [members = 0, , classes = 0] = scores.shape;
  if (scores.shape.length !== 3 || members < 2 || members > MOST_MEMBERS || classes < 3) {
    throw new RangeError(
      `adp: expected scores [members, batch, identities] of 2 to ${MOST_MEMBERS} members and at least 3 identities, ` +
        `got [${scores.shape.join(', ')}]`,
    );
  }
  const entropy = entropyOfMean(scores);
  const ridge = new Float32Array(members * members);
  for (let m = 0; m < members; m++) ridge[m * members + m] = offset;
  const gram = nonMaximalGram(scores, labels);
  const logDeterminant = logDet(add(gram, constant(ridge, [members, members])));
  return { term: mean(add(mul(entropy, alpha), mul(logDeterminant, beta))), entropy, logDeterminant };
}

/** Shannon entropy of the mean over members of softmax(scores [M, N, K]) → [N]. */
function entropyOfMean(scores: Tensor): Tensor {
  const [members = 0, batch = 0] = scores.shape;
  const total = reshape(logSumExp(scores, -1), [members, batch, 1]);
  const prediction = mean(exp(sub(scores, total)), [0]);
  return neg(sum(mul(prediction, log(add(prediction, SMALLEST_PREDICTION))), [-1]));
}

/**
 * Cosines of the members' predictions without the label's entry: scores [M, N, K] → [N, M, M].
 *
 * A prediction's length does not matter, so softmax's denominator may be any: taking the largest score besides the
 * label's keeps the entries from underflowing, however sure a member is.
 */
function nonMaximalGram(scores: Tensor, labels: Tensor): Tensor {
  const [members = 0, batch = 0, classes = 0] = scores.shape;
  const own = oneHot(labels, classes);
  const largest = stopGradient(max(select(own, FAR_BELOW, scores), [-1], { keepDims: true }));
  // Inside exp the label's score is replaced too: it may be so large that exp, or its slope, is infinite.
  const others = select(own, 0, exp(sub(select(own, largest, scores), largest)));
  const units = div(others, sqrt(sum(square(others), [-1], { keepDims: true })));
  const [left, right] = [
    reshape(units, [members, 1, batch, classes]),
    reshape(units, [1, members, batch, classes]),
  ];
  return transpose(sum(mul(left, right), [-1]), [2, 0, 1]);
}
