/** Weights in and out, and opening whatever a file holds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, input } from '../src/engine/index.ts';
import { writeCheckpoint } from '../src/models/checkpoint.ts';
import { Classifier } from '../src/models/classifier.ts';
import { ensembleOf, type FaceNetwork, liveNetwork } from '../src/models/face-network.ts';
import { foldedNetwork } from '../src/models/folded-network.ts';
import { fromOIHW, toOIHW } from '../src/models/layout.ts';
import { completeOptions, MobileFaceNet, type MobileFaceNetOptions } from '../src/models/mobilefacenet.ts';
import { openNetwork } from '../src/models/open-network.ts';
import { PREPROCESSINGS } from '../src/models/preprocessing.ts';
import {
  joinWeights,
  memberWeights,
  type NetworkWeights,
  readWeights,
  writeWeights,
} from '../src/models/pretrained.ts';
import { readSafetensors, writeSafetensors } from '../src/models/safetensors.ts';
import { openTestEngine } from './support/device.ts';
import { norm } from './support/float64.ts';
import { seededValues } from './support/mobilefacenet-onnx.ts';
import { seeded } from './support/onnx-graph.ts';

const SIZE = 16;
const IMAGES = 2;
const small = { inputSize: SIZE, widthMultiplier: 0.125, embeddingSize: 8 };

function weightsOf(options: Partial<MobileFaceNetOptions> = {}, seed = 1): NetworkWeights {
  const complete = completeOptions({ ...small, ...options });
  return { options: complete, values: seededValues(complete, seed), preprocessing: PREPROCESSINGS['128'] };
}

/** Deep equality by bytes: Vitest's own compares numbers one by one. */
function expectSame(actual: NetworkWeights, expected: NetworkWeights): void {
  expect({ ...actual, values: [...actual.values.keys()] }).toEqual({
    ...expected,
    values: [...expected.values.keys()],
  });
  for (const [path, value] of expected.values) {
    const [left, right] = [actual.values.get(path)!, value].map((data) =>
      Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    );
    expect(Buffer.compare(left!, right!), path).toBe(0);
  }
}

const file = (weights: NetworkWeights, label = 'own.safetensors') => ({
  label,
  bytes: writeWeights(weights),
});

