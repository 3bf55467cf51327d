/**
 * Diversity of the members' features: the volume that they span on the unit sphere.
 *
 * M members, N images, E embedding size.
 */
import {
  add,
  constant,
  gather,
  greater,
  l2Normalize,
  less,
  logDet,
  matmul,
  mean,
  mul,
  reshape,
  select,
  sub,
  sum,
  type Tensor,
  transpose,
} from '../engine/index.ts';

/** Keeps log det finite where two members agree: its least value is then about log ε. */
export const DIVERSITY_EPSILON = 1e-3;
/** What the engine's log-determinant takes. */
const MOST_MEMBERS = 8;

/**
 * Gram matrices of the members' L2-normalised features: [M, N, E] → [N, M, M]. Entry (i, j) is the cosine of
 * member i's and member j's features of one image.
 */
export function gramMatrices(features: Tensor): Tensor {
  const units = transpose(l2Normalize(features, -1), [1, 0, 2]);
  return matmul(units, units, { transposeB: true });
}

/**
 * Mean over the batch of log det(G + εI), G the Gram matrix of the members' L2-normalised features [M, N, E] → scalar.
 *
 * det G is the squared volume of the box that the members' unit features span: 1 where all are at right angles,
 * 0 where any two agree. It is to be promoted, so it is *subtracted* from the loss: `totalLoss`.
 * Throws a RangeError unless there are 2 to 8 members.
 */
export function diversity(features: Tensor, epsilon = DIVERSITY_EPSILON): Tensor {
  const members = checkMembers('diversity', features);
  const ridge = new Float32Array(members * members);
  for (let i = 0; i < members; i++) ridge[i * members + i] = epsilon;
  return mean(logDet(add(gramMatrices(features), constant(ridge, [members, members]))));
}

/** What a diversity of features may look at. */
export interface FeatureDiversityInput {
  /** [M, N, E] */
  readonly features: Tensor;
  /** Weight vectors that the members share, [1, K, E], or the chunks of them, [1, K_c, E] each. */
  readonly weights: Tensor | readonly Tensor[];
  /** i32 [N] */
  readonly labels: Tensor;
}

/**
 * Of which features the diversity is taken:
 *
 * - `features`: the features themselves (`diversity`).
 * - `residual`: what is left of them without their component along W_y (`residualDiversity`).
 * - `tangent`: the same of features less their member's mean over the batch (`tangentDiversity`).
 */
export const FEATURE_FORMS = ['features', 'residual', 'tangent'] as const;
export type FeatureForm = (typeof FEATURE_FORMS)[number];

/** The diversity in one of its forms → scalar. `residual` and `tangent` need shared weight vectors. */
export function featureDiversity(
  form: FeatureForm,
  input: FeatureDiversityInput,
  epsilon = DIVERSITY_EPSILON,
): Tensor {
  switch (form) {
    case 'features':
      return diversity(input.features, epsilon);
    case 'residual':
      return residualDiversity(input, epsilon);
    case 'tangent':
      return tangentDiversity(input, epsilon);
  }
}

/**
 * `diversity` of the features without their component along the shared weight vector of their identity → scalar.
 *
 * Members that share W must agree along W_y to classify; what may differ is the rest, and only that is measured.
 * Lengths do not matter: it is the diversity of directions in the unit sphere's tangent space at W_y.
 * Throws a RangeError unless there are 2 to 8 members and their weight vectors are shared.
 */
export function residualDiversity(
  { features, weights, labels }: FeatureDiversityInput,
  epsilon = DIVERSITY_EPSILON,
): Tensor {
  return diversity(residualFeatures(features, weights, labels), epsilon);
}

/**
 * `diversity` of `tangentFeatures` → scalar: a form meant for heads over cosines (CosFace, ArcFace), where W_y·f/‖f‖ is the
 * score, so that a member which is to differ as a whole must leave W_y.
 *
 * It differs from `residualDiversity` in what does not count: a vector that a member adds to all its features. That
 * makes members as diverse as one likes, while how a feature moves with its image, which is what an attack
 * follows, stays as it was. Throws as `residualDiversity` does, and for a batch of one image.
 */
export function tangentDiversity(
  { features, weights, labels }: FeatureDiversityInput,
  epsilon = DIVERSITY_EPSILON,
): Tensor {
  return diversity(tangentFeatures(features, weights, labels), epsilon);
}

