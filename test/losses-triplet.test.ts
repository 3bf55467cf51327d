/** The triplet loss against float64 loops, and its slopes against central differences. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, gradients, input, mean } from '../src/engine/index.ts';
import { MTER_MARGIN, tripletLoss } from '../src/losses/triplet.ts';
import { openTestEngine } from './support/device.ts';
import { expectClose, norm, normals, numericalGradient, row } from './support/float64.ts';

const [M, N, E] = [2, 6, 5];
const LENGTH = M * N * E;

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

const unit = (v: number[]) => v.map((x) => x / norm(v));
const apart = (a: number[], b: number[]) => norm(a.map((x, i) => x - b[i]!));

/** One loss per member and image. */
function oracle(features: ArrayLike<number>, margin: number): number[] {
  return Array.from({ length: M * N }, (_, i) => {
    const [attacked, source, target] = [0, 1, 2].map((part) => unit(row(features, part * M * N + i, E)));
    return Math.max(0, margin + apart(attacked!, source!) - apart(attacked!, target!));
  });
}

/** Attacked images between source and target, some nearer to the one and some to the other. */
function triplets(): Float32Array {
  const [sources, targets, noise] = [normals(LENGTH, 1), normals(LENGTH, 2), normals(LENGTH, 3)];
  const attacked = sources.map((s, i) => {
    const share = (Math.floor(i / E) % N) / (N - 1);
    return s * (1 - share) + targets[i]! * share + 0.1 * noise[i]!;
  });
  return Float32Array.from([...attacked, ...sources, ...targets]);
}

async function evaluate(features: Float32Array, margin: number) {
  const shape = [M, N, E];
  const program = await engine.compile({
    name: 'triplet',
    inputs: { attacked: input(shape), sources: input(shape), targets: input(shape) },
    trace: ({ attacked, sources, targets }) => {
      const loss = tripletLoss(attacked, sources, targets, { margin });
      const [da, ds, dt] = gradients(mean(loss), [attacked, sources, targets]);
      return { outputs: { loss, da: da!, ds: ds!, dt: dt! }, updates: [] };
    },
  });
  const part = (i: number) => features.subarray(i * LENGTH, (i + 1) * LENGTH);
  const out = await program.run({ attacked: part(0), sources: part(1), targets: part(2) }).read();
  program.free();
  return { loss: Array.from(out.loss), slopes: [...out.da, ...out.ds, ...out.dt] };
}

describe('tripletLoss', () => {
  const features = triplets();

  it.each([MTER_MARGIN, 0, 0.7])(
    'with margin %s is what float64 loops say, and so are its slopes',
    async (margin) => {
      const { loss, slopes } = await evaluate(features, margin);
      const expected = oracle(features, margin);
      expect(expected.some((v) => v === 0) && expected.some((v) => v > 0)).toBe(true);
      expectClose(loss, expected, 1e-5, 'loss');
      const average = (x: number[]) => oracle(x, margin).reduce((a, b) => a + b, 0) / (M * N);
      expectClose(slopes, numericalGradient(average, features), 1e-4, 'slopes');
    },
  );

  it('has finite slopes where the attacked image is its source', async () => {
    const same = features.slice();
    same.copyWithin(0, LENGTH, 2 * LENGTH);
    const { loss, slopes } = await evaluate(same, 2);
    expect(slopes.every(Number.isFinite)).toBe(true);
    expectClose(loss, oracle(same, 2), 1e-5, 'loss');
  });

  it('does not depend on the lengths of features', async () => {
    const scaled = features.map((v, i) => v * (1 + (Math.floor(i / E) % 4)));
    expectClose((await evaluate(scaled, 0.2)).loss, oracle(features, 0.2), 1e-5, 'loss');
  });

  it('names shapes and margins that do not fit', async () => {
    const compile = (shape: number[], margin?: number) =>
      engine.compile({
        name: 'bad',
        inputs: { a: input([M, N, E]), b: input(shape) },
        trace: ({ a, b }) => ({
          outputs: { loss: tripletLoss(a, a, b, { margin: margin ?? 0.2 }) },
          updates: [],
        }),
      });
    await expect(compile([M, N + 1, E])).rejects.toThrow(/got \[2, 6, 5\], \[2, 6, 5\], \[2, 7, 5\]/);
    await expect(compile([M, N, E], 3)).rejects.toThrow(/between 0 and 2, got 3/);
  });
});
