/** A whole network out of ONNX: its features are onnxruntime's, its gradients those of the same network of our own. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, gradients, input, mul, sum } from '../src/engine/index.ts';
import { type FaceNetwork, liveNetwork } from '../src/models/face-network.ts';
import { completeOptions, MobileFaceNet } from '../src/models/mobilefacenet.ts';
import { importOnnx } from '../src/models/onnx/import.ts';
import { openNetwork } from '../src/models/open-network.ts';
import { PREPROCESSINGS } from '../src/models/preprocessing.ts';
import { writeWeights } from '../src/models/pretrained.ts';
import { openTestEngine } from './support/device.ts';
import { norm } from './support/float64.ts';
import { mobileFaceNetOnnx, seededValues } from './support/mobilefacenet-onnx.ts';
import { embedByOrt } from './support/onnx-compare.ts';
import { seeded } from './support/onnx-graph.ts';

const SIZE = 18;
const IMAGES = 3;
const FEATURES = 12;

describe('MobileFaceNet as ONNX', () => {
  const options = completeOptions({ inputSize: SIZE, widthMultiplier: 0.125, embeddingSize: FEATURES });
  const weights = { options, values: seededValues(options), preprocessing: PREPROCESSINGS['128'] };
  const bytes = mobileFaceNetOnnx(weights);
  const pixels = seeded(IMAGES * SIZE * SIZE * 3, 7, 0, 1);
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestEngine();
  });
  afterAll(() => engine?.close());

  /** Features, and the gradient in the pixels of their product with seeded numbers. */
  async function look(network: FaceNetwork): Promise<{ features: Float32Array; slope: Float32Array }> {
    const shape = [1, IMAGES, FEATURES];
    const program = await engine.compile({
      name: 'look',
      inputs: { pixels: input([1, IMAGES, SIZE, SIZE, 3]), cotangent: input(shape) },
      trace: (inputs) => {
        const features = network.embed(inputs.pixels);
        const [slope] = gradients(sum(mul(features, inputs.cotangent)), [inputs.pixels]);
        return { outputs: { features, slope: slope! } };
      },
    });
    const result = await program.run({ pixels, cotangent: seeded(IMAGES * FEATURES, 8) }).read();
    program.free();
    return result as { features: Float32Array; slope: Float32Array };
  }

  const distance = (a: Float32Array, b: Float32Array) =>
    norm(Array.from(a, (value, i) => value - b[i]!)) / norm(Array.from(b));

  it('embeds as onnxruntime does, and has the gradients of the network that it was written from', async () => {
    const imported = await look(importOnnx(bytes, { preprocessing: '128' }));
    const standardised = pixels.map((p) => (255 * p - 127.5) / 128);
    const expected = await embedByOrt(bytes, standardised, [SIZE, SIZE]);
    expect(norm(Array.from(expected))).toBeGreaterThan(0.1);
    expect(distance(imported.features, expected)).toBeLessThan(1e-5);

    const own = await look(liveNetwork(new MobileFaceNet(options, weights.values)));
    expect(distance(own.features, expected)).toBeLessThan(1e-5);
    expect(distance(imported.slope, own.slope)).toBeLessThan(1e-4);

    // Opened from a file, BatchNorm is folded on the host.
    const folded = await look(openNetwork([{ label: 'own.safetensors', bytes: writeWeights(weights) }]));
    expect(distance(folded.features, expected)).toBeLessThan(1e-5);
    expect(distance(folded.slope, own.slope)).toBeLessThan(1e-4);
  });

  it('stands in an ensemble beside the network of a file', async () => {
    const other = { ...weights, values: seededValues(options, 2) };
    const files = [
      { label: 'first.onnx', bytes },
      { label: 'second.safetensors', bytes: writeWeights(other) },
    ];
    const ensemble = openNetwork(files, { preprocessing: '128' });
    expect([ensemble.members, ensemble.description]).toEqual([2, 'first.onnx + second.safetensors']);
    const program = await engine.compile({
      name: 'ensemble',
      inputs: { pixels: input([1, IMAGES, SIZE, SIZE, 3]) },
      trace: (inputs) => ({ outputs: { features: ensemble.embed(inputs.pixels) } }),
    });
    const { features } = await program.run({ pixels }).read();
    const half = IMAGES * FEATURES;
    for (const [member, values] of [weights.values, other.values].entries()) {
      const alone = await look(liveNetwork(new MobileFaceNet(options, values)));
      const own = (features as Float32Array).slice(member * half, (member + 1) * half);
      expect(distance(own, alone.features)).toBeLessThan(1e-5);
    }
  });
});
