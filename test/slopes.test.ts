/** What an attack meets at its first step: on networks whose gradients can be written down. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { constant, type Engine, matmul, reshape } from '../src/engine/index.ts';
import { pairSlopes, slopesOf, summariseSlopes } from '../src/experiments/study/slopes.ts';
import type { FaceNetwork } from '../src/models/face-network.ts';
import { openTestEngine } from './support/device.ts';
import { dot, norm, normals, row } from './support/float64.ts';

const [M, E, SIDE, IMAGES] = [3, 5, 4, 7];
const P = SIDE * SIDE * 3;
const weights = normals(M * P * E, 1);

/** f_m(x) = x A_m. */
const linear: FaceNetwork = {
  description: 'linear',
  members: M,
  embeddingSize: E,
  inputSize: [SIDE, SIDE],
  embed: (pixels) => matmul(reshape(pixels, [1, pixels.shape[1]!, P]), constant(weights, [M, P, E])),
  parameters: [],
};

const bytes = Uint8Array.from({ length: IMAGES * P }, (_, i) => (i * 7919 + ((i * i) % 251) * 31) % 256);
const data = {
  test: { pixels: bytes, labels: new Int32Array(IMAGES), indices: new Int32Array(IMAGES), size: SIDE },
} as unknown as Parameters<typeof pairSlopes>[2];

/** cos(f_m(x), f_m(t)) and its gradient by x: Aᵀ (t̂ − cos·f̂)/‖f‖. */
function oracle(source: number, target: number, m: number): { cosine: number; gradient: number[] } {
  const features = (image: number) => {
    const x = row(bytes, image, P).map((byte) => byte / 255);
    return Array.from({ length: E }, (_, e) =>
      x.reduce((total, value, p) => total + value * weights[(m * P + p) * E + e]!, 0),
    );
  };
  const [f, t] = [features(source), features(target)];
  const cosine = dot(f, t) / norm(f) / norm(t);
  const byFeatures = f.map((value, e) => (t[e]! / norm(t) - (cosine * value) / norm(f)) / norm(f));
  const gradient = Array.from({ length: P }, (_, p) =>
    byFeatures.reduce((total, slope, e) => total + slope * weights[(m * P + p) * E + e]!, 0),
  );
  return { cosine, gradient };
}

describe('slopes of pairs', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openTestEngine();
  });
  afterAll(() => engine?.close());

  test('are those of the closed form, in batches that do not divide the pairs', async () => {
    const pairs = [
      { source: 0, target: 1 },
      { source: 2, target: 3 },
      { source: 4, target: 5 },
      { source: 6, target: 0 },
      { source: 1, target: 6 },
    ];
    const found = await pairSlopes(engine, linear, data, pairs, 2);
    expect(found).toHaveLength(pairs.length);
    for (const [i, { source, target }] of pairs.entries()) {
      const each = Array.from({ length: M }, (_, m) => oracle(source, target, m));
      const mean = each[0]!.gradient.map(
        (_, p) => each.reduce((sum, { gradient }) => sum + gradient[p]!, 0) / M,
      );
      const cosines = each.flatMap((a, j) =>
        each.slice(j + 1).map((b) => dot(a.gradient, b.gradient) / norm(a.gradient) / norm(b.gradient)),
      );
      const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(found[i]!.similarity).toBeCloseTo(average(each.map(({ cosine }) => cosine)), 5);
      expect(found[i]!.member).toBeCloseTo(average(each.map(({ gradient }) => norm(gradient))), 4);
      expect(found[i]!.joint).toBeCloseTo(norm(mean), 4);
      expect(found[i]!.cosine).toBeCloseTo(average(cosines), 4);
    }
  });
});

describe('from gradients', () => {
  test('members that agree leave all of the slope, members at right angles 1/√M of it, opposed ones none', () => {
    const [x, y] = [
      [3, 0, 4],
      [0, 5, 0],
    ];
    expect(slopesOf([0.2, 0.4], [x!, x!])).toEqual({
      similarity: expect.closeTo(0.3),
      member: 5,
      joint: 5,
      cosine: 1,
    });
    expect(slopesOf([0, 0], [x!, y!])).toEqual({
      similarity: 0,
      member: 5,
      joint: expect.closeTo(5 / Math.SQRT2, 12),
      cosine: 0,
    });
    expect(slopesOf([0, 0], [x!, x!.map((value) => -value)])).toMatchObject({ joint: 0, cosine: -1 });
    expect(slopesOf([0.5], [x!])).toEqual({ similarity: 0.5, member: 5, joint: 5, cosine: null });
  });

  test('only pairs under the threshold are summed up', () => {
    const pair = (similarity: number, joint: number) => ({ similarity, member: 2, joint, cosine: 0.5 });
    const pairs = [pair(0.1, 1), pair(0.3, 0.5), pair(0.2, 2), pair(0.7, 1)];
    expect(summariseSlopes(pairs, 0.5)).toEqual({
      pairs: 3,
      gap: expect.closeTo(0.3, 12),
      member: 2,
      joint: expect.closeTo(3.5 / 3, 12),
      cosine: 0.5,
      // 0.4, 0.4 and 0.15
      firstOrder: expect.closeTo(0.4, 12),
    });
    expect(summariseSlopes(pairs, 0)).toBeNull();
  });
});
