import { describe, expect, it } from 'vitest';
import { Classifier } from '../src/models/classifier.ts';
import { fromOIHW } from '../src/models/layout.ts';
import { MobileFaceNet } from '../src/models/mobilefacenet.ts';
import { lastMapSide } from '../src/models/mobilefacenet-table.ts';
import { goldenLayers } from './golden/mobilefacenet-init.ts';
import { norm } from './support/float64.ts';

const size = (set: MobileFaceNet['parameters']) =>
  set.layout.reduce((total, { length }) => total + length, 0);

describe('MobileFaceNet as published', () => {
  // 976,000 of convolutions, 19,584 of BatchNorm, 7,552 PReLU slopes. The paper says 0.99 million: 995,584 are
  // without slopes.
  it('has 1,003,136 parameters at width 1, 112×112, 128-d', () => {
    const network = new MobileFaceNet({ inputSize: 112 });
    expect(size(network.parameters)).toBe(1_003_136);
    const weights = network.parameters.layout.filter(({ path }) => path.endsWith('weight'));
    expect(weights.reduce((total, { length }) => total + length, 0)).toBe(976_000);
  });

  it('has the layers that the golden network has, in order, at even and odd sizes', () => {
    for (const inputSize of [112, 56, 41]) {
      const layers = new MobileFaceNet({ inputSize }).layers();
      expect(
        layers.map(({ path, kind, kernel, stride, padding, inputs, outputs, linear }) => ({
          name: path,
          depthwise: kind === 'depthwise',
          kernel: kernel[0],
          stride,
          padding,
          inputs,
          outputs,
          active: !linear,
        })),
      ).toEqual(goldenLayers(inputSize).map(({ residual: _, ...layer }) => layer));
    }
  });

  it('has residual connections around the twelve bottlenecks that keep their shape', () => {
    const network = new MobileFaceNet({ inputSize: 112 });
    const residual = network.blocks.flatMap((block, i) => (block.residual ? [i - 1] : []));
    expect(residual).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 13, 14]);
  });
});

describe('options', () => {
  it('scale widths in multiples of 8 and size the last kernel by the input', () => {
    const half = new MobileFaceNet({ inputSize: 56, widthMultiplier: 0.5 });
    expect(size(half.parameters)).toBe(280_256);
    expect(half.parameters.shapeOf('global.weight')).toEqual([1, 4, 4, 256]);
    const thin = new MobileFaceNet({ inputSize: [112, 96], widthMultiplier: 0.01, embeddingSize: 2 });
    expect(thin.parameters.shapeOf('global.weight')).toEqual([1, 7, 6, 8]);
    expect(thin.parameters.shapeOf('embedding.weight')).toEqual([1, 1, 1, 8, 2]);
    expect([16, 17, 32, 33, 112].map(lastMapSide)).toEqual([1, 2, 2, 3, 7]);
  });

  it('relu has no slopes, a bias only where asked for', () => {
    const relu = new MobileFaceNet({ inputSize: 16, activation: 'relu6', embeddingBias: true });
    expect(relu.parameters.paths.filter((path) => /slope|bias/.test(path))).toEqual(['embedding.bias']);
  });

  it('sizes that the network cannot take say what it can', () => {
    const build = (options: Partial<ConstructorParameters<typeof MobileFaceNet>[0]>) => () =>
      new MobileFaceNet({ inputSize: 112, ...options });
    expect(build({ inputSize: 15 })).toThrow(/at least 16 pixels a side.*got 15×15/);
    expect(build({ inputSize: 56.5 })).toThrow(/whole numbers/);
    expect(build({ inputSize: [112, 8] })).toThrow(/got 112×8/);
    expect(build({ widthMultiplier: 0 })).toThrow(/width multiplier/);
    expect(build({ embeddingSize: 1.5 })).toThrow(/embedding size/);
    expect(build({ members: 0 })).toThrow(/members/);
  });
});

describe('initial values', () => {
  const values = (network: MobileFaceNet, path: string) => {
    const { offset, length } = network.parameters.entry(path);
    return (network.parameters.flat.initial as Float32Array).subarray(offset, offset + length);
  };

  it('repeat for a seed; members differ, and the first is the single network of that seed', () => {
    const one = new MobileFaceNet({ inputSize: 32, seed: 5 });
    const three = new MobileFaceNet({ inputSize: 32, seed: 5, members: 3 });
    const path = 'blocks.3.depthwise.weight';
    const [a, b] = [values(one, path), values(three, path)];
    expect(b.subarray(0, a.length)).toEqual(a);
    expect(b.subarray(a.length, 2 * a.length)).not.toEqual(a);
    expect(values(new MobileFaceNet({ inputSize: 32, seed: 6 }), path)).not.toEqual(a);
  });

  it('have He’s variance', () => {
    const network = new MobileFaceNet({ inputSize: 112 });
    const deviation = (path: string) => norm(values(network, path)) / Math.sqrt(values(network, path).length);
    expect(deviation('head.weight')).toBeCloseTo(Math.sqrt(2 / 1.0625 / 128), 3);
    expect(deviation('blocks.5.project.weight')).toBeCloseTo(Math.sqrt(1 / 256), 3);
    expect(values(network, 'stem.slope')).toEqual(new Float32Array(64).fill(0.25));
  });

  it('or PyTorch’s: uniform in ±1/√fanIn, whatever follows', () => {
    const network = new MobileFaceNet({ inputSize: 112 }, 'pytorch');
    for (const [path, fanIn] of [
      ['head.weight', 128],
      ['blocks.5.project.weight', 256],
      ['stemDepthwise.weight', 9],
    ] as const) {
      const weights = values(network, path);
      const bound = 1 / Math.sqrt(fanIn);
      const largest = weights.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(largest).toBeLessThanOrEqual(Math.fround(bound));
      expect(largest).toBeGreaterThan(0.98 * bound);
      // Four standard errors of a uniform variable's mean square.
      const meanSquare = norm(weights) ** 2 / weights.length;
      expect(Math.abs((3 * meanSquare) / bound ** 2 - 1)).toBeLessThan(4 * Math.sqrt(0.8 / weights.length));
    }
    expect(values(network, 'stem.slope')).toEqual(new Float32Array(64).fill(0.25));
    expect(values(network, 'stem.norm.gamma')).toEqual(new Float32Array(64).fill(1));
  });
});

it('the classifier has one set of weight vectors per member, or one for all', () => {
  const shape = (shared: boolean) =>
    new Classifier({ classes: 10, embeddingSize: 4, members: 3, shared }).parameters.shapeOf('weight');
  expect(shape(false)).toEqual([3, 10, 4]);
  expect(shape(true)).toEqual([1, 10, 4]);
  expect(() => new Classifier({ classes: 1 })).toThrow(/at least 2 classes, got 1/);
});

it('OIHW weights become [k, l, I, O]', () => {
  const [O, I, k, l] = [2, 3, 2, 1];
  const weights = Float32Array.from({ length: O * I * k * l }, (_, i) => i);
  const ours = fromOIHW(weights, [O, I, k, l]);
  expect(ours[((1 * l + 0) * I + 2) * O + 1]).toBe(weights[((1 * I + 2) * k + 1) * l + 0]);
  expect(() => fromOIHW(weights, [2, 3])).toThrow(/does not fit/);
});
