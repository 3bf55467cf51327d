/**
 * MobileFaceNet (arXiv:1804.07573) over the member axis: one object is a whole ensemble, a single network
 * has one member. Its structure is data, in mobilefacenet-table.ts.
 *
 * M members, N images, H×W pixels, C channels, E embedding size.
 */
import {
  add,
  batchNorm,
  conv2d,
  depthwiseConv2d,
  mul,
  ParameterSet,
  type ParameterSpec,
  prelu,
  relu,
  relu6,
  reshape,
  rsqrt,
  sub,
  type Tensor,
  type Update,
} from '../engine/index.ts';
import { initialValues, type WeightScheme } from './mobilefacenet-initial.ts';
import { type Activation, type Block, type Layer, mobileFaceNetBlocks } from './mobilefacenet-table.ts';
import { activationOf, hasBias, type LayerTensor, networkTensors } from './mobilefacenet-tensors.ts';

export type { Activation } from './mobilefacenet-table.ts';
export type Mode = 'train' | 'inference';

/** Share of the new batch in the running statistics. */
const STATISTICS_MOMENTUM = 0.1;

export interface MobileFaceNetOptions {
  /** Prefix of the parameter sets' names. Default `network`. */
  readonly name?: string;
  readonly members?: number;
  /** One side of a square, or [height, width]; the paper's is 112. */
  readonly inputSize: number | readonly [number, number];
  readonly widthMultiplier?: number;
  readonly embeddingSize?: number;
  readonly activation?: Activation;
  /** BatchNorm's ε. */
  readonly normEpsilon?: number;
  /** ε of the BatchNorm on the embedding, where a trained network has another there. */
  readonly embeddingNormEpsilon?: number;
  /** The embedding's convolution has a bias. Useless before BatchNorm, but some trained networks carry one. */
  readonly embeddingBias?: boolean;
  /** A pointwise convolution after the stem's depthwise one; see TableOptions. */
  readonly separableStem?: boolean;
  /** Of the initial weights. */
  readonly seed?: number;
}

export interface Features {
  /** [M, N, E] */
  readonly features: Tensor;
  /** The running statistics' update: one in mode `train`, none in mode `inference`. */
  readonly updates: readonly Update[];
}

export class MobileFaceNet {
  readonly options: Required<MobileFaceNetOptions>;
  readonly blocks: readonly Block[];
  /** What training changes. Layouts: conv [M, kh, kw, in, out], depthwise [M, kh, kw, C], the rest [M, C]. */
  readonly parameters: ParameterSet;
  /** BatchNorm's running mean and variance, [M, C] each, under the paths of their layers. */
  readonly statistics: ParameterSet;

  /**
   * `initial` says how first values are drawn, or gives values by path, of parameters and running statistics alike; what it
   * lacks is drawn as He et al. do.
   * Throws a RangeError for sizes that the network cannot take.
   */
  constructor(
    options: MobileFaceNetOptions,
    initial: ReadonlyMap<string, Float32Array> | WeightScheme = 'he',
  ) {
    this.options = completeOptions(options);
    const { name } = this.options;
    this.blocks = mobileFaceNetBlocks(this.options);
    const tensors = networkTensors(this.options);
    const valuesOf = (tensor: LayerTensor) =>
      typeof initial === 'string'
        ? initialValues(tensor, this.options, initial)
        : (initial.get(tensor.path) ?? initialValues(tensor, this.options, 'he'));
    const specs = (statistic: boolean): ParameterSpec[] =>
      tensors
        .filter((tensor) => tensor.statistic === statistic)
        .map((tensor) => ({
          path: tensor.path,
          shape: tensor.shape,
          initial: valuesOf(tensor),
        }));
    this.parameters = new ParameterSet(name, specs(false));
    this.statistics = new ParameterSet(`${name}.statistics`, specs(true));
  }

  /** Every layer, in the order in which images pass through them. */
  layers(): Layer[] {
    return this.blocks.flatMap((block) => block.layers);
  }

