/**
 * ADP: Pang et al., "Improving Adversarial Robustness via Promoting Ensemble Diversity", 2019 (arXiv:1901.08846).
 *
 * M members, N images, K identities. With very many identities, tensors of M × N × K are what costs: the scores are one,
 * their gradient another, and everything else here is an expression inside a reduction over K.
 */
import {
  add,
  broadcastTo,
  concat,
  constant,
  customGradient,
  div,
  equal,
  exp,
  iota,
  log,
  logDet,
  max,
  maximum,
  mean,
  mul,
  neg,
  reshape,
  type Shape,
  select,
  slice,
  sqrt,
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
  const { entropy, products } = sumsOverIdentities(scores, labels);
  const ridge = new Float32Array(members * members);
  for (let m = 0; m < members; m++) ridge[m * members + m] = offset;
  const logDeterminant = logDet(add(cosinesOf(products), constant(ridge, [members, members])));
  return { term: mean(add(mul(entropy, alpha), mul(logDeterminant, beta))), entropy, logDeterminant };
}

/** Gram matrices of non-maximal predictions → their cosines: [M, M, N] → [N, M, M]. */
function cosinesOf(products: Tensor): Tensor {
  const [members = 0, , batch = 0] = products.shape;
  const diagonal = new Float32Array(members * members);
  for (let m = 0; m < members; m++) diagonal[m * members + m] = 1;
  const squares = sum(mul(products, constant(diagonal, [members, members, 1])), [1]);
  const lengths = sqrt(squares);
  const pairs = mul(reshape(lengths, [members, 1, batch]), reshape(lengths, [1, members, batch]));
  return transpose(div(products, pairs), [2, 0, 1]);
}

/**
 * Everything that ADP needs of scores [M, N, K] and labels [N]: the entropy [N] of the members' mean prediction, and the
 * products [M, M, N] of their predictions without the label's entry, up to a factor of each.
 *
 * A prediction's length does not matter to its cosines, so softmax's denominator may be any: taking the largest score
 * besides the label's keeps the entries from underflowing, however sure a member is. Traced, the derivative would hold
 * several tensors of M × N × K. Given by hand it is one expression of all members' scores and of their mean
 * prediction, which is stored, N × K.
 */
function sumsOverIdentities(scores: Tensor, labels: Tensor): { entropy: Tensor; products: Tensor } {
  const [members = 0, batch = 0, classes = 0] = scores.shape;
  const pairs = members * members;
  const numbers = iota([classes], 0, 'i32');
  const packed = customGradient({
    op: 'adp',
    inputs: [scores, reshape(labels, [batch, 1])],
    forward: ([z, y]) => {
      const predictions = new Predictions(z!, y!, numbers);
      const mean = predictions.mean();
      const entropy = neg(sum(mul(mean, log(add(mean, SMALLEST_PREDICTION))), [-1]));
      return concat([reshape(predictions.products(), [pairs, batch]), reshape(entropy, [1, batch])], 0);
    },
    gradient: (dy, [z, y]) => {
      const dProducts = reshape(slice(dy, [0, 0], [pairs, batch]), [members, members, batch]);
      const dEntropy = reshape(slice(dy, [pairs, 0], [pairs + 1, batch]), [1, batch]);
      return [new Predictions(z!, y!, numbers).slope(dProducts, dEntropy), null];
    },
  });
  return {
    products: reshape(slice(packed, [0, 0], [pairs, batch]), [members, members, batch]),
    entropy: reshape(slice(packed, [pairs, 0], [pairs + 1, batch]), [batch]),
  };
}

/** A prediction's entries, of some shape […, K]. */
interface Entries {
  /** exp(z_k − c), c the largest score besides the label's; 0 at the label. */
  readonly others: Tensor;
  /** softmax(z)_k */
  readonly prediction: Tensor;
}

/**
 * Expressions of the scores of all members, evaluated wherever they are used: operands with fewer elements than the
 * result are views of the scores or values of an image, never expressions of their own, which would be stored. What
 * belongs to an image is kept together, since a kernel binds few buffers.
 */
class Predictions {
  readonly #scores: Tensor;
  readonly #labels: Tensor;
  readonly #numbers: Tensor;
  /** c, exp(c − ℓ) and exp(z_y − ℓ), where ℓ = log Σ exp z: [3, M, N, 1]. */
  readonly #values: Tensor;

