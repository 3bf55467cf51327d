/** Five training steps and both image gradients of the seeded network against PyTorch's float64. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  constant,
  type Engine,
  gradients,
  input,
  l2Normalize,
  mean,
  mul,
  scalarInput,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../src/engine/index.ts';
import { sgd } from '../src/engine/optimizers/sgd.ts';
import { cosFaceHead } from '../src/losses/cosface.ts';
import { Classifier } from '../src/models/classifier.ts';
import { MobileFaceNet } from '../src/models/mobilefacenet.ts';
import { type GoldenNetwork, goldenNetwork, spatialMajor } from './golden/mobilefacenet-init.ts';
import { openTestEngine } from './support/device.ts';

interface Sampled {
  readonly norm: number;
  readonly sum: number;
  readonly largest: number;
  readonly values: number[];
  readonly deviation: number;
}

interface GoldenCase {
  readonly size: number;
  readonly imageIndices: number[];
  readonly featureIndices: number[];
  readonly training: {
    readonly losses: number[];
    readonly lossDeviations: number[];
    readonly features: Sampled;
    readonly gradientNorms: Record<string, number>;
    readonly imageGradient: Sampled;
  };
  readonly attack: { readonly loss: number; readonly features: Sampled; readonly imageGradient: Sampled };
}

const golden = JSON.parse(
  readFileSync(new URL('./golden/mobilefacenet-step.json', import.meta.url), 'utf8'),
) as {
  settings: Record<'batch' | 'classes' | 'rate' | 'momentum' | 'scale' | 'margin', number>;
  cases: GoldenCase[];
};
const { batch, classes, rate, momentum, scale, margin } = golden.settings;

// A software adapter without a warm shader cache compiles for minutes.
vi.setConfig({ testTimeout: 300_000 });

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

function build(drawn: GoldenNetwork, size: number): { network: MobileFaceNet; classifier: Classifier } {
  const initial = new Map(
    drawn.layers.map((layer, i) => [`${layer.name}.weight`, spatialMajor(layer, drawn.weights[i]!)]),
  );
  return {
    network: new MobileFaceNet({ inputSize: size }, initial),
    classifier: new Classifier({ classes }),
  };
}

function expectSampled(actual: Float32Array, expected: Sampled, indices: number[], what: string): void {
  const slack = Math.max(20 * expected.deviation, 1e-4);
  const length = Math.sqrt(actual.reduce((total, v) => total + v * v, 0));
  expect(Math.abs(length / expected.norm - 1), `${what}: norm`).toBeLessThan(slack);
  for (const [i, index] of indices.entries()) {
    const error = Math.abs(actual[index]! - expected.values[i]!);
    expect(error, `${what}[${index}]`).toBeLessThan(slack * expected.largest);
  }
}

describe.each(golden.cases)('MobileFaceNet at $size×$size', (expected) => {
  const { size } = expected;
  const drawn = goldenNetwork(size);
  const shape = [1, batch, size, size, 3];

  it('image gradient of the attack, with running statistics', async () => {
    const { network } = build(drawn, size);
    const program = await engine.compile({
      name: 'attack gradient',
      inputs: { images: input(shape) },
      trace: ({ images }) => {
        const { features, updates } = network.forward(images!, 'inference');
        const targets = l2Normalize(constant(drawn.targets, [1, batch, 128]), -1);
        const loss = sum(sub(1, sum(mul(l2Normalize(features, -1), targets), [-1])));
        const [gradient] = gradients(loss, [images!]);
        return { outputs: { features, loss, gradient: gradient! }, updates };
      },
    });
    const out = (await program.run({ images: drawn.images }).read()) as Record<string, Float32Array>;
    expect(out.loss![0]).toBeCloseTo(expected.attack.loss, 4);
    expectSampled(out.features!, expected.attack.features, expected.featureIndices, 'features');
    expectSampled(out.gradient!, expected.attack.imageGradient, expected.imageIndices, 'image gradient');
  });

  it('five losses; gradients of the first step', async () => {
    const { network, classifier } = build(drawn, size);
    await engine.writeParameters(classifier.parameters, new Map([['weight', drawn.classifier]]));
    const optimizers = [network.parameters, classifier.parameters].map((set) => ({
      set,
      optimizer: sgd(set, { momentum }),
    }));
    const head = cosFaceHead({ margin, scale });
    const length = (x: Tensor) => sqrt(sum(square(x)));
    const program = await engine.compile({
      name: 'train',
      inputs: { images: input(shape), labels: input([batch], 'i32'), rate: scalarInput() },
      trace: (inputs) => {
        const images = inputs.images!;
        const { features, updates } = network.forward(images, 'train');
        const { loss: each } = head({ features, weights: classifier.weights(), labels: inputs.labels! });
        const loss = mean(each);
        const tensors = optimizers.flatMap(({ set }) => [...set.tensors().values()]);
        const [byImages, ...slopes] = gradients(loss, [images, ...tensors]);
        const outputs: Record<string, Tensor> = { loss, features, byImages: byImages! };
        const all = [...updates];
        for (const { set, optimizer } of optimizers) {
          const own = new Map(set.paths.map((path) => [path, slopes.shift()!]));
          for (const [path, slope] of own) outputs[`${set.name}/${path}`] = length(slope);
          all.push(...optimizer.step(own, inputs.rate!));
        }
        return { outputs, updates: all };
      },
    });
    const feed = { images: drawn.images, labels: drawn.labels, rate };
    const first = (await program.run(feed).read()) as Record<string, Float32Array>;
    const losses = [first.loss![0]!];
    for (let step = 1; step < expected.training.losses.length; step++) {
      losses.push((await program.run(feed).read()).loss![0]!);
    }

    expectSampled(first.features!, expected.training.features, expected.featureIndices, 'features');
    expectSampled(first.byImages!, expected.training.imageGradient, expected.imageIndices, 'image gradient');
    const norms = Object.entries(expected.training.gradientNorms);
    // Where another BatchNorm follows, gradients by scale and shift all but cancel: those few are held to an absolute bound.
    const floor = 1e-6 * Math.max(...norms.map(([, value]) => value));
    for (const [name, value] of norms) {
      const key =
        name === 'classifier'
          ? 'classifier/weight'
          : `network/${name.replace(/\.(gamma|beta)$/, '.norm.$1')}`;
      expect(Math.abs(first[key]![0]! - value), `‖gradient of ${name}‖`).toBeLessThan(1e-3 * value + floor);
    }
    for (const [step, value] of expected.training.losses.entries()) {
      const slack = Math.max(1e-4 * value, 10 * expected.training.lossDeviations[step]!);
      expect(Math.abs(losses[step]! - value), `loss of step ${step}`).toBeLessThan(slack);
    }
  });
});
