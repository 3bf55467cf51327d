/**
 * The golden values against the oracle: two independent float64 implementations, PyTorch's and the plain
 * loops, agree on a training step; with FACET_THOROUGH_TESTS=1 also on its gradients and an attack's. It
 * ties the TypeScript generator of the seeded network to the Python one, too.
 */
import { describe, expect, test } from 'vitest';
import { type GoldenLayer, goldenNetwork, spatialMajor } from './golden/mobilefacenet-init.ts';
import { type GoldenTensor, goldenCase, goldenStepSettings } from './golden/step.ts';
import type { NdArray } from './oracle/index.ts';
import { fromValues, zeros } from './oracle/ndarray.ts';
import { Tape } from './oracle/tape.ts';

/** The odd size: strides meet odd and even inputs, and it is half the work of 56. */
const SIZE = 41;
const { batch, classes, embedding, epsilon, slope, margin, scale } = goldenStepSettings;

const network = goldenNetwork(SIZE);
const golden = goldenCase(SIZE);

/** [1, channels], which prelu and batchNorm lay along the last axis. */
function filled(channels: number, value: number): NdArray {
  return fromValues([1, channels], new Array<number>(channels).fill(value));
}

function weightOf(layer: GoldenLayer, drawn: Float32Array): NdArray {
  const { kernel, inputs, outputs, depthwise } = layer;
  const shape = depthwise ? [1, kernel, kernel, outputs] : [1, kernel, kernel, inputs, outputs];
  return fromValues(shape, spatialMajor(layer, drawn));
}

const images = fromValues([1, batch, SIZE, SIZE, 3], network.images);
/** Tensors by the names of the golden norms. */
const parameters = new Map<string, NdArray>();
for (const [i, layer] of network.layers.entries()) {
  parameters.set(`${layer.name}.weight`, weightOf(layer, network.weights[i]!));
  parameters.set(`${layer.name}.gamma`, filled(layer.outputs, 1));
  parameters.set(`${layer.name}.beta`, filled(layer.outputs, 0));
  if (layer.active) parameters.set(`${layer.name}.slope`, filled(layer.outputs, slope));
}

/** [1, batch, embedding]. In evaluation, statistics are at their start: mean 0, variance 1. */
function embed(tape: Tape, mode: 'training' | 'evaluation'): NdArray {
  let h = images;
  let kept = images;
  for (const layer of network.layers) {
    const parameter = (name: string) => parameters.get(`${layer.name}.${name}`)!;
    if (layer.residual === 'push') kept = h;
    const window = { stride: layer.stride, padding: layer.padding };
    h = tape.apply(layer.depthwise ? 'depthwiseConv2d' : 'conv2d', [h, parameter('weight')], window);
    h =
      mode === 'training'
        ? tape.apply('batchNorm', [h, parameter('gamma'), parameter('beta')], { eps: epsilon })
        : tape.apply('mul', [h], { b: 1 / Math.sqrt(1 + epsilon) });
    if (layer.active) h = tape.apply('prelu', [h, parameter('slope')], {});
    if (layer.residual === 'add') h = tape.apply('add', [h, kept], {});
  }
  return tape.apply('reshape', [h], { shape: [1, batch, embedding] });
}

function norm(x: NdArray): number {
  return Math.sqrt(x.data.reduce((total, value) => total + value * value, 0));
}

function expectTensor(got: NdArray, expected: GoldenTensor, indices: readonly number[]): void {
  const tolerance = 1e-8 * expected.largest;
  expect(Math.abs(norm(got) / expected.norm - 1)).toBeLessThan(1e-8);
  for (const [i, flat] of indices.entries()) {
    expect(Math.abs(got.data[flat]! - expected.values[i]!), `element ${flat}`).toBeLessThan(tolerance);
  }
}

/** CosFace over the unit sphere, mean over the batch. */
function trainingLoss(tape: Tape, features: NdArray, classifier: NdArray): NdArray {
  const unit = tape.apply('l2Normalize', [features], { axis: 2, eps: 0 });
  const directions = tape.apply('l2Normalize', [classifier], { axis: 1, eps: 0 });
  const cosines = tape.apply('matmul', [unit, directions], { transposeB: true });
  const margins = zeros([1, batch, classes]);
  for (const [i, label] of network.labels.entries()) margins.data[i * classes + label] = margin;
  const logits = tape.apply('mul', [tape.apply('sub', [cosines, margins], {})], { b: scale });
  const labels = fromValues([batch], network.labels);
  return tape.apply('mean', [tape.apply('softmaxCrossEntropy', [logits, labels], {})], {});
}

/** Sum over the batch of 1 − cos(embedding, target). */
function attackLoss(tape: Tape, features: NdArray): NdArray {
  const unit = tape.apply('l2Normalize', [features], { axis: 2, eps: 0 });
  const targets = fromValues([1, batch, embedding], network.targets);
  const directions = tape.apply('l2Normalize', [targets], { axis: 2, eps: 0 });
  const cosine = tape.apply('sum', [tape.apply('mul', [unit, directions], {})], {});
  return tape.apply('add', [tape.apply('neg', [cosine], {})], { b: batch });
}

// Plain loops take half a minute over the gradients; the data they judge change only with the script.
const thorough = process.env.FACET_THOROUGH_TESTS === '1';

describe(`golden values at ${SIZE}×${SIZE} are what the oracle computes`, () => {
  test('first training step', () => {
    const tape = new Tape();
    const classifier = fromValues([classes, embedding], network.classifier);
    const features = embed(tape, 'training');
    const loss = trainingLoss(tape, features, classifier);
    expect(loss.data[0]).toBeCloseTo(golden.training.losses[0]!, 8);
    expectTensor(features, golden.training.features, golden.featureIndices);
    if (!thorough) return;

    tape.differentiate(loss);
    expectTensor(tape.gradientOf(images), golden.training.imageGradient, golden.imageIndices);
    for (const [name, expected] of Object.entries(golden.training.gradientNorms)) {
      const tensor = name === 'classifier' ? classifier : parameters.get(name)!;
      const error = Math.abs(norm(tape.gradientOf(tensor)) - expected);
      expect(error, name).toBeLessThan(1e-7 * expected + 1e-12);
    }
  });

  test.runIf(thorough)("an attack's gradient", () => {
    const tape = new Tape();
    const features = embed(tape, 'evaluation');
    const loss = attackLoss(tape, features);
    tape.differentiate(loss);
    expect(loss.data[0]).toBeCloseTo(golden.attack.loss, 8);
    expectTensor(features, golden.attack.features, golden.featureIndices);
    expectTensor(tape.gradientOf(images), golden.attack.imageGradient, golden.imageIndices);
  });
});
