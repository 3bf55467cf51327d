/**
 * What MobileFaceNet's tensors are called in the files of others: one table. PyTorch-style names are `<module>.<tensor>`
 * with BatchNorm's `weight`, `bias`, `running_mean` and `running_var`; a layer's convolution, BatchNorm and PReLU are three
 * modules. Own names (`blocks.3.depthwise.norm.gamma`) need no table.
 */
import type { MobileFaceNetOptions } from './mobilefacenet.ts';
import type { Layer } from './mobilefacenet-table.ts';
import type { LayerTensor, TensorPart } from './mobilefacenet-tensors.ts';
import { PREPROCESSINGS, type Preprocessing } from './preprocessing.ts';

/** Module names of a layer: convolution, BatchNorm and, where the layer has one, PReLU. `#` is a bottleneck's number. */
type Modules = readonly [convolution: string, norm: string, slope?: string];

type Row = Readonly<Partial<Record<PyTorchNaming, Modules>>>;

/** Whose names: InsightFace's MobileFaceNet "y1" as converted to PyTorch, and foamliu's MobileFaceNet. */
export type PyTorchNaming = 'y1' | 'foamliu';

/** Our layer → modules of each naming. */
const MODULES: Readonly<Record<string, Row>> = {
  stem: {
    y1: ['conv1.conv', 'conv1.bn', 'conv1.prelu'],
    foamliu: ['conv1.0', 'conv1.1'],
  },
  stemDepthwise: {
    y1: ['dw_conv1.conv', 'dw_conv1.bn', 'dw_conv1.prelu'],
    foamliu: ['dw_conv.depthwise', 'dw_conv.bn1'],
  },
  stemPointwise: {
    foamliu: ['dw_conv.pointwise', 'dw_conv.bn2'],
  },
  'blocks.#.expand': {
    y1: ['blocks.#.conv.0', 'blocks.#.conv.1', 'blocks.#.conv.2'],
    foamliu: ['features.#.conv.0.0', 'features.#.conv.0.1'],
  },
  'blocks.#.depthwise': {
    y1: ['blocks.#.conv.3', 'blocks.#.conv.4', 'blocks.#.conv.5'],
    foamliu: ['features.#.conv.1.0', 'features.#.conv.1.1'],
  },
  'blocks.#.project': {
    y1: ['blocks.#.conv.6', 'blocks.#.conv.7'],
    foamliu: ['features.#.conv.2', 'features.#.conv.3'],
  },
  head: {
    y1: ['conv2.conv', 'conv2.bn', 'conv2.prelu'],
    foamliu: ['conv2.0', 'conv2.1'],
  },
  global: {
    y1: ['linear7.conv', 'linear7.bn'],
    foamliu: ['gdconv.depthwise', 'gdconv.bn'],
  },
  embedding: {
    y1: ['linear1.conv', 'linear1.bn'],
    foamliu: ['conv3', 'bn'],
  },
};

/** A part of a layer → which of its modules, and the tensor's name there. */
const PARTS: Readonly<Record<TensorPart, readonly [module: 0 | 1 | 2, name: string]>> = {
  weight: [0, 'weight'],
  bias: [0, 'bias'],
  'norm.gamma': [1, 'weight'],
  'norm.beta': [1, 'bias'],
  'norm.mean': [1, 'running_mean'],
  'norm.variance': [1, 'running_var'],
  slope: [2, 'weight'],
};

/** What a naming's published weights are, where the file does not say. */
export interface PublishedNetwork {
  readonly options: MobileFaceNetOptions;
  readonly preprocessing: Preprocessing;
  /** MXNet's fix_gamma: what is stored as the embedding's gamma does not count, it is 1. */
  readonly embeddingGammaIsOne: boolean;
}

export const PUBLISHED: Readonly<Record<PyTorchNaming, PublishedNetwork>> = {
  y1: {
    options: {
      name: 'mobilefacenet_y1',
      inputSize: 112,
      normEpsilon: 1e-3,
      embeddingNormEpsilon: 2e-5,
      embeddingBias: true,
    },
    preprocessing: PREPROCESSINGS['128'],
    embeddingGammaIsOne: true,
  },
  foamliu: {
    options: {
      name: 'mobilefacenet_foamliu',
      inputSize: 112,
      activation: 'relu6',
      embeddingBias: true,
      separableStem: true,
    },
    preprocessing: PREPROCESSINGS.imagenet,
    embeddingGammaIsOne: false,
  },
};

/** The tensor's name in a naming; undefined where it has no name for it (a PReLU in a ReLU6 network, say). */
export function pyTorchName({ layer, part }: LayerTensor, naming: PyTorchNaming): string | undefined {
  const [module, name] = PARTS[part];
  const prefix = modulesOf(layer, naming)?.[module];
  return prefix === undefined ? undefined : `${prefix}.${name}`;
}

function modulesOf(layer: Layer, naming: PyTorchNaming): string[] | undefined {
  const [, number] = /^blocks\.(\d+)\./.exec(layer.path) ?? [];
  const row = MODULES[number === undefined ? layer.path : layer.path.replace(number, '#')];
  return row?.[naming]?.map((module) => module?.replace('#', number ?? '') ?? '');
}

/** Shape of a tensor in a PyTorch file: convolutions are [out, in / groups, k, l], the rest [C]. */
export function pyTorchShape({ layer, part, shape }: LayerTensor): number[] {
  if (part !== 'weight') return [shape[1]!];
  return [layer.outputs, layer.kind === 'conv' ? layer.inputs : 1, ...layer.kernel];
}

/** Whose names a file's tensors have; undefined for neither's. */
export function recogniseNaming(names: { has(name: string): boolean }): PyTorchNaming | undefined {
  if (names.has('dw_conv1.conv.weight') || names.has('linear7.conv.weight')) return 'y1';
  if (names.has('dw_conv.depthwise.weight') || names.has('gdconv.depthwise.weight')) return 'foamliu';
  return undefined;
}
