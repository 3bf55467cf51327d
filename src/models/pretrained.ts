/**
 * Networks that others trained, loaded by name.
 *
 * y1 is InsightFace's MobileFaceNet (112×112, width 1, 128-d): the paper's structure, with a bias on the embedding's
 * convolution, BatchNorm ε of 1e-3, but 2e-5 on the embedding, where gamma is fixed at 1 (MXNet's fix_gamma).
 */
import { fromOIHW } from './layout.ts';
import { type ExpectedTensor, matchTensors } from './match-tensors.ts';
import { MobileFaceNet } from './mobilefacenet.ts';
import type { Layer } from './mobilefacenet-table.ts';
import type { SafetensorsFile } from './safetensors.ts';

/** Names of one layer's tensors in a file, by what they are called here. */
type LayerNames = Readonly<Record<string, string>>;

const CONV_BN = {
  weight: 'conv.weight',
  'norm.gamma': 'bn.weight',
  'norm.beta': 'bn.bias',
  'norm.mean': 'bn.running_mean',
  'norm.variance': 'bn.running_var',
} as const;
const CONV_BN_PRELU = { ...CONV_BN, slope: 'prelu.weight' } as const;

/** Layers outside the bottlenecks: ours → the file's prefix and suffixes. */
const Y1_LAYERS: Readonly<Record<string, { prefix: string; names: LayerNames }>> = {
  stem: { prefix: 'conv1', names: CONV_BN_PRELU },
  stemDepthwise: { prefix: 'dw_conv1', names: CONV_BN_PRELU },
  head: { prefix: 'conv2', names: CONV_BN_PRELU },
  global: { prefix: 'linear7', names: CONV_BN },
  embedding: { prefix: 'linear1', names: { ...CONV_BN, bias: 'conv.bias' } },
};

/** In a bottleneck the file numbers convolution, BatchNorm and PReLU in a row; this is each layer's first number. */
const Y1_BOTTLENECK: Readonly<Record<string, number>> = { expand: 0, depthwise: 3, project: 6 };

function y1Names(layer: Layer): LayerNames {
  const fixed = Y1_LAYERS[layer.path];
  if (fixed) return withPrefix(fixed.prefix, fixed.names);
  const [, index, kind = ''] = layer.path.split('.');
  const first = Y1_BOTTLENECK[kind]!;
  return withPrefix(`blocks.${index}.conv`, {
    weight: `${first}.weight`,
    'norm.gamma': `${first + 1}.weight`,
    'norm.beta': `${first + 1}.bias`,
    'norm.mean': `${first + 1}.running_mean`,
    'norm.variance': `${first + 1}.running_var`,
    ...(layer.linear ? {} : { slope: `${first + 2}.weight` }),
  });
}

/**
 * The y1 network with its weights, from `mobilefacenet_y1.safetensors`. Its input is `standardize`d pixels.
 * Throws a SafetensorsError that lists every tensor that is missing, extra or of another shape or type.
 */
export function loadMobileFaceNetY1(file: SafetensorsFile, name = 'mobilefacenet_y1'): MobileFaceNet {
  const options = {
    name,
    inputSize: 112,
    normEpsilon: 1e-3,
    embeddingNormEpsilon: 2e-5,
    embeddingBias: true,
  };
  const layers = new MobileFaceNet(options).layers();
  const expected = layers.flatMap((layer): ExpectedTensor[] =>
    Object.entries(y1Names(layer)).map(([part, tensor]) => ({ name: tensor, shape: fileShape(layer, part) })),
  );
  const values = matchTensors(expected, file, { label: name });
  const initial = new Map<string, Float32Array>();
  for (const layer of layers) {
    for (const [part, tensor] of Object.entries(y1Names(layer))) {
      const value = values.get(tensor)!;
      initial.set(
        `${layer.path}.${part}`,
        part === 'weight' ? fromOIHW(value, fileShape(layer, part)) : value,
      );
    }
  }
  initial.get('embedding.norm.gamma')!.fill(1);
  return new MobileFaceNet(options, initial);
}

function fileShape(layer: Layer, part: string): number[] {
  if (part !== 'weight') return [layer.outputs];
  return [layer.outputs, layer.kind === 'conv' ? layer.inputs : 1, ...layer.kernel];
}

function withPrefix(prefix: string, names: LayerNames): LayerNames {
  return Object.fromEntries(Object.entries(names).map(([part, name]) => [part, `${prefix}.${name}`]));
}