  /**
   * Images [1 or M, N, H, W, 3], standardised, to features [M, N, E].
   * In mode `train` BatchNorm uses the batch's statistics and the running ones are updated; in mode `inference` it
   * uses the running ones.
   */
  forward(images: Tensor, mode: Mode): Features {
    this.#checkImages(images);
    const fresh = new Map<string, Tensor>();
    let x = images;
    for (const block of this.blocks) {
      const y = block.layers.reduce((input, layer) => this.#layer(layer, input, mode, fresh), x);
      x = block.residual ? add(x, y) : y;
    }
    const [, batch = 1] = images.shape;
    const features = reshape(x, [this.options.members, batch, this.options.embeddingSize]);
    return { features, updates: mode === 'train' ? [this.#runningUpdate(fresh)] : [] };
  }

  #layer(layer: Layer, x: Tensor, mode: Mode, fresh: Map<string, Tensor>): Tensor {
    const { path, stride, padding } = layer;
    const weight = this.parameters.tensor(`${path}.weight`);
    let y =
      layer.kind === 'conv'
        ? conv2d(x, weight, { stride, padding })
        : depthwiseConv2d(x, weight, { stride, padding });
    if (hasBias(layer, this.options)) y = add(y, perChannel(this.parameters.tensor(`${path}.bias`)));
    y = mode === 'train' ? this.#normTrain(layer, y, fresh) : this.#normInference(layer, y);
    switch (activationOf(layer, this.options)) {
      case undefined:
        return y;
      case 'prelu':
        return prelu(y, perChannel(this.parameters.tensor(`${path}.slope`)));
      case 'relu':
        return relu(y);
      case 'relu6':
        return relu6(y);
    }
  }

  #normTrain(layer: Layer, x: Tensor, fresh: Map<string, Tensor>): Tensor {
    const { y, mean, variance } = batchNorm(x, { ...this.#affine(layer), eps: this.#epsilon(layer) });
    fresh.set(`${layer.path}.norm.mean`, mean);
    fresh.set(`${layer.path}.norm.variance`, variance);
    return y;
  }

  /** BatchNorm with running statistics is x·scale + shift, written so that it fuses behind the convolution. */
  #normInference(layer: Layer, x: Tensor): Tensor {
    const { gamma, beta } = this.#affine(layer);
    const mean = this.statistics.tensor(`${layer.path}.norm.mean`);
    const variance = this.statistics.tensor(`${layer.path}.norm.variance`);
    const scale = mul(gamma, rsqrt(add(variance, this.#epsilon(layer))));
    const shift = sub(beta, mul(mean, scale));
    return add(mul(x, perChannel(scale)), perChannel(shift));
  }

  #runningUpdate(fresh: ReadonlyMap<string, Tensor>): Update {
    const running = this.statistics.flat.tensor();
    const change = mul(sub(this.statistics.pack(fresh), running), STATISTICS_MOMENTUM);
    return this.statistics.flat.assign(add(running, change));
  }

  #affine(layer: Layer): { gamma: Tensor; beta: Tensor } {
    return {
      gamma: this.parameters.tensor(`${layer.path}.norm.gamma`),
      beta: this.parameters.tensor(`${layer.path}.norm.beta`),
    };
  }

  #epsilon(layer: Layer): number {
    return layer.path === 'embedding' ? this.options.embeddingNormEpsilon : this.options.normEpsilon;
  }

  #checkImages(images: Tensor): void {
    const { inputSize, members } = this.options;
    const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
    const [m = 0, n = 0, h = 0, w = 0, c = 0] = images.shape;
    const fits = (m === 1 || m === members) && n > 0 && h === height && w === width && c === 3;
    if (images.shape.length !== 5 || !fits) {
      throw new RangeError(
        `MobileFaceNet ${this.options.name}: expected images [1 or ${members}, batch, ${height}, ${width}, 3], ` +
          `got [${images.shape.join(', ')}]; resize the images, or build the network with their size`,
      );
    }
  }
}

/** The options with every default filled in. Throws a RangeError for a number of members that cannot be. */
export function completeOptions(options: MobileFaceNetOptions): Required<MobileFaceNetOptions> {
  const complete = {
    name: 'network',
    members: 1,
    widthMultiplier: 1,
    embeddingSize: 128,
    activation: 'prelu' as const,
    normEpsilon: 1e-5,
    embeddingNormEpsilon: options.normEpsilon ?? 1e-5,
    embeddingBias: false,
    separableStem: false,
    seed: 0,
    ...options,
  };
  if (!Number.isInteger(complete.members) || complete.members < 1) {
    throw new RangeError(`MobileFaceNet: members must be a positive whole number, got ${complete.members}`);
  }
  return complete;
}

/** Pixels in [0, 1] to what the networks take: (p − 127.5)/128 of the byte value p. */
export function standardize(pixels: Tensor): Tensor {
  return mul(sub(pixels, 0.5), 255 / 128);
}

/** Features [M, N, E] of pixels [1 or M, N, H, W, 3] in [0, 1], with running statistics. */
export function embed(network: MobileFaceNet, pixels: Tensor): Tensor {
  return network.forward(standardize(pixels), 'inference').features;
}

/** [M, C] as [M, 1, 1, 1, C], to broadcast over images and pixels. */
function perChannel(x: Tensor): Tensor {
  const [members = 1, channels = 1] = x.shape;
  return reshape(x, [members, 1, 1, 1, channels]);
}