/**
 * Features with their component along the shared weight vector of their identity taken out: f − (f·ŵ)ŵ, ŵ = W_y/‖W_y‖.
 * features [M, N, E], weights [1, K, E] or chunks [1, K_c, E], labels i32 [N] → [M, N, E].
 * Throws a RangeError where the weight vectors are not shared.
 */
export function residualFeatures(
  features: Tensor,
  weights: Tensor | readonly Tensor[],
  labels: Tensor,
): Tensor {
  const own = l2Normalize(weightsOfLabels(weights, labels), -1);
  const along = sum(mul(features, own), [-1], { keepDims: true });
  return sub(features, mul(along, own));
}

/**
 * Features less their member's mean over the batch, v = f − f̄, in the tangent space of the unit sphere at ŵ = W_y/‖W_y‖:
 * v − (v·ŵ)ŵ. The same for f and for f + any vector of the member's. Shapes and errors as of `residualFeatures`; a
 * RangeError also for one image, whose mean is itself.
 */
export function tangentFeatures(
  features: Tensor,
  weights: Tensor | readonly Tensor[],
  labels: Tensor,
): Tensor {
  const [, batch = 0] = features.shape;
  if (batch < 2) {
    throw new RangeError(
      `tangentFeatures: expected a batch of at least 2 images, got ${batch}: the mean of one is itself`,
    );
  }
  return residualFeatures(sub(features, mean(features, [1], { keepDims: true })), weights, labels);
}

/** W_y of each label: [1, K, E] or chunks of it, i32 [N] → [N, E]. */
function weightsOfLabels(weights: Tensor | readonly Tensor[], labels: Tensor): Tensor {
  const chunks = Array.isArray(weights) ? (weights as readonly Tensor[]) : [weights as Tensor];
  const stray = chunks.find(({ shape }) => shape.length !== 3 || shape[0] !== 1);
  if (chunks.length === 0 || stray) {
    throw new RangeError(
      `residualFeatures: expected weight vectors shared by all members, [1, identities, size]; got ${stray ? `[${stray.shape.join(', ')}]` : 'none'}. ` +
        'Use the diversity of the features themselves where members have their own',
    );
  }
  let first = 0;
  let found: Tensor | undefined;
  for (const chunk of chunks) {
    const size = chunk.shape[1] ?? 0;
    const local = first === 0 ? labels : sub(labels, first);
    const rows = gather(reshape(chunk, chunk.shape.slice(1)), local);
    // A row that the chunk does not have is NaN, which a choice leaves behind and a product would not.
    const inside = reshape(mul(greater(local, -1), less(local, size)), [labels.shape[0] ?? 0, 1]);
    found = found ? select(inside, rows, found) : rows;
    first += size;
  }
  return found!;
}

/**
 * Mean over the batch and the pairs of members of the cosine of their features [M, N, E] → scalar in
 * [−1/(M−1), 1]. Logged beside the diversity, since a person can read it.
 */
export function memberCosine(features: Tensor): Tensor {
  const members = checkMembers('memberCosine', features);
  const offDiagonal = new Float32Array(members * members).fill(1);
  for (let i = 0; i < members; i++) offDiagonal[i * members + i] = 0;
  const pairs = members * (members - 1);
  const cosine = mul(gramMatrices(features), constant(offDiagonal, [members, members]));
  return mean(mul(sum(cosine, [1, 2]), 1 / pairs));
}

/**
 * The defence's loss: Σ over members of the mean cross-entropy, minus λ times the diversity.
 * losses [M, N] per example, diversity a scalar; λ = `weight`, a number or a scalar input.
 */
export function totalLoss(losses: Tensor, term?: Tensor, weight: number | Tensor = 0): Tensor {
  const crossEntropy = sum(mean(losses, [1]));
  return term === undefined ? crossEntropy : sub(crossEntropy, mul(term, weight));
}

function checkMembers(what: string, features: Tensor): number {
  const [members = 0] = features.shape;
  if (features.shape.length !== 3 || members < 2 || members > MOST_MEMBERS) {
    throw new RangeError(
      `${what}: expected features [members, batch, size] of 2 to ${MOST_MEMBERS} members, got [${features.shape.join(', ')}]`,
    );
  }
  return members;
}
