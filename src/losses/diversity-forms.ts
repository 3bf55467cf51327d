/** What may be asked to differ between members: their features, in some form, or their gradients of the image. */
import type { Tensor } from '../engine/index.ts';
import {
  DIVERSITY_EPSILON,
  FEATURE_FORMS,
  type FeatureDiversityInput,
  featureDiversity,
} from './diversity.ts';
import { gradientDiversity, jointFlatness } from './gradient-diversity.ts';

/**
 * `FEATURE_FORMS`, and of what an attack follows: `gradients`, its directions (`gradientDiversity`), and `slope`, what is left
 * of them when all members are attacked at once (`jointFlatness`).
 */
export const DIVERSITY_FORMS = [...FEATURE_FORMS, 'gradients', 'slope'] as const;
export type DiversityForm = (typeof DIVERSITY_FORMS)[number];

export interface DiversityInput extends FeatureDiversityInput {
  /** What the features were computed from, [1 or M, N or more, …]; apart for each member where `looksAtImages`. */
  readonly images: Tensor;
}

/** Whether a form differentiates by the images, and so needs each member to have its own. */
export function looksAtImages(form: DiversityForm): boolean {
  return form === 'gradients' || form === 'slope';
}

/** The diversity in one of its forms → scalar. Throws as the form does. */
export function diversityOf(form: DiversityForm, input: DiversityInput, epsilon = DIVERSITY_EPSILON): Tensor {
  switch (form) {
    case 'gradients':
      return gradientDiversity(input.features, input.images, epsilon);
    case 'slope':
      return jointFlatness(input.features, input.images, epsilon);
    default:
      return featureDiversity(form, input, epsilon);
  }
}
