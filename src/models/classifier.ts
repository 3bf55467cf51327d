/**
 * The classifier's weight vectors, one per identity: [M, K, E], separate for each member, or [1, K, E],
 * shared by all. Sharing is only the member axis of 1: it broadcasts, and the gradients of all members add up.
 */
import { ParameterSet, type Tensor } from '../engine/index.ts';
import { uniformWeights } from './init.ts';

export interface ClassifierOptions {
  readonly name?: string;
  /** Number of identities K, at least 2. */
  readonly classes: number;
  readonly embeddingSize?: number;
  /** Members of the network before it. */
  readonly members?: number;
  /** One set of weight vectors for all members. */
  readonly shared?: boolean;
  readonly seed?: number;
}

export class Classifier {
  /** One entry, `weight`. */
  readonly parameters: ParameterSet;
  readonly shared: boolean;

  /** Throws a RangeError for fewer than two classes. */
  constructor(options: ClassifierOptions) {
    const {
      name = 'classifier',
      classes,
      embeddingSize = 128,
      members = 1,
      shared = false,
      seed = 0,
    } = options;
    if (!Number.isInteger(classes) || classes < 2) {
      throw new RangeError(
        `Classifier: expected a whole number of at least 2 classes, got ${classes}; a training set needs two identities`,
      );
    }
    const shape = [shared ? 1 : members, classes, embeddingSize];
    // Features leave BatchNorm with unit variance, so this bound makes the first logits of variance 1/3.
    const initial = uniformWeights(shape, 1 / Math.sqrt(embeddingSize), seed, `${name}.weight`);
    this.shared = shared;
    this.parameters = new ParameterSet(name, [{ path: 'weight', shape, initial }]);
  }

  /** W: [M or 1, K, E]. */
  weights(): Tensor {
    return this.parameters.tensor('weight');
  }
}
