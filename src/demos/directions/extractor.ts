/**
 * The demo's feature extractor: pixels to as many numbers as there are members, by one hidden layer. Its parameters have
 * the engine's member axis, so the ensembles of all panels are one network, and a step of all of them one program.
 *
 * M members, N images, P pixel values, H hidden numbers, E features.
 */
import { batchNorm, matmul, ParameterSet, prelu, reshape, type Tensor } from '../../engine/index.ts';
import { heGain, normalWeights } from '../../models/init.ts';

export interface ExtractorOptions {
  /** Members that start differently. */
  readonly members: number;
  /** Ensembles that start alike: member m of each has the same initial weights. */
  readonly ensembles: number;
  readonly pixels: number;
  readonly hidden: number;
  readonly features: number;
  readonly seed: number;
}

const INITIAL_SLOPE = 0.25;
const NORM_EPSILON = 1e-5;

/** As in MobileFaceNet, features leave a BatchNorm, and hidden numbers a PReLU. */
export class Extractor {
  /** [ensembles × M, …], the first ensemble's members first. */
  readonly parameters: ParameterSet;

  constructor({ members, ensembles, pixels, hidden, features, seed }: ExtractorOptions) {
    const everyEnsemble = (values: Float32Array) => {
      const repeated = new Float32Array(ensembles * values.length);
      for (let i = 0; i < ensembles; i++) repeated.set(values, i * values.length);
      return repeated;
    };
    const weight = (path: string, inputs: number, outputs: number, gain: number) => ({
      path,
      shape: [ensembles * members, inputs, outputs],
      initial: everyEnsemble(
        normalWeights([members, inputs, outputs], gain / Math.sqrt(inputs), seed, `extractor.${path}`),
      ),
    });
    const filled = (path: string, width: number, value: number) => ({
      path,
      shape: [ensembles * members, width],
      initial: new Float32Array(ensembles * members * width).fill(value),
    });
    this.parameters = new ParameterSet('extractor', [
      weight('hidden.weight', pixels, hidden, heGain(INITIAL_SLOPE)),
      filled('hidden.norm.gamma', hidden, 1),
      filled('hidden.norm.beta', hidden, 0),
      filled('hidden.slope', hidden, INITIAL_SLOPE),
      weight('features.weight', hidden, features, 1),
      filled('features.norm.gamma', features, 1),
      filled('features.norm.beta', features, 0),
    ]);
  }

  /** Standardised pixels [1, N, P] to features [ensembles × M, N, E]. BatchNorm uses the batch's own statistics. */
  forward(pixels: Tensor): Tensor {
    const x = matmul(pixels, this.parameters.tensor('hidden.weight'));
    const hidden = prelu(this.#norm('hidden', x), this.#perChannel('hidden.slope'));
    return this.#norm('features', matmul(hidden, this.parameters.tensor('features.weight')));
  }

  #norm(layer: string, x: Tensor): Tensor {
    const gamma = this.parameters.tensor(`${layer}.norm.gamma`);
    const beta = this.parameters.tensor(`${layer}.norm.beta`);
    return batchNorm(x, { gamma, beta, eps: NORM_EPSILON }).y;
  }

  /** [M, H] as [M, 1, H]. */
  #perChannel(path: string): Tensor {
    const vector = this.parameters.tensor(path);
    const [members = 1, width = 1] = vector.shape;
    return reshape(vector, [members, 1, width]);
  }
}
