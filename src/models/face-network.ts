/**
 * A face network: whatever turns pictures of faces into features. Verification and attacks ask for no more than
 * this, so they treat our own MobileFaceNet, published weights and imported graphs alike.
 *
 * An implementation brings its own preprocessing: `embed` takes pixels in [0, 1]. Opening one from the bytes of a file
 * is open-network.ts's task.
 *
 * M members, N images, H×W pixels, E embedding size.
 */
import { concat, type ParameterSet, type Tensor } from '../engine/index.ts';
import { embed, type MobileFaceNet } from './mobilefacenet.ts';

export interface FaceNetwork {
  /** For people: what it is, in a few words. */
  readonly description: string;
  readonly members: number;
  readonly embeddingSize: number;
  /** [height, width] of the images that it takes. */
  readonly inputSize: readonly [number, number];
  /**
   * Features [M, N, E] of pixels [1, N, H, W, 3] in [0, 1], RGB. Differentiable in the pixels. May be called for any N, in
   * any number of programs. Throws a RangeError for pixels of another shape.
   */
  embed(pixels: Tensor): Tensor;
  /** What it keeps on a device, to be freed (`engine.free(set.flat)`) when no program uses it any more. */
  readonly parameters: readonly ParameterSet[];
}

/** Our own network with the values that an engine holds for it, as it is during training or right after. */
export function liveNetwork(network: MobileFaceNet, description = network.options.name): FaceNetwork {
  const { members, embeddingSize, inputSize } = network.options;
  return {
    description,
    members,
    embeddingSize,
    inputSize: typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize,
    embed: (pixels) => embed(network, pixels),
    parameters: [network.parameters, network.statistics],
  };
}

/**
 * Several networks as one: their members, one behind the other. A single network is returned as it is. Throws a
 * RangeError for none, and for networks of different embedding or input sizes.
 */
export function ensembleOf(networks: readonly FaceNetwork[]): FaceNetwork {
  const [first, ...others] = networks;
  if (!first) throw new RangeError('ensemble: expected at least one network, got none');
  for (const other of others) {
    const [height, width] = other.inputSize;
    if (other.embeddingSize !== first.embeddingSize) {
      throw new RangeError(
        `ensemble: ${first.description} has ${first.embeddingSize} features and ${other.description} has ${other.embeddingSize}; ` +
          'members need as many: their features lie side by side',
      );
    }
    if (height !== first.inputSize[0] || width !== first.inputSize[1]) {
      throw new RangeError(
        `ensemble: ${first.description} takes images of ${first.inputSize.join('×')} and ${other.description} of ${height}×${width}; ` +
          'members see the same image, so they need the same size',
      );
    }
  }
  if (others.length === 0) return first;
  return {
    description: networks.map(({ description }) => description).join(' + '),
    members: networks.reduce((sum, { members }) => sum + members, 0),
    embeddingSize: first.embeddingSize,
    inputSize: first.inputSize,
    embed: (pixels) =>
      concat(
        networks.map((network) => network.embed(pixels)),
        0,
      ),
    parameters: networks.flatMap(({ parameters }) => parameters),
  };
}

/** Throws a RangeError unless pixels are [1, N, H, W, 3] of the network's input size. */
export function checkPixels(name: string, pixels: Tensor, [height, width]: readonly [number, number]): void {
  const [members, images = 0, h, w, channels] = pixels.shape;
  const fits = members === 1 && images > 0 && h === height && w === width && channels === 3;
  if (pixels.shape.length !== 5 || !fits) {
    throw new RangeError(
      `${name}: expected pixels [1, images, ${height}, ${width}, 3], got [${pixels.shape.join(', ')}]; resize the images`,
    );
  }
}
