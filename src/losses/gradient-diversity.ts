/**
 * Terms of what an attack follows: the volume that the members' gradients of the image span, and how little slope they leave it.
 *
 * M members, N images, E embedding size, P values of an image.
 */
import {
  add,
  concat,
  gradients,
  l2Normalize,
  log,
  mean,
  mul,
  reshape,
  type Shape,
  slice,
  square,
  sum,
  type Tensor,
} from '../engine/index.ts';
import { DIVERSITY_EPSILON, diversity } from './diversity.ts';

/**
 * `diversity` of `attackGradients` → scalar: mean over the batch of log det(G + εI), G the cosines between the members'
 * gradients. An attack that knows all members steps along the sum of their gradients; the more of them point
 * elsewhere, the less each member moves. No frame is needed in which members' features could be compared, so it is
 * defined for members with weight vectors of their own and for any head.
 *
 * Kariyappa and Qureshi, "Improving Adversarial Robustness of Ensembles with Diversity Training", 2019
 * (arXiv:1901.09981), penalise the cosines of the members' gradients of their losses; here it is the gradients of the
 * objective that faces are attacked by, and their volume. It takes second derivatives.
 *
 * Throws as `diversity` and `attackGradients` do.
 */
export function gradientDiversity(features: Tensor, images: Tensor, epsilon = DIVERSITY_EPSILON): Tensor {
  return diversity(attackGradients(features, images), epsilon);
}

/**
 * How little slope the members leave an attack on all of them: −½ mean over the batch of log(‖1/M Σ_m g_m‖² + ε), g the
 * `attackGradients` → scalar. Members may make it larger by leading elsewhere, as in `gradientDiversity`, or by being flat, as
 * networks are that are trained with a penalty on their input gradients (Ross and Doshi-Velez 2018, arXiv:1711.09404); of
 * gradients that are only turned the members may make up in length what an attack loses by their directions.
 *
 * ε bounds the pull on what is flat already. Throws as `attackGradients` does.
 */
export function jointFlatness(features: Tensor, images: Tensor, epsilon = DIVERSITY_EPSILON): Tensor {
  const joint = mean(attackGradients(features, images), [0]);
  return mul(mean(log(add(sum(square(joint), [-1]), epsilon))), -0.5);
}

/**
 * The first step of LOTS on each member by itself: ∇ₓ cos(f_m(x_n), t_m), where t_m are member m's features of the image
 * half a batch further on: of somebody else, as batches are mixed.
 *
 * @param features [M, N, E] of the first N images
 * @param images what they were computed from, apart for each member: [M, N or more, …]
 * @returns [M, N, P]
 * @throws RangeError where the images are not each member's own, or fewer than 2.
 */
export function attackGradients(features: Tensor, images: Tensor): Tensor {
  const [members = 0, batch = 0] = features.shape;
  const [owners = 0, seen = 0, ...pixels] = images.shape;
  if (owners !== members || seen < batch || batch < 2) {
    throw new RangeError(
      `attackGradients: expected images [members, batch, …] of at least 2, apart for each member, for features [${features.shape.join(', ')}]; got [${images.shape.join(', ')}]`,
    );
  }
  const units = l2Normalize(features, -1);
  // Σ û·t̂ by the images, t̂ as a cotangent: it does not move with the images, but it does with the weights.
  const [slopes] = gradients(units, [images], halfABatchOn(units));
  const own = slice(slopes!, [0, 0, ...pixels.map(() => 0)], [members, batch, ...pixels] as Shape);
  return reshape(own, [members, batch, pixels.reduce((product, extent) => product * extent, 1)]);
}

/** [M, N, E]: in the place of each image the one half a batch further on, round and round. */
function halfABatchOn(units: Tensor): Tensor {
  const [members = 0, batch = 0, size = 0] = units.shape;
  const half = Math.floor(batch / 2);
  const [front, back] = [
    slice(units, [0, 0, 0], [members, half, size]),
    slice(units, [0, half, 0], [members, batch, size]),
  ];
  return concat([back, front], 1);
}