  /** @param labels i32 [N, 1]. @param numbers 0, 1, … as i32 [K]. */
  constructor(scores: Tensor, labels: Tensor, numbers: Tensor) {
    this.#scores = scores;
    this.#labels = labels;
    this.#numbers = numbers;
    const isOwn = this.#isOwn(scores.shape);
    const own = sum(select(isOwn, scores, 0), [-1], { keepDims: true });
    const others = select(isOwn, FAR_BELOW, scores);
    const largest = max(others, [-1], { keepDims: true });
    const rest = add(largest, log(sum(exp(sub(others, largest)), [-1], { keepDims: true })));
    // ℓ from the label's score and the rest, shifted by whichever is larger.
    const top = maximum(own, rest);
    const total = add(top, log(add(exp(sub(own, top)), exp(sub(rest, top)))));
    const values = [largest, exp(sub(largest, total)), exp(sub(own, total))];
    this.#values = concat(
      values.map((value) => reshape(value, [1, ...value.shape])),
      0,
    );
  }

  #isOwn(shape: Shape): Tensor {
    return equal(broadcastTo(this.#numbers, shape), broadcastTo(this.#labels, shape));
  }

  /**
   * Entries of members `first` to `last`, spread over `shape`, […, N, K].
   *
   * @param lead the members' axes, as many as `shape` has before N.
   */
  #entries(first: number, last: number, lead: Shape, shape: Shape): Entries {
    const [, batch = 0, classes = 0] = this.#scores.shape;
    const z = reshape(slice(this.#scores, [first, 0, 0], [last, batch, classes]), [...lead, batch, classes]);
    const value = (index: number) =>
      reshape(slice(this.#values, [index, first, 0, 0], [index + 1, last, batch, 1]), [...lead, batch, 1]);
    const isOwn = this.#isOwn(shape);
    const others = exp(sub(select(isOwn, FAR_BELOW, broadcastTo(z, shape)), value(0)));
    return { others, prediction: select(isOwn, value(2), mul(others, value(1))) };
  }

  /** Mean over members of softmax(z): [N, K]. */
  mean(): Tensor {
    const [members = 0, ...shape] = this.#scores.shape;
    const each = Array.from({ length: members }, (_, m) => this.#entries(m, m + 1, [], shape).prediction);
    return mul(each.reduce(add), 1 / members);
  }

  /** Products of the members' entries besides the label's: [M, M, N]. */
  products(): Tensor {
    const [members = 0, ...rest] = this.#scores.shape;
    const shape = [members, members, ...rest];
    const left = this.#entries(0, members, [members, 1], shape).others;
    const right = this.#entries(0, members, [1, members], shape).others;
    return sum(mul(left, right), [-1]);
  }

  /** The gradient of the scores, [M, N, K], by cotangents of the products, [M, M, N], and of the entropy, [1, N]. */
  slope(dProducts: Tensor, dEntropy: Tensor): Tensor {
    const { shape } = this.#scores;
    const [members = 0, batch = 0] = shape;
    const own = this.#entries(0, members, [members], shape);
    // d(−p log(p + δ))/dp, but for a term of δ.
    const byMean = neg(add(log(add(broadcastTo(this.mean(), shape), SMALLEST_PREDICTION)), 1));
    const along = sum(mul(own.prediction, byMean), [-1]);
    const factors = concat(
      [
        add(dProducts, transpose(dProducts, [1, 0, 2])),
        reshape(along, [1, members, batch]),
        reshape(broadcastTo(mul(dEntropy, 1 / members), [members, batch]), [1, members, batch]),
      ],
      0,
    );
    const factor = (index: number) =>
      reshape(slice(factors, [index, 0, 0], [index + 1, members, batch]), [members, batch, 1]);
    const ofEntropy = mul(mul(own.prediction, sub(byMean, factor(members))), factor(members + 1));
    const terms = Array.from({ length: members }, (_, m) =>
      mul(this.#entries(m, m + 1, [1], shape).others, factor(m)),
    );
    return add(ofEntropy, mul(own.others, terms.reduce(add)));
  }
}
