/** The defences that the study compares: how many networks, whose weight vectors, which loss. */
import { add, equal, mean, mul, slice, sub, sum, type Tensor } from '../../engine/index.ts';
import { adp } from '../../losses/adp.ts';
import { totalLoss } from '../../losses/diversity.ts';
import { diversityOf, looksAtImages } from '../../losses/diversity-forms.ts';
import { type ChunkedHeadOutput, type HeadOutput, requireScores } from '../../losses/head.ts';
import { tripletLoss } from '../../losses/triplet.ts';
import { halfOf } from './adversary.ts';
import type { StudyConfig } from './config.ts';
import type { DefenceName } from './defence-names.ts';

export { DEFENCE_NAMES, type DefenceName } from './defence-names.ts';

/** What a defence's loss may look at. M members, N images, E embedding size, K identities. */
export interface LossInput {
  /** [M, N, E] */
  readonly features: Tensor;
  /** Weight vectors: [M, K, E], or [1, K, E] where the members share them; or chunks of them. */
  readonly weights: Tensor | readonly Tensor[];
  readonly head: HeadOutput | ChunkedHeadOutput;
  /** i32 [N]: identities as `weights` counts them. */
  readonly labels: Tensor;
  /** What the features, and behind them the adversarial ones, were computed from; see `DiversityInput`. */
  readonly images: Tensor;
  /**
   * Features [M, N/2, E] of adversarial images, of defences that train on them: image n was moved from image n of the
   * batch towards image N/2 + n.
   */
  readonly adversarial?: Tensor | undefined;
  readonly config: StudyConfig;
}

/** The loss to minimise and, by name, the scalars worth logging beside it. */
export interface Loss {
  readonly loss: Tensor;
  readonly terms: Readonly<Record<string, Tensor>>;
}

/** Settings of losses, each used by some defences only. */
export type LossSettings = 'diversity' | 'adp' | 'advt';

export interface Defence {
  /** In plain words, for reports. */
  readonly about: string;
  readonly ensemble: boolean;
  /** The members classify by one set of weight vectors. */
  readonly sharedWeights: boolean;
  /** Trains on adversarial images as well: adversary.ts. */
  readonly adversarial: boolean;
  /** Its loss looks at the scores of all identities: no chunks of them, no samples. */
  readonly needsAllScores: boolean;
  /** Settings that its training follows from, beside those of every training. */
  readonly uses: readonly LossSettings[];
  readonly loss: (input: LossInput) => Loss;
}

/** How many networks a defence is made of. */
export function membersOf({ ensemble }: Defence, { members }: Pick<StudyConfig, 'members'>): number {
  return ensemble ? members : 1;
}

/** Whether its loss differentiates by the images, so that each member needs its own, and a step more than twice the time. */
export function differentiatesImages(
  { uses }: Defence,
  { diversity }: Pick<StudyConfig, 'diversity'>,
): boolean {
  return uses.includes('diversity') && looksAtImages(diversity.form);
}

function crossEntropy({ head }: LossInput): Loss {
  return { loss: totalLoss(head.loss), terms: {} };
}

function withDiversity({ features, weights, head, labels, images, config }: LossInput): Loss {
  const { form, epsilon, weight } = config.diversity;
  const term = diversityOf(form, { features, weights, labels, images }, epsilon);
  return { loss: totalLoss(head.loss, term, weight), terms: { diversity: term } };
}

function withAdp({ head, labels, config }: LossInput): Loss {
  const { term } = adp(requireScores('adp', head), labels, config.adp);
  return { loss: totalLoss(head.loss, term, 1), terms: { adp: term } };
}

/** Of a training on adversarial images: a cross-entropy of the clean ones, and the triplet term. */
function withTriplets(input: LossInput): Loss {
  return addTriplets(crossEntropy(input), input);
}

function withDiversityAndTriplets(input: LossInput): Loss {
  return addTriplets(withDiversity(input), input);
}

/** Before adversarial images are trained on there is nothing to add. */
function addTriplets({ loss, terms }: Loss, { features, adversarial, labels, config }: LossInput): Loss {
  if (!adversarial) return { loss, terms };
  const { margin, weight } = config.advt;
  const [source, target] = [halfOf(features, 0), halfOf(features, 1)];
  const half = adversarial.shape[1] ?? 0;
  const different = sub(1, equal(slice(labels, [0], [half]), slice(labels, [half], [2 * half])));
  const triplets = tripletLoss(adversarial, source, target, { margin });
  // A target of the source's own person is nobody to be kept away from.
  const term = sum(mean(mul(triplets, different), [1]));
  return { loss: add(loss, mul(term, weight)), terms: { ...terms, triplet: term } };
}

export const DEFENCES: Readonly<Record<DefenceName, Defence>> = {
  single: {
    about: 'one network',
    ensemble: false,
    sharedWeights: false,
    adversarial: false,
    needsAllScores: false,
    uses: [],
    loss: crossEntropy,
  },
  ensemble: {
    about: 'independent networks',
    ensemble: true,
    sharedWeights: false,
    adversarial: false,
    needsAllScores: false,
    uses: [],
    loss: crossEntropy,
  },
  adp: {
    about: 'networks whose predictions are pushed apart (Pang et al. 2019)',
    ensemble: true,
    sharedWeights: false,
    adversarial: false,
    needsAllScores: true,
    uses: ['adp'],
    loss: withAdp,
  },
  advt: {
    about: 'one network, trained on adversarial images as well (Zhong & Deng 2019)',
    ensemble: false,
    sharedWeights: false,
    adversarial: true,
    needsAllScores: false,
    uses: ['advt'],
    loss: withTriplets,
  },
  shared: {
    about: 'networks that share their weight vectors, no diversity term',
    ensemble: true,
    sharedWeights: true,
    adversarial: false,
    needsAllScores: false,
    uses: [],
    loss: crossEntropy,
  },
  diverse: {
    about: 'networks that share their weight vectors and whose features are pushed apart (Amada et al. 2021)',
    ensemble: true,
    sharedWeights: true,
    adversarial: false,
    needsAllScores: false,
    uses: ['diversity'],
    loss: withDiversity,
  },
  'diverse-unshared': {
    about: 'networks whose features are pushed apart, each with its own weight vectors',
    ensemble: true,
    sharedWeights: false,
    adversarial: false,
    needsAllScores: false,
    uses: ['diversity'],
    loss: withDiversity,
  },
  'diverse-advt': {
    about: 'as diverse, trained on adversarial images as well',
    ensemble: true,
    sharedWeights: true,
    adversarial: true,
    needsAllScores: false,
    uses: ['diversity', 'advt'],
    loss: withDiversityAndTriplets,
  },
};
