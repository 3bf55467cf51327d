/** Small graphs for tests: operators in a row, their weights seeded, checked against onnxruntime. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type Engine, input } from '../../src/engine/index.ts';
import type { FaceNetwork } from '../../src/models/face-network.ts';
import { mulberry32 } from '../../src/models/init.ts';
import { importOnnx, type OnnxOptions } from '../../src/models/onnx/import.ts';
import { type Attribute, type EncodedNode, type EncodedTensor, model } from './onnx-encoder.ts';

/** Seeded values in [low, high). */
export function seeded(count: number, seed: number, low = -1, high = 1): Float32Array {
  const next = mulberry32(seed);
  return Float32Array.from({ length: count }, () => low + (high - low) * next());
}

export interface GraphOptions {
  /** The image's extents as the graph has them, without the batch: [3, H, W], or [H, W, 3]. */
  readonly image?: readonly (number | string)[];
  readonly batch?: number | string;
  readonly opset?: number;
  readonly initializersAsInputs?: boolean;
  readonly inputType?: number;
}

/** Writes a graph node by node. `x` is the image; every method that adds a node returns its output's name. */
export class GraphBuilder {
  readonly #nodes: EncodedNode[] = [];
  readonly #initializers: Record<string, EncodedTensor> = {};
  #seed = 1;

  /** A stored tensor of seeded values, or of those given. */
  weight(dims: readonly number[], values?: ArrayLike<number>, extra: Partial<EncodedTensor> = {}): string {
    const name = `w${Object.keys(this.#initializers).length}`;
    const count = dims.reduce((product, extent) => product * extent, 1);
    this.#initializers[name] = { dims, data: values ?? seeded(count, this.#seed++), ...extra };
    return name;
  }

  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.weight(dims, values, { type: 'int64' });
  }

  /** A tensor whose values are positive: variances, divisors. */
  positive(dims: readonly number[]): string {
    const count = dims.reduce((product, extent) => product * extent, 1);
    return this.weight(dims, seeded(count, this.#seed++, 0.5, 2));
  }

  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    extra: Partial<EncodedNode> = {},
  ): string {
    const output = `t${this.#nodes.length}`;
    this.#nodes.push({ operator, inputs, output, name: `n${this.#nodes.length}`, attributes, ...extra });
    return output;
  }

  conv(
    x: string,
    dims: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
    bias = false,
  ): string {
    return this.add('Conv', [x, this.weight(dims), ...(bias ? [this.weight([dims[0]!])] : [])], attributes);
  }

  norm(x: string, channels: number, attributes: Readonly<Record<string, Attribute>> = {}): string {
    const c = [channels];
    const inputs = [x, this.weight(c), this.weight(c), this.weight(c), this.positive(c)];
    return this.add('BatchNormalization', inputs, attributes);
  }

  /** The model's bytes, with `output` as what it computes. */
  build(output: string, options: GraphOptions = {}): Uint8Array {
    const { image = [3, 7, 6], batch = 'batch', opset = 17, inputType = 1 } = options;
    return model({
      nodes: this.#nodes,
      initializers: this.#initializers,
      input: { name: 'x', dims: [batch, ...image], type: inputType },
      output: { name: output, dims: [] },
      opset,
      ...(options.initializersAsInputs ? { initializersAsInputs: true } : {}),
    });
  }
}

/** Features by facet, [N, E] row-major, of pixels [N, H, W, 3] in [0, 1]. */
export async function embedWith(
  engine: Engine,
  network: FaceNetwork,
  pixels: Float32Array,
): Promise<Float32Array> {
  const [height, width] = network.inputSize;
  const program = await engine.compile({
    name: 'embed',
    inputs: { pixels: input([1, pixels.length / (height * width * 3), height, width, 3]) },
    trace: ({ pixels: x }) => ({ outputs: { features: network.embed(x) } }),
  });
  const { features } = await program.run({ pixels }).read();
  program.free();
  for (const set of network.parameters) engine.free(set.flat);
  return features as Float32Array;
}

/** Features by onnxruntime on the CPU, of the same pixels; the graph takes them as they are. */
export async function embedByOrt(
  bytes: Uint8Array,
  pixels: Float32Array,
  [height, width]: readonly [number, number],
  layout: 'nchw' | 'nhwc' = 'nchw',
): Promise<Float32Array> {
  const session = await InferenceSession.create(bytes, { executionProviders: ['cpu'], logSeverityLevel: 3 });
  const area = height * width;
  const count = pixels.length / (area * 3);
  const data = layout === 'nchw' ? toChannelsFirst(pixels, area) : pixels;
  const dims = layout === 'nchw' ? [count, 3, height, width] : [count, height, width, 3];
  const results = await session.run({ x: new OrtTensor('float32', data, dims) });
  const { data: features } = results[session.outputNames[0]!]!;
  await session.release();
  return features as Float32Array;
}

function toChannelsFirst(pixels: Float32Array, area: number): Float32Array {
  const planes = new Float32Array(pixels.length);
  for (let i = 0; i < pixels.length; i++) {
    const [image, pixel, channel] = [Math.floor(i / (3 * area)), Math.floor(i / 3) % area, i % 3];
    planes[(image * 3 + channel) * area + pixel] = pixels[i]!;
  }
  return planes;
}

export interface Comparison {
  readonly facet: Float32Array;
  readonly ort: Float32Array;
  readonly network: FaceNetwork;
}

/** Both on `count` seeded images, which the graph takes as pixels in [0, 1]. */
export async function compare(
  engine: Engine,
  bytes: Uint8Array,
  { count = 3, layout = 'nchw', ...options }: OnnxOptions & { count?: number; layout?: 'nchw' | 'nhwc' } = {},
): Promise<Comparison> {
  const network = importOnnx(bytes, { preprocessing: 'unit', ...options });
  const [height, width] = network.inputSize;
  const pixels = seeded(count * height * width * 3, 99, 0, 1);
  const ort = await embedByOrt(bytes, pixels, network.inputSize, layout);
  return { facet: await embedWith(engine, network, pixels), ort, network };
}
