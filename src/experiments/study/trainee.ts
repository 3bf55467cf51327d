/** A defence as a thing that can be trained and asked: its networks, weight vectors and optimisers. */

import { type Optimizer, type ParameterSet, sgd } from '../../engine/index.ts';
import { MobileFaceNet } from '../../models/mobilefacenet.ts';
import { buildClassification, type Classification } from './classification.ts';
import type { StudyConfig } from './config.ts';
import { type Defence, membersOf } from './defences.ts';

export interface Trainee {
  readonly network: MobileFaceNet;
  /** Of the network's parameters. */
  readonly optimizer: Optimizer;
  readonly classification: Classification;
  /** Everything that a checkpoint holds. */
  readonly sets: readonly ParameterSet[];
}

/** Builds a defence's networks with seeded initial weights. */
export function buildTrainee(defence: Defence, config: StudyConfig, classes: number, seed: number): Trainee {
  const members = membersOf(defence, config);
  const { inputSize, widthMultiplier, embeddingSize, training } = config;
  const { momentum, weightDecay, initialWeights } = training;
  const network = new MobileFaceNet(
    { members, inputSize, widthMultiplier, embeddingSize, seed },
    initialWeights,
  );
  const classification = buildClassification(defence, config, classes, seed);
  const optimizer = sgd(network.parameters, { momentum, weightDecay });
  return {
    network,
    optimizer,
    classification,
    sets: [
      network.parameters,
      network.statistics,
      ...classification.sets,
      ...optimizer.state,
      ...classification.state,
    ],
  };
}
