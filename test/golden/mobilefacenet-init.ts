/**
 * The seeded MobileFaceNet of the golden values: layers, weights, images, labels and targets.
 *
 * mobilefacenet_step.py draws the same numbers in the same order; the two must not part. Weights are stored
 * output-major as drawn (`[out, in, k, k]`, depthwise `[channels, 1, k, k]`); `spatialMajor` turns them
 * into the engine's layouts.
 */

export interface GoldenLayer {
  /** Path of the layer: 'stem', 'blocks.3.depthwise', 'embedding'; the golden gradient norms are named by it. */
  readonly name: string;
  readonly depthwise: boolean;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  /** Whether a PReLU follows the batch norm. */
  readonly active: boolean;
  /** 'push': the layer's input is kept; 'add': the kept input is added to the layer's output. */
  readonly residual?: 'push' | 'add';
}

export interface GoldenNetwork {
  readonly layers: readonly GoldenLayer[];
  /** One tensor per layer, as drawn: `[outputs, depthwise ? 1 : inputs, kernel, kernel]`. */
  readonly weights: readonly Float32Array[];
  /** `[classes, embedding]`. */
  readonly classifier: Float32Array;
  /** `[batch, size, size, 3]`. */
  readonly images: Float32Array;
  /** `[batch]`. */
  readonly labels: Int32Array;
  /** `[batch, embedding]`. */
  readonly targets: Float32Array;
}

export const goldenSettings = { batch: 8, classes: 1000, embedding: 128, seed: 7 } as const;

/** Table 1 of the paper: expansion, channels, repeats, stride. */
const BOTTLENECKS = [
  [2, 64, 5, 2],
  [4, 128, 1, 2],
  [2, 128, 6, 1],
  [4, 128, 1, 2],
  [2, 128, 2, 1],
] as const;

/** The network for images of `size` × `size` as a flat list of convolutions. */
export function goldenLayers(size: number): GoldenLayer[] {
  const layers: GoldenLayer[] = [];
  const dense = { depthwise: false, kernel: 1, stride: 1, padding: 0, active: true } as const;
  const deep = { depthwise: true, kernel: 3, stride: 1, padding: 1, active: true } as const;
  let channels = 64;
  layers.push({ ...dense, name: 'stem', inputs: 3, outputs: 64, kernel: 3, stride: 2, padding: 1 });
  layers.push({ ...deep, name: 'stemDepthwise', inputs: 64, outputs: 64 });
  let block = 0;
  for (const [expansion, outputs, repeats, firstStride] of BOTTLENECKS) {
    for (let repeat = 0; repeat < repeats; repeat++) {
      const stride = repeat === 0 ? firstStride : 1;
      const wide = channels * expansion;
      const residual = stride === 1 && channels === outputs;
      const path = `blocks.${block++}`;
      layers.push({
        ...dense,
        name: `${path}.expand`,
        inputs: channels,
        outputs: wide,
        ...(residual && { residual: 'push' }),
      });
      layers.push({ ...deep, name: `${path}.depthwise`, inputs: wide, outputs: wide, stride });
      layers.push({
        ...dense,
        name: `${path}.project`,
        inputs: wide,
        outputs,
        active: false,
        ...(residual && { residual: 'add' }),
      });
      channels = outputs;
    }
  }
  const last = Math.ceil(size / 16);
  layers.push({ ...dense, name: 'head', inputs: channels, outputs: 512 });
  layers.push({
    ...deep,
    name: 'global',
    inputs: 512,
    outputs: 512,
    kernel: last,
    padding: 0,
    active: false,
  });
  layers.push({ ...dense, name: 'embedding', inputs: 512, outputs: goldenSettings.embedding, active: false });
  return layers;
}

/** Draws the whole network and its batch for images of `size` × `size`. */
export function goldenNetwork(size: number): GoldenNetwork {
  const { batch, classes, embedding, seed } = goldenSettings;
  const random = mulberry32(seed);
  const layers = goldenLayers(size);
  const weights = layers.map((layer) => {
    const fan = (layer.depthwise ? 1 : layer.inputs) * layer.kernel ** 2;
    return uniform(layer.outputs * fan, Math.sqrt(3 / fan) * (layer.active ? 1.3 : 1), random);
  });
  const classifier = uniform(classes * embedding, 1, random);
  const images = uniform(batch * size * size * 3, 1, random);
  const labels = Int32Array.from({ length: batch }, () => Math.floor(random() * classes));
  const targets = uniform(batch * embedding, 1, random);
  return { layers, weights, classifier, images, labels, targets };
}

/**
 * `[out, in, k, k]` to the engine's order: `[k, k, in, out]`, and for a depthwise layer (whose `in` is 1)
 * thereby `[k, k, channels]`.
 */
export function spatialMajor(layer: GoldenLayer, drawn: Float32Array): Float32Array {
  const inputs = layer.depthwise ? 1 : layer.inputs;
  const taps = layer.kernel ** 2;
  const result = new Float32Array(drawn.length);
  for (let output = 0; output < layer.outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let tap = 0; tap < taps; tap++) {
        result[(tap * inputs + input) * layer.outputs + output] =
          drawn[(output * inputs + input) * taps + tap]!;
      }
    }
  }
  return result;
}

/** Tommy Ettinger's mulberry32: a counter through a mixing function, uniform in [0, 1). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function uniform(length: number, bound: number, random: () => number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = (random() * 2 - 1) * bound;
  return values;
}
