/**
 * Diversity of the members' features: the volume that they span on the unit sphere.
 *
 * M members, N images, E embedding size.
 */
import {
  add,
  constant,
  gather,
  l2Normalize,
  logDet,
  matmul,
  mean,
  mul,
  reshape,
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

/**
 * Features with their component along the shared weight vector of their identity taken out: f − (f·ŵ)ŵ, ŵ = W_y/‖W_y‖.
 * features [M, N, E], weights [1, K, E], labels i32 [N] → [M, N, E].
 *
 * Members that share W must agree along W_y to classify; what may differ is the rest, and only that is measured by
 * `diversity(residualFeatures(…))`. Throws a RangeError where the weight vectors are not shared.
 */
export function residualFeatures(features: Tensor, weights: Tensor, labels: Tensor): Tensor {
  const [sets = 0, classes = 0, size = 0] = weights.shape;
  if (sets !== 1) {
    throw new RangeError(
      `residualFeatures: expected weight vectors shared by all members, [1, identities, size]; got [${weights.shape.join(', ')}]. ` +
        'Use the diversity of the features themselves where members have their own',
    );
  }
  const own = l2Normalize(gather(reshape(weights, [classes, size]), labels), -1);
  const along = sum(mul(features, own), [-1], { keepDims: true });
  return sub(features, mul(along, own));
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
