/** Where the training of a MobileFaceNet starts. */
import { heGain, normalWeights, uniformWeights } from './init.ts';
import { activationOf, type LayerTensor, type TensorOptions } from './mobilefacenet-tensors.ts';

/**
 * How initial weights are drawn:
 *
 * - `he`: normal, of variance gain²/fanIn with the gain of what follows, so that activations keep their size: He et al.,
 *   "Delving Deep into Rectifiers", 2015.
 * - `pytorch`: uniform in ±1/√fanIn, of variance 1/(3 fanIn) whatever follows: what a convolution of PyTorch starts with when
 *   nothing else is asked for. Smaller, and slower to fit.
 */
export const WEIGHT_SCHEMES = ['he', 'pytorch'] as const;
export type WeightScheme = (typeof WEIGHT_SCHEMES)[number];

/** Where PReLU slopes start (He et al. 2015; PyTorch's too). */
const INITIAL_SLOPE = 0.25;

/** First values of one tensor. Drawn weights follow from the seed, the tensor's path and the member. */
export function initialValues(
  { layer, part, path, shape }: LayerTensor,
  options: TensorOptions & { readonly seed: number },
  scheme: WeightScheme,
): Float32Array {
  const { kind, inputs, kernel } = layer;
  switch (part) {
    case 'weight': {
      const fanIn = kernel[0] * kernel[1] * (kind === 'conv' ? inputs : 1);
      if (scheme === 'pytorch') return uniformWeights(shape, 1 / Math.sqrt(fanIn), options.seed, path);
      const activation = activationOf(layer, options);
      const slope = activation === undefined ? 1 : activation === 'prelu' ? INITIAL_SLOPE : 0;
      return normalWeights(shape, heGain(slope) / Math.sqrt(fanIn), options.seed, path);
    }
    case 'norm.gamma':
    case 'norm.variance':
      return filled(shape, 1);
    case 'slope':
      return filled(shape, INITIAL_SLOPE);
    case 'bias':
    case 'norm.beta':
    case 'norm.mean':
      return filled(shape, 0);
  }
}

function filled(shape: readonly number[], value: number): Float32Array {
  return new Float32Array(shape.reduce((product, extent) => product * extent, 1)).fill(value);
}
