/**
 * Scores of very many classes, a chunk of weight vectors at a time, so that neither they nor their gradient are ever
 * whole. docs/many-identities.md has the equations.
 *
 * M members, N images, K_c identities of chunk c, E embedding size. G sets of weight vectors (1 where the members
 * share them, else M), R features that each set scores (M·N or N).
 */
import {
  add,
  after,
  broadcastTo,
  concat,
  constant,
  customGradient,
  equal,
  exp,
  full,
  iota,
  log,
  matmul,
  max,
  maximum,
  mul,
  reshape,
  rsqrt,
  select,
  slice,
  square,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../engine/index.ts';

export interface ChunkedInput {
  /** [M, N, E] */
  readonly features: Tensor;
  /** Weight vectors: [M, K_c, E] each, or [1, K_c, E] where the members share them. Identities count through. */
  readonly weights: readonly Tensor[];
  /** i32 [N] */
  readonly labels: Tensor;
}

export interface ScoreOptions {
  /** Divide each product by its weight vector's length, as `l2Normalize` does. */
  readonly unitWeights?: boolean;
  /** Factor of all scores. */
  readonly scale?: number;
}

/** What a loss needs of all scores z_k. Each [M, N]. */
export interface ChunkedScores {
  /** z_y, the score of the label. */
  readonly own: Tensor;
  /** max over k ≠ y of z_k; a constant for differentiation. */
  readonly largestOther: Tensor;
  /** log Σ over k ≠ y of exp z_k. */
  readonly logSumExpOthers: Tensor;
}

/** Stands for −∞ where the label's score is left out of a maximum. */
const FAR_BELOW = -1e30;
/** As in `l2Normalize`. */
const LENGTH_EPSILON = 1e-12;
/** Compiling is a walk whose depth grows with the chunks. */
const MOST_CHUNKS = 1024;

/**
 * Own score, largest other and log-sum-exp of the others of z_k = scale · W_k·f, or with `unitWeights`
 * scale · W_k·f/‖W_k‖.
 *
 * Forward, running maxima m and sums s are carried from chunk to chunk (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax", 2018, arXiv:1805.02867). Backward, each chunk's scores are computed again
 * from its weight vectors and the saved log-sum-exp (Dao et al., "FlashAttention", 2022, arXiv:2205.14135; for class
 * scores Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", 2024, arXiv:2411.09009). Chunks take
 * turns: the next begins when the one before has given all its sums and gradients.
 *
 * Throws a RangeError unless shapes belong together, there are two classes, and at most 1024 chunks.
 */
export function chunkedScores(input: ChunkedInput, options: ScoreOptions = {}): ChunkedScores {
  checkChunks(input);
  const { features, weights, labels } = input;
  const { unitWeights = false, scale = 1 } = options;
  const [members = 0, batch = 0, size = 0] = features.shape;
  const shared = weights[0]!.shape[0] === 1;
  const [sets, rows] = shared ? [1, members * batch] : [members, batch];
  const layout = { sets, rows, unitWeights, scale, ...classNumbers(weights) };
  // Features stand one per column: then no product needs a chunk of weight vectors transposed.
  const columns = reshape(features, [sets, rows, size]);
  const labelOf = shared ? broadcastTo(reshape(labels, [1, batch]), [members, batch]) : labels;
  const packed = customGradient({
    op: 'chunkedScores',
    settings: { unitWeights, scale },
    inputs: [columns, reshape(labelOf, [1, 1, rows]), ...weights],
    forward: ([x, y, ...chunks]) => forward(layout, x!, y!, chunks),
    gradient: (dy, [x, y, ...chunks], output) => backward(layout, dy, output, x!, y!, chunks),
  });
  const part = (index: number) => reshape(partOf(packed, index), [members, batch]);
  return { own: part(0), largestOther: part(1), logSumExpOthers: part(2) };
}

interface Layout {
  readonly sets: number;
  readonly rows: number;
  readonly unitWeights: boolean;
  readonly scale: number;
  /** 0, 1, 2, … as i32 [1, K_c, 1], by K_c: one table for all chunks of a size. */
  readonly indices: ReadonlyMap<number, Tensor>;
  /** Number of each chunk's first class: i32 [chunks, 1, 1]. */
  readonly starts: Tensor;
}

function classNumbers(weights: readonly Tensor[]): Pick<Layout, 'indices' | 'starts'> {
  const sizes = weights.map(({ shape }) => shape[1]!);
  const starts = sizes.map((_, index) => sizes.slice(0, index).reduce((total, size) => total + size, 0));
  return {
    indices: new Map(sizes.map((size) => [size, reshape(iota([size], 0, 'i32'), [1, size, 1])])),
    starts: constant(starts, [starts.length, 1, 1], 'i32'),
  };
}

/** One chunk's scores [G, K_c, R] and what they are made of. */
interface Chunk {
  readonly scores: Tensor;
  /** 1/‖W_k‖, [G, K_c, 1], where weight vectors count as unit vectors. */
  readonly inverse: Tensor | undefined;
  /** What a product W_k·f is multiplied with: scale, or scale/‖W_k‖. */
  readonly factor: Tensor | number;
  /** 1 at each label: [G, K_c, R]. */
  readonly isOwn: Tensor;
}

/**
 * Small values that many elements share are spread before they are computed with: else each chunk's would get a buffer
 * of its own.
 *
 * @param unit 1, as [1, 1, 1]: what tells lengths of weight vectors of the one pass from those of the other.
 */
function scoresOf(
  layout: Layout,
  index: number,
  weights: Tensor,
  x: Tensor,
  labels: Tensor,
  unit: Tensor,
): Chunk {
  const { sets, rows, unitWeights, scale, indices, starts } = layout;
  const classes = weights.shape[1]!;
  const shape = [sets, classes, rows];
  const start = slice(starts, [index, 0, 0], [index + 1, 1, 1]);
  const local = sub(broadcastTo(labels, shape), broadcastTo(start, shape));
  const isOwn = equal(broadcastTo(indices.get(classes)!, shape), local);
  const squares = () => sum(mul(square(weights), broadcastTo(unit, weights.shape)), [-1], { keepDims: true });
  const inverse = unitWeights ? rsqrt(add(squares(), LENGTH_EPSILON)) : undefined;
  const factor = inverse ? mul(inverse, scale) : scale;
  return { scores: mul(matmul(weights, x), factor), inverse, factor, isOwn };
}

/** → [3, G, 1, R]: own score, largest other, log-sum-exp of the others. */
function forward(layout: Layout, features: Tensor, labels: Tensor, chunks: readonly Tensor[]): Tensor {
  const x = transpose(features, [0, 2, 1]);
  const unit = full([1, 1, 1], 1);
  let state: { own: Tensor; largest: Tensor; total: Tensor } | undefined;
  for (const [index, weights] of chunks.entries()) {
    const turn = state ? after(x, [state.own, state.total]) : x;
    const { scores, isOwn } = scoresOf(layout, index, weights, turn, labels, unit);
    const others = select(isOwn, FAR_BELOW, scores);
    const largestHere = max(others, [1], { keepDims: true });
    const largest: Tensor = state ? maximum(state.largest, largestHere) : largestHere;
    const totalHere = sum(exp(sub(others, largest)), [1], { keepDims: true });
    const ownHere = sum(select(isOwn, scores, 0), [1], { keepDims: true });
    state = state
      ? {
          own: add(state.own, ownHere),
          largest,
          total: add(mul(state.total, exp(sub(state.largest, largest))), totalHere),
        }
      : { own: ownHere, largest, total: totalHere };
  }
  const { own, largest, total } = state!;
  const parts = [own, largest, add(largest, log(total))];
  return concat(
    parts.map((part) => reshape(part, [1, ...part.shape])),
    0,
  );
}

/** Entry `index` of what `forward` gives: [G, 1, R]. */
function partOf(packed: Tensor, index: number): Tensor {
  const [, ...rest] = packed.shape;
  return reshape(slice(packed, [index, 0, 0, 0], [index + 1, ...rest]), rest);
}

/** Cotangents of features, labels and every chunk of weight vectors. */
function backward(
  layout: Layout,
  dy: Tensor,
  output: Tensor,
  features: Tensor,
  labels: Tensor,
  chunks: readonly Tensor[],
): (Tensor | null)[] {
  const x = transpose(features, [0, 2, 1]);
  const unit = constant([1], [1, 1, 1]);
  const [dOwn, dOthers, logSumExp] = [partOf(dy, 0), partOf(dy, 2), partOf(output, 2)];
  let done: Tensor[] = [output];
  let byFeatures: Tensor | undefined;
  const byWeights = chunks.map((weights, index) => {
    const { scores, inverse, factor, isOwn } = scoresOf(
      layout,
      index,
      weights,
      after(x, done),
      labels,
      // Lengths that forward computed would wait for their turn, each in a buffer of its own.
      after(unit, done),
    );
    // In the exponent the label's own score is replaced: it may be so large that exp is infinite.
    const probability = exp(sub(select(isOwn, FAR_BELOW, scores), logSumExp));
    const slope = select(isOwn, dOwn, mul(probability, dOthers));
    const product = mul(slope, factor);
    const here = matmul(product, weights, { transposeA: true });
    byFeatures = byFeatures ? add(byFeatures, here) : here;
    const direct = matmul(product, features);
    const slopes = inverse ? sub(direct, alongWeights(weights, inverse, mul(slope, scores))) : direct;
    done = [slopes, byFeatures];
    return slopes;
  });
  return [byFeatures!, null, ...byWeights];
}

/**
 * What moving a weight vector along itself would change, which dividing by its length undoes: [G, K_c, E].
 *
 * @param inverse 1/‖W_k‖, [G, K_c, 1]. @param changes slope times score, [G, K_c, R].
 */
function alongWeights(weights: Tensor, inverse: Tensor, changes: Tensor): Tensor {
  return mul(weights, mul(sum(changes, [2], { keepDims: true }), square(inverse)));
}

function checkChunks({ features, weights, labels }: ChunkedInput): void {
  const [m = 0, n = 0, e = 0] = features.shape;
  const sets = weights[0]?.shape[0];
  const ranks = features.shape.length === 3 && labels.shape.length === 1;
  const fits = weights.every(
    ({ shape }) =>
      shape.length === 3 && shape[0] === sets && shape[2] === e && (shape[0] === 1 || shape[0] === m),
  );
  const classes = weights.reduce((total, { shape }) => total + (shape[1] ?? 0), 0);
  if (ranks && fits && labels.shape[0] === n && classes >= 2 && weights.length <= MOST_CHUNKS) return;
  const list = ({ shape }: Tensor) => `[${shape.join(', ')}]`;
  const shown = weights.length > 4 ? [...weights.slice(0, 3).map(list), '…'] : weights.map(list);
  throw new RangeError(
    `chunkedScores: expected features [members, batch, size], 1 to ${MOST_CHUNKS} chunks of weight vectors ` +
      `[members or 1, identities, size] with two identities or more together, and labels [batch]; got ${list(features)}, ` +
      `${weights.length} chunks ${shown.join(', ')} and ${list(labels)}`,
  );
}
