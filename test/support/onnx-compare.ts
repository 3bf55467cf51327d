/** A graph computed by facet and by onnxruntime on the CPU. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { type Engine, input } from '../../src/engine/index.ts';
import type { FaceNetwork } from '../../src/models/face-network.ts';
import { importOnnx, type OnnxOptions } from '../../src/models/onnx/import.ts';
import { seeded } from './onnx-graph.ts';

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
