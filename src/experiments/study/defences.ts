/** The defences that the study compares: how many networks, whose weight vectors, which loss. */
import type { Tensor } from '../../engine/index.ts';
import { adp } from '../../losses/adp.ts';
import { arcFaceHead } from '../../losses/arcface.ts';
import { cosFaceHead } from '../../losses/cosface.ts';
import { diversity, residualFeatures, totalLoss } from '../../losses/diversity.ts';
import type { Head, HeadOutput } from '../../losses/head.ts';
import { softmaxHead } from '../../losses/softmax.ts';
import type { StudyConfig } from './config.ts';

/** What a defence's loss may look at. M members, N images, E embedding size, K identities. */
export interface LossInput {
  /** [M, N, E] */
  readonly features: Tensor;
  /** Weight vectors: [M, K, E], or [1, K, E] where the members share them. */
  readonly weights: Tensor;
  readonly head: HeadOutput;
  /** i32 [N] */
  readonly labels: Tensor;
  readonly config: StudyConfig;
}

/** The loss to minimise and, by name, the scalars worth logging beside it. */
export interface Loss {
  readonly loss: Tensor;
  readonly terms: Readonly<Record<string, Tensor>>;
}

/** Settings of losses, each used by some defences only. */
export type LossSettings = 'diversity' | 'adp';

export interface Defence {
  /** In plain words, for reports. */
  readonly about: string;
  readonly ensemble: boolean;
  /** The members classify by one set of weight vectors. */
  readonly sharedWeights: boolean;
  /** Settings that its training follows from, beside those of every training. */
  readonly uses: readonly LossSettings[];
  readonly loss: (input: LossInput) => Loss;
}

export const DIVERSITY_FORMS = ['features', 'residual'] as const;
export type DiversityForm = (typeof DIVERSITY_FORMS)[number];

/** What is to differ between members: [M, N, E] of features, weight vectors and labels. */
const DIVERSITY: Readonly<
  Record<DiversityForm, (features: Tensor, weights: Tensor, labels: Tensor) => Tensor>
> = {
  features: (features) => features,
  residual: residualFeatures,
};

function crossEntropy({ head }: LossInput): Loss {
  return { loss: totalLoss(head.loss), terms: {} };
}

function withDiversity({ features, weights, head, labels, config }: LossInput): Loss {
  const { form, epsilon, weight } = config.diversity;
  const term = diversity(DIVERSITY[form](features, weights, labels), epsilon);
  return { loss: totalLoss(head.loss, term, weight), terms: { diversity: term } };
}

function withAdp({ head, labels, config }: LossInput): Loss {
  const { term } = adp(head.scores, labels, config.adp);
  return { loss: totalLoss(head.loss, term, 1), terms: { adp: term } };
}

export const DEFENCE_NAMES = ['single', 'ensemble', 'adp', 'shared', 'diverse', 'diverse-unshared'] as const;
export type DefenceName = (typeof DEFENCE_NAMES)[number];

export const DEFENCES: Readonly<Record<DefenceName, Defence>> = {
  single: { about: 'one network', ensemble: false, sharedWeights: false, uses: [], loss: crossEntropy },
  ensemble: {
    about: 'independent networks',
    ensemble: true,
    sharedWeights: false,
    uses: [],
    loss: crossEntropy,
  },
  adp: {
    about: 'networks whose predictions are pushed apart (Pang et al. 2019)',
    ensemble: true,
    sharedWeights: false,
    uses: ['adp'],
    loss: withAdp,
  },
  shared: {
    about: 'networks that share their weight vectors, no diversity term',
    ensemble: true,
    sharedWeights: true,
    uses: [],
    loss: crossEntropy,
  },
  diverse: {
    about: 'networks that share their weight vectors and whose features are pushed apart (Amada et al. 2021)',
    ensemble: true,
    sharedWeights: true,
    uses: ['diversity'],
    loss: withDiversity,
  },
  'diverse-unshared': {
    about: 'networks whose features are pushed apart, each with its own weight vectors',
    ensemble: true,
    sharedWeights: false,
    uses: ['diversity'],
    loss: withDiversity,
  },
};

/** The classification head that a configuration asks for. */
export function headOf({ head }: StudyConfig): Head {
  switch (head.kind) {
    case 'softmax':
      return softmaxHead();
    case 'cosface':
      return cosFaceHead({ margin: head.margin, scale: head.scale });
    case 'arcface':
      return arcFaceHead({ margin: head.margin, scale: head.scale });
  }
}