describe('weights', () => {
  it.each([
    ['facet', weightsOf({ members: 3 })],
    ['facet', weightsOf({ inputSize: [16, 32], activation: 'relu', embeddingBias: true })],
    ['y1', weightsOf({ embeddingBias: true, normEpsilon: 1e-3 })],
    ['foamliu', weightsOf({ embeddingBias: true, activation: 'relu6', separableStem: true })],
  ] as const)('come back bit for bit under the names of %s', (naming, weights) => {
    const bytes = writeWeights(weights, naming);
    const back = readWeights(bytes);
    expectSame(back, weights);
    expect(Buffer.compare(writeWeights(back, naming), bytes)).toBe(0);
  });

  it('lie in PyTorch’s order under PyTorch’s names', () => {
    const { values, options, preprocessing } = weightsOf({ embeddingBias: true });
    const { tensors, metadata } = readSafetensors(writeWeights({ values, options, preprocessing }, 'y1'));
    expect(metadata.get('format')).toBe('pt');
    const stem = tensors.get('conv1.conv.weight')!;
    expect(stem.shape).toEqual([8, 3, 3, 3]);
    // [out, in, row, column] of the file is [row, column, in, out] here.
    const own = values.get('stem.weight')!;
    const [o, i, y, x] = [5, 2, 1, 0];
    expect(stem.data[((o * 3 + i) * 3 + y) * 3 + x]).toBe(own[((y * 3 + x) * 3 + i) * 8 + o]);
    expect(tensors.get('blocks.14.conv.3.weight')!.shape).toEqual([32, 1, 3, 3]);
    const shape = [4, 3, 2, 5];
    expect(toOIHW(fromOIHW(seeded(120, 1), shape), shape)).toEqual(seeded(120, 1));
  });

  it('have names only where the naming has them', () => {
    expect(() => writeWeights(weightsOf({ separableStem: true }), 'y1')).toThrow(
      /y1 has no name for stemPointwise/,
    );
    expect(() => writeWeights(weightsOf(), 'foamliu')).toThrow(/foamliu has no name for stem\.slope/);
    expect(() => writeWeights(weightsOf({ members: 2 }), 'y1')).toThrow(/hold one network, got 2 members/);
    const both = weightsOf({ members: 2 });
    const second = readWeights(writeWeights({ ...memberWeights(both, 1) }));
    const length = 3 * 3 * 3 * 8;
    expect(second.values.get('stem.weight')).toEqual(
      both.values.get('stem.weight')!.slice(length, 2 * length),
    );
    expect(() => memberWeights(both, 2)).toThrow(/no member 2; there are members 0 to 1/);
  });

  it('are found in a checkpoint beside everything else', () => {
    const { options, values } = weightsOf({ members: 2 });
    const network = new MobileFaceNet(options, values);
    const classifier = new Classifier({ classes: 3, embeddingSize: 8, members: 2 });
    const sets = [network.parameters, network.statistics, classifier.parameters];
    const stored = new Map(sets.map((set) => [set.name, set.unflatten(set.flat.initial as Float32Array)]));
    const checkpoint = { values: stored, step: 5, random: { seed: 0, step: 5 } };
    const bytes = writeCheckpoint(sets, { ...checkpoint, config: { network: options, epoch: 1 } });
    expectSame(readWeights(bytes), { options, values, preprocessing: PREPROCESSINGS['128'] });
    const silent = writeCheckpoint(sets, { ...checkpoint, config: null });
    expect(() => readWeights(silent, 'run/checkpoint')).toThrow(
      /^run\/checkpoint: the checkpoint does not say which/,
    );
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      'an option of another type',
      { members: 'two' },
      /the network's members must be a whole number of at least 1, got "two"/,
    ],
    ['an option that is not known', { attention: 8 }, /an option attention that this facet does not know/],
    ['a size that cannot be', { inputSize: 8 }, /describes a network that cannot be: .* at least 16 pixels/],
    [
      'a size past all memory',
      { members: 2 ** 40 },
      /does not hold the \d+ tensors[\s\S]*expected \[1099511627776,3,3,3,8\]/,
    ],
  ])('refuse %s', (_, change, message) => {
    const { options } = weightsOf();
    const { tensors, metadata } = readSafetensors(writeWeights(weightsOf()));
    const network = JSON.stringify({ ...options, ...change });
    const bytes = writeSafetensors([...tensors.values()], {
      metadata: { ...Object.fromEntries(metadata), network },
    });
    expect(() => readWeights(bytes, 'odd.safetensors')).toThrow(message);
  });

  it('refuse statistics that make no number', () => {
    const weights = weightsOf();
    weights.values.get('head.norm.variance')![3] = -1;
    expect(() => foldedNetwork(weights)).toThrow(/head: BatchNorm's gamma and running variance give a scale/);
  });
});

