/** A defence as a thing that can be trained and asked: its networks, weight vectors and optimiser. */

import { type Optimizer, type ParameterSet, sgd } from '../../engine/index.ts';
import { Classifier } from '../../models/classifier.ts';
import { MobileFaceNet } from '../../models/mobilefacenet.ts';
import type { StudyConfig } from './config.ts';
import type { Defence } from './defences.ts';

export interface Trainee {
  readonly network: MobileFaceNet;
  readonly classifier: Classifier;
  readonly optimizers: readonly { readonly parameters: ParameterSet; readonly optimizer: Optimizer }[];
  /** Everything that a checkpoint holds. */
  readonly sets: readonly ParameterSet[];
}

/** Builds a defence's networks with seeded initial weights. */
export function buildTrainee(defence: Defence, config: StudyConfig, classes: number, seed: number): Trainee {
  const members = defence.ensemble ? config.members : 1;
  const { inputSize, widthMultiplier, embeddingSize, training } = config;
  const network = new MobileFaceNet({ members, inputSize, widthMultiplier, embeddingSize, seed });
  const classifier = new Classifier({ classes, embeddingSize, members, shared: defence.sharedWeights, seed });
  const settings = { momentum: training.momentum, weightDecay: training.weightDecay };
  const optimizers = [network.parameters, classifier.parameters].map((parameters) => ({
    parameters,
    optimizer: sgd(parameters, settings),
  }));
  const state = optimizers.flatMap(({ optimizer }) => optimizer.state);
  return {
    network,
    classifier,
    optimizers,
    sets: [network.parameters, network.statistics, classifier.parameters, ...state],
  };
}
