/**
 * The tensors that each layer of a MobileFaceNet has: what training changes, and BatchNorm's running statistics. Shapes
 * only, so that a file can be checked before anything of its size is made.
 *
 * M members, C channels, k×l kernels.
 */
import {
  type Activation,
  type Layer,
  mobileFaceNetBlocks,
  type TableOptions,
} from './mobilefacenet-table.ts';

/** The tensors of a layer, by what they are: `blocks.3.depthwise.norm.gamma` is the `norm.gamma` of its layer. */
export type TensorPart =
  | 'weight'
  | 'bias'
  | 'norm.gamma'
  | 'norm.beta'
  | 'norm.mean'
  | 'norm.variance'
  | 'slope';

export interface LayerTensor {
  readonly layer: Layer;
  readonly part: TensorPart;
  /** `<layer's path>.<part>` */
  readonly path: string;
  /** conv [M, k, l, in, out], depthwise [M, k, l, C], the rest [M, C]. */
  readonly shape: readonly number[];
  /** Statistics are measured, not trained. */
  readonly statistic: boolean;
}

export interface TensorOptions extends TableOptions {
  readonly members: number;
  readonly activation: Activation;
  readonly embeddingBias: boolean;
}

/** Every tensor of a network, layer by layer. Throws a RangeError for sizes that the network cannot take. */
export function networkTensors(options: TensorOptions): LayerTensor[] {
  return mobileFaceNetBlocks(options)
    .flatMap((block) => block.layers)
    .flatMap((layer) => layerTensors(layer, options));
}

/** The tensors of one layer. */
export function layerTensors(layer: Layer, options: TensorOptions): LayerTensor[] {
  const { members } = options;
  const weight = [members, ...layer.kernel, ...(layer.kind === 'conv' ? [layer.inputs] : []), layer.outputs];
  const tensor = (part: TensorPart, shape: readonly number[], statistic = false): LayerTensor => ({
    layer,
    part,
    path: `${layer.path}.${part}`,
    shape,
    statistic,
  });
  const channels = [members, layer.outputs];
  return [
    tensor('weight', weight),
    ...(hasBias(layer, options) ? [tensor('bias', channels)] : []),
    tensor('norm.gamma', channels),
    tensor('norm.beta', channels),
    ...(activationOf(layer, options) === 'prelu' ? [tensor('slope', channels)] : []),
    tensor('norm.mean', channels, true),
    tensor('norm.variance', channels, true),
  ];
}

/** Only the embedding's convolution may have a bias: before BatchNorm it is useless, but some networks carry one. */
export function hasBias(layer: Layer, { embeddingBias }: Pick<TensorOptions, 'embeddingBias'>): boolean {
  return layer.path === 'embedding' && embeddingBias;
}

/** The layer's activation; undefined for a linear one. */
export function activationOf(
  layer: Layer,
  { activation }: Pick<TensorOptions, 'activation'>,
): Activation | undefined {
  return layer.linear ? undefined : (layer.activation ?? activation);
}
