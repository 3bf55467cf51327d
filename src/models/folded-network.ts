/**
 * MobileFaceNet for inference: what its running statistics do to an image is fixed, so BatchNorm is folded into the
 * convolution before it, once, on the host: W' = W · γ/√(σ² + ε), b' = β + (b − μ) · γ/√(σ² + ε). What remains of a layer is
 * a convolution, a bias and an activation.
 *
 * M members, C channels.
 */
import {
  add,
  conv2d,
  depthwiseConv2d,
  ParameterSet,
  type ParameterSpec,
  prelu,
  relu,
  relu6,
  reshape,
  type Tensor,
} from '../engine/index.ts';
import { checkPixels, type FaceNetwork } from './face-network.ts';
import type { Layer } from './mobilefacenet-table.ts';
import { mobileFaceNetBlocks } from './mobilefacenet-table.ts';
import { activationOf, hasBias } from './mobilefacenet-tensors.ts';
import { preprocess } from './preprocessing.ts';
import type { NetworkWeights } from './pretrained.ts';

/** A network that embeds and has gradients in its pixels, but cannot be trained. Throws where values are missing. */
export function foldedNetwork(
  weights: NetworkWeights,
  description: string = weights.options.name,
): FaceNetwork {
  const { options, preprocessing } = weights;
  const { members, embeddingSize } = options;
  const inputSize =
    typeof options.inputSize === 'number'
      ? ([options.inputSize, options.inputSize] as const)
      : options.inputSize;
  const blocks = mobileFaceNetBlocks(options);
  const parameters = new ParameterSet(
    `${options.name}.folded`,
    blocks.flatMap((block) => block.layers).flatMap((layer) => foldLayer(layer, weights)),
  );

  const applyLayer = (x: Tensor, layer: Layer): Tensor => {
    const window = { stride: layer.stride, padding: layer.padding };
    const perChannel = (part: string) =>
      reshape(parameters.tensor(`${layer.path}.${part}`), [members, 1, 1, 1, layer.outputs]);
    const convolution = layer.kind === 'conv' ? conv2d : depthwiseConv2d;
    const y = add(convolution(x, parameters.tensor(`${layer.path}.weight`), window), perChannel('bias'));
    switch (activationOf(layer, options)) {
      case undefined:
        return y;
      case 'prelu':
        return prelu(y, perChannel('slope'));
      case 'relu':
        return relu(y);
      case 'relu6':
        return relu6(y);
    }
  };

  return {
    description,
    members,
    embeddingSize,
    inputSize,
    parameters: [parameters],
    embed(pixels) {
      checkPixels(description, pixels, inputSize);
      let x = preprocess(pixels, preprocessing);
      for (const { layers, residual } of blocks) {
        const y = layers.reduce(applyLayer, x);
        x = residual ? add(x, y) : y;
      }
      return reshape(x, [members, pixels.shape[1]!, embeddingSize]);
    },
  };
}

/** A layer's weight, bias and, if it has one, slope. Computed in float64. */
function foldLayer(layer: Layer, { options, values }: NetworkWeights): ParameterSpec[] {
  const { path, kernel, outputs } = layer;
  const { members } = options;
  const read = (part: string): Float32Array => {
    const value = values.get(`${path}.${part}`);
    if (!value) throw new RangeError(`${options.name}: no values for ${path}.${part}`);
    return value;
  };
  const epsilon = path === 'embedding' ? options.embeddingNormEpsilon : options.normEpsilon;
  const [gamma, beta, mean, variance] = ['gamma', 'beta', 'mean', 'variance'].map((part) =>
    read(`norm.${part}`),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const scale = Float64Array.from(gamma, (value, i) => value / Math.sqrt(variance[i]! + epsilon));
  if (scale.some((value) => !Number.isFinite(value))) {
    throw new RangeError(
      `${options.name}: ${path}: BatchNorm's gamma and running variance give a scale that is no finite number; the file is damaged`,
    );
  }
  const own = hasBias(layer, options) ? read('bias') : undefined;
  const bias = Float32Array.from(beta, (value, i) => value + ((own?.[i] ?? 0) - mean[i]!) * scale[i]!);

  // Outputs are the innermost axis of either layout, members the outermost.
  const weight = Float32Array.from(read('weight'));
  const perMember = weight.length / members;
  for (let i = 0; i < weight.length; i++) {
    weight[i]! *= scale[Math.floor(i / perMember) * outputs + (i % outputs)]!;
  }
  const inputs = layer.kind === 'conv' ? [layer.inputs] : [];
  const channels = [members, outputs];
  return [
    { path: `${path}.weight`, shape: [members, ...kernel, ...inputs, outputs], initial: weight },
    { path: `${path}.bias`, shape: channels, initial: bias },
    ...(activationOf(layer, options) === 'prelu'
      ? [{ path: `${path}.slope`, shape: channels, initial: read('slope') }]
      : []),
  ];
}