describe('networks', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestEngine();
  });
  afterAll(() => engine?.close());

  const pixels = seeded(IMAGES * SIZE * SIZE * 3, 3, 0, 1);
  async function embed(network: FaceNetwork): Promise<Float32Array> {
    const program = await engine.compile({
      name: 'embed',
      inputs: { pixels: input([1, IMAGES, SIZE, SIZE, 3]) },
      trace: (inputs) => ({ outputs: { features: network.embed(inputs.pixels) } }),
    });
    const { features } = await program.run({ pixels }).read();
    program.free();
    expect(features.length).toBe(network.members * IMAGES * network.embeddingSize);
    return features as Float32Array;
  }
  const distance = (a: Float32Array, b: Float32Array) =>
    norm(Array.from(a, (value, i) => value - b[i]!)) / norm(Array.from(b));

  it.each([
    ['PReLU, a bias and two ε', { embeddingBias: true, normEpsilon: 1e-3, embeddingNormEpsilon: 2e-5 }],
    ['ReLU6 and a separable stem', { activation: 'relu6', separableStem: true }],
    ['ReLU', { activation: 'relu' }],
  ] as const)('folded embed as they do with BatchNorm by itself: %s', async (_, options) => {
    const weights = weightsOf({ members: 2, ...options });
    const live = await embed(liveNetwork(new MobileFaceNet(weights.options, weights.values)));
    expect(distance(await embed(foldedNetwork(weights)), live)).toBeLessThan(1e-5);
  });

  it('of one structure join on the member axis, others side by side; features are those of each', async () => {
    const [first, second] = [weightsOf(), weightsOf({ members: 2 }, 2)];
    const alone = [await embed(foldedNetwork(first)), await embed(foldedNetwork(second))];
    const expected = Float32Array.from([...alone[0]!, ...alone[1]!]);
    const joined = openNetwork([file(first, 'a'), file(second, 'b')]);
    expect([joined.members, joined.parameters.length, joined.description]).toEqual([3, 1, 'a + b']);
    expect(distance(await embed(joined), expected)).toBeLessThan(1e-6);
    const apart = ensembleOf([foldedNetwork(first), foldedNetwork(second)]);
    expect([apart.members, apart.parameters.length]).toEqual([3, 2]);
    expect(distance(await embed(apart), expected)).toBeLessThan(1e-6);

    const other = weightsOf({ activation: 'relu' });
    expect(joinWeights([first, other])).toBeUndefined();
    const mixed = openNetwork([file(first), file(other)]);
    expect([mixed.members, mixed.parameters.length]).toEqual([2, 2]);
  });

  it('of different features or images form no ensemble', () => {
    const [plain, wide, large] = [weightsOf(), weightsOf({ embeddingSize: 9 }), weightsOf({ inputSize: 32 })];
    expect(() => openNetwork([file(plain, 'a'), file(wide, 'b')])).toThrow(/a has 8 features and b has 9/);
    expect(() => openNetwork([file(plain, 'a'), file(large, 'b')])).toThrow(
      /a takes images of 16×16 and b of 32×32/,
    );
    expect(() => openNetwork([])).toThrow(/expected at least one network, got none/);
    const network = openNetwork([file(plain, 'a')]);
    const compiled = engine.compile({
      name: 'wrong',
      inputs: { pixels: input([1, 1, SIZE, SIZE + 1, 3]) },
      trace: (inputs) => ({ outputs: { features: network.embed(inputs.pixels) } }),
    });
    return expect(compiled).rejects.toThrow(
      /a: expected pixels \[1, images, 16, 16, 3\], got \[1, 1, 16, 17, 3\]/,
    );
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(), /f: is no file of weights that facet reads \(it is empty\)/],
    ['a zip of PyTorch', Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0), /looks like PyTorch’s: save its state_dict/],
    ['a pickle', Uint8Array.of(0x80, 2, 0x8a, 0x0a), /looks like PyTorch’s/],
    ['HDF5', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 13), /looks like HDF5: export the model to ONNX/],
    ['TensorFlow Lite', new TextEncoder().encode('\x1c\0\0\0TFL3'), /looks like TensorFlow Lite/],
    [
      'text',
      new TextEncoder().encode('10\t300\nAbel_Pacheco'),
      /f: is no file of weights that facet reads; expected/,
    ],
    [
      'safetensors of something else',
      writeSafetensors([{ name: 'encoder.weight', shape: [1], data: Float32Array.of(1) }]),
      /f: is a safetensors file of 1 tensors \(encoder\.weight\), but of no network that facet knows/,
    ],
  ])('are not opened from %s', (_, bytes, message) => {
    expect(() => openNetwork([{ label: 'f', bytes }])).toThrow(message);
  });
});
