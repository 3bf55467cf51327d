/** A small but whole training step: network, head, diversity, optimiser, running statistics. */
import {
  type Engine,
  gradients,
  input,
  type ParameterSet,
  type Program,
  scalarInput,
  type Tensor,
} from '../../src/engine/index.ts';
import type { Optimizer } from '../../src/engine/optimizers/optimizer.ts';
import { sgd } from '../../src/engine/optimizers/sgd.ts';
import { diversity, memberCosine, totalLoss } from '../../src/losses/diversity.ts';
import { softmaxHead } from '../../src/losses/softmax.ts';
import { Classifier } from '../../src/models/classifier.ts';
import { MobileFaceNet } from '../../src/models/mobilefacenet.ts';
import { normals } from './float64.ts';

export interface TrainingOptions {
  readonly members: number;
  readonly shared: boolean;
  /** λ of the diversity term; 0 leaves it out. */
  readonly weight?: number;
}

export const BATCH = 4;
export const CLASSES = 6;
export const SIZE = 24;

/** Everything that one training holds, not yet compiled. */
export class Training {
  readonly network: MobileFaceNet;
  readonly classifier: Classifier;
  readonly optimizers: ReadonlyMap<ParameterSet, Optimizer>;
  readonly #options: TrainingOptions;

  constructor(options: TrainingOptions) {
    const { members, shared } = options;
    this.#options = options;
    this.network = new MobileFaceNet({
      members,
      inputSize: SIZE,
      widthMultiplier: 0.125,
      embeddingSize: 8,
      seed: 3,
    });
    this.classifier = new Classifier({ classes: CLASSES, embeddingSize: 8, members, shared, seed: 4 });
    const sets = [this.network.parameters, this.classifier.parameters];
    this.optimizers = new Map(
      sets.map((set) => [set, sgd(set, { momentum: 0.9, nesterov: true, weightDecay: 5e-4 })]),
    );
  }

  /** All that a checkpoint must hold. */
  sets(): ParameterSet[] {
    const states = [...this.optimizers.values()].flatMap((optimizer) => optimizer.state);
    return [...this.optimizers.keys(), this.network.statistics, ...states];
  }

  compile(engine: Engine): Promise<Program<'images' | 'labels' | 'rate', 'loss' | 'losses' | 'cosine'>> {
    const { weight = 0, members } = this.#options;
    const head = softmaxHead();
    return engine.compile({
      name: 'training step',
      inputs: {
        images: input([1, BATCH, SIZE, SIZE, 3]),
        labels: input([BATCH], 'i32'),
        rate: scalarInput(),
      },
      trace: ({ images, labels, rate }) => {
        const { features, updates } = this.network.forward(images, 'train');
        const { loss: losses } = head({ features, weights: this.classifier.weights(), labels });
        const loss = weight === 0 ? totalLoss(losses) : totalLoss(losses, diversity(features), weight);
        const sets = [...this.optimizers.keys()];
        const slopes = gradients(
          loss,
          sets.flatMap((set) => [...set.tensors().values()]),
        );
        const steps = sets.flatMap((set) => {
          const own = new Map<string, Tensor>(set.paths.map((path) => [path, slopes.shift()!]));
          return this.optimizers.get(set)!.step(own, rate);
        });
        const cosine = members > 1 ? memberCosine(features) : loss;
        return { outputs: { loss, losses, cosine }, updates: [...updates, ...steps] };
      },
    });
  }
}

/** The batch of one step: the same for the same step. */
export function batchOf(step: number): { images: Float32Array; labels: Int32Array } {
  return {
    images: normals(BATCH * SIZE * SIZE * 3, 1000 + step),
    labels: Int32Array.from({ length: BATCH }, (_, i) => (step + i * 2) % CLASSES),
  };
}
