/** Attacks by name: settings are checked and filled in, and every attack runs through the one function. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ATTACK_NAMES,
  ATTACKS,
  type AttackTarget,
  accepted,
  buildAttack,
  compileAttack,
  type LossCurve,
  meanCurve,
  runAttack,
} from '../src/attacks/index.ts';
import { constant, type Engine, matmul, type Tensor } from '../src/engine/index.ts';
import { identity, uniformly } from './support/attack-problems.ts';
import { openTestEngine } from './support/device.ts';
import { dot, normals } from './support/float64.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

const P = 12;
const E = 3;
const MAP = normals(P * E, 3);

const target: AttackTarget = {
  embed: (pixels: Tensor) => matmul(identity(pixels), constant(MAP, [1, P, E])),
  members: 1,
  embeddingSize: E,
  imageSize: [2, 2],
  stopping: accepted(0.95),
  batchSize: 4,
  keepImages: true,
};

const features = (image: ArrayLike<number>) =>
  Float32Array.from({ length: E }, (_, e) =>
    dot(
      Array.from({ length: P }, (_, p) => MAP[p * E + e]!),
      image,
    ),
  );

const pairs = Array.from({ length: 3 }, (_, i) => ({
  name: `pair ${i}`,
  source: Float32Array.from(uniformly(P, 40 + i, 0.1, 0.9)),
  targets: features(uniformly(P, 50 + i, 0, 1)),
}));

describe('runAttack', () => {
  it('names every attack that was asked for', () => {
    expect(ATTACK_NAMES.toSorted()).toEqual(
      ['i-fgsm', 'bim', 'cw', 'pgd-linf', 'pgd-l2', 'mi-fgsm', 'apgd-linf', 'apgd-l2'].toSorted(),
    );
    for (const entry of Object.values(ATTACKS)) {
      expect(entry.summary.length).toBeGreaterThan(20);
      expect(entry.source).toMatch(/arXiv:\d{4}\.\d{5}$/);
      expect(entry.comparedBy).toMatch(/^(l2|linf|rms)$/);
    }
  });

  it.each(ATTACK_NAMES)('%s runs with its defaults, but fewer steps', async (name) => {
    const told: number[] = [];
    const results = await runAttack(engine, name, { maxSteps: 20 }, target, pairs, {
      onResult: (_, index) => told.push(index),
    });
    expect(told.toSorted()).toEqual([0, 1, 2]);
    for (const [i, result] of results.entries()) {
      expect(result.name).toBe(`pair ${i}`);
      expect(result.image).toHaveLength(P);
      expect(result.evaluations).toBeGreaterThanOrEqual(result.trials);
      // What is told of an image is true of it, success or not.
      const perturbation = result.image!.map((v, p) => v - pairs[i]!.source[p]!);
      expect(result.l2).toBeCloseTo(Math.hypot(...perturbation), 5);
      expect(result.linf).toBeCloseTo(Math.max(...perturbation.map(Math.abs)), 6);
      const [f, t] = [features(result.image!), pairs[i]!.targets];
      const cosine = dot(f, t) / Math.hypot(...f) / Math.hypot(...t);
      expect(result.distance).toBeCloseTo(1 - cosine, 5);
      expect(result.success).toBe(cosine > 0.95);
    }
  });

  it('compiles once for several lists of pairs', async () => {
    const runner = await compileAttack(engine, 'i-fgsm', { maxSteps: 5 }, target);
    const [first] = await runner.run(pairs.slice(0, 1));
    expect(await runner.run(pairs.slice(0, 1))).toEqual([first]);
    runner.free();
  });
});

describe('settings', () => {
  it('are filled in with defaults, and given back as they will be', () => {
    const { attack, maxSteps, settings } = buildAttack('mi-fgsm', { decay: 0.5 });
    expect([attack.name, maxSteps]).toEqual(['MI-FGSM', 200]);
    expect(settings).toEqual({ stepSize: 0.5 / 255, decay: 0.5, maxSteps: 200, startNoise: 0 });
    expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
    expect(buildAttack('i-fgsm', { stepSize: undefined }).settings.stepSize).toBe(0.5 / 255);
  });

  it.each(ATTACK_NAMES)('%s has defaults that are allowed, and a meaning for each', (name) => {
    for (const [setting, { default: value, allows, text }] of Object.entries(ATTACKS[name].settings)) {
      expect(allows(value), setting).toBe(true);
      expect(text.length, setting).toBeGreaterThan(5);
    }
  });

  it.each([
    ['i-fgsm', { stepSize: 0 }, /I-FGSM: stepSize must be a number over 0 and at most 1, got 0\. It is α/],
    [
      'i-fgsm',
      { stepsize: 1 },
      /I-FGSM: there is no setting "stepsize"; its settings are stepSize, maxSteps/,
    ],
    ['bim', { maxSteps: 2.5 }, /BIM: maxSteps must be a whole number of at least 1, got 2.5/],
    ['bim', { epsilon: 'find' }, /BIM: epsilon must be a finite number over 0, or 'search', got 'find'/],
    ['bim', { resolution: 0.1, initial: 0.05 }, /0 < resolution ≤ initial ≤ largest, got 0.1, 0.05/],
    ['cw', { earlyAbort: 'yes' }, /C&W L2: earlyAbort must be true or false, got 'yes'/],
    ['apgd-l2', { epsilon: Number.NaN }, /APGD L2: epsilon must be .* got NaN/],
    ['pgd-l2', { restarts: null }, /PGD L2: restarts must be a whole number of at least 1, got null/],
    ['pgd-l2', { toString: 1 }, /there is no setting "toString"/],
    ['fgsm', {}, /There is no attack "fgsm"; there are i-fgsm, bim, cw/],
    ['constructor', {}, /There is no attack "constructor"/],
  ] as const)('%s %o is refused in words', (name, settings, message) => {
    expect(() => buildAttack(name, settings)).toThrow(RangeError);
    expect(() => buildAttack(name, settings)).toThrow(message);
  });
});

describe('meanCurve', () => {
  it('is over the same pairs throughout, of their first trials', () => {
    const curve = (value: number[], trialStarts = [0]): LossCurve => ({
      value,
      distance: value,
      trialStarts,
    });
    const mean = meanCurve([curve([4, 2]), curve([2, 2, 0, 9, 9], [0, 3])]);
    expect(mean.value).toEqual([3, 2, 1]);
    expect(mean.distance).toEqual(mean.value);
    expect(meanCurve([])).toEqual({ value: [], distance: [] });
  });
});
