/**
 * BIM, PGD and APGD on half-spaces, whose smallest ε is known exactly, and step by step against float64 loops.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apgd, checkpoints } from '../src/attacks/apgd.ts';
import type { Attack } from '../src/attacks/attack.ts';
import { bim } from '../src/attacks/bim.ts';
import { pgd } from '../src/attacks/pgd.ts';
import type { AttackResult } from '../src/attacks/run.ts';
import { smallestRadius, withRestarts } from '../src/attacks/search.ts';
import type { Engine } from '../src/engine/index.ts';
import {
  apgdWalk,
  type HalfSpace,
  l2Norm,
  linfNorm,
  minus,
  nearestByL2,
  nearestByLinf,
  projectedWalk,
} from './oracle/attacks.ts';
import {
  alongTargets,
  bowl,
  bowlValue,
  compileOnIdentity,
  halfSpaceRule,
  pairOf,
  uniformly,
} from './support/attack-problems.ts';
import { openTestEngine } from './support/device.ts';
import { dot, expectClose } from './support/float64.ts';

const SIZE = [3, 2] as const;
const P = 18;
const NEED = 1.5;

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** Every other source is so bright and dark that pixels meet the range on the way. */
const PROBLEMS: readonly HalfSpace[] = Array.from({ length: 6 }, (_, i) => {
  const direction = uniformly(P, 100 + i, -0.6, 1);
  const source = uniformly(P, 200 + i, i % 2 ? 0.02 : 0.3, i % 2 ? 0.98 : 0.7);
  // Sources differ in how much is missing.
  const missing = 0.15 + 0.1 * i;
  const need = dot(direction, source) + missing;
  return { source, direction: direction.map((v) => Math.fround((v * NEED) / need)), need: NEED };
}).filter(({ direction, source }) => dot(direction, source) < NEED);

async function attackAll(attack: Attack, maxSteps: number, batchSize = 4): Promise<AttackResult[]> {
  const runner = await compileOnIdentity(engine, SIZE, {
    attack,
    objective: alongTargets,
    stopping: halfSpaceRule(NEED),
    batchSize,
    maxSteps,
  });
  const results = await runner.run(PROBLEMS.map((problem, i) => pairOf(`problem ${i}`, problem)));
  runner.free();
  return results;
}

it('has problems to attack', () => {
  expect(PROBLEMS.length).toBeGreaterThanOrEqual(4);
});

describe('the smallest ε', () => {
  const resolution = 1 / 128;
  const search = { resolution, initial: 2 * resolution, largest: 1 };

  it.each([
    ['BIM', () => bim({ stepSize: 1 / 256, epsilon: search }), 300],
    ['PGD L∞', () => pgd({ norm: 'linf', epsilon: search, stepShare: 0.1 }), 60],
    ['APGD L∞', () => apgd({ norm: 'linf', epsilon: search, steps: 30 }), 30],
  ] as const)('%s finds the multiple of the resolution above the exact one', async (_, attack, steps) => {
    const results = await attackAll(attack(), steps);
    for (const [i, result] of results.entries()) {
      const problem = PROBLEMS[i]!;
      const exact = linfNorm(minus(nearestByLinf(problem), problem.source));
      const expected = Math.ceil(exact / resolution) * resolution;
      expect(result.success).toBe(true);
      expect(result.found.epsilon, `ε of problem ${i}`).toBeCloseTo(expected, 6);
      expect(result.linf).toBeGreaterThanOrEqual(exact - 1e-6);
      expect(result.linf).toBeLessThanOrEqual(expected + 1e-6);
      const image = Array.from(result.image!);
      expect(dot(problem.direction, image)).toBeGreaterThanOrEqual(NEED - 1e-5);
      expect(linfNorm(minus(image, problem.source))).toBeCloseTo(result.linf, 6);
      expect(l2Norm(minus(image, problem.source))).toBeCloseTo(result.l2, 5);
      expect(result.rms).toBeCloseTo(result.l2 / Math.sqrt(P), 6);
    }
  });

  it.each([
    ['PGD L2', () => pgd({ norm: 'l2', epsilon: search, stepShare: 0.25 }), 60],
    ['APGD L2', () => apgd({ norm: 'l2', epsilon: search, steps: 60 }), 60],
  ] as const)('%s finds it to a step of the resolution', async (_, attack, steps) => {
    const results = await attackAll(attack(), steps);
    for (const [i, result] of results.entries()) {
      const problem = PROBLEMS[i]!;
      const exact = l2Norm(minus(nearestByL2(problem), problem.source));
      expect(result.success).toBe(true);
      expect(result.found.epsilon).toBeGreaterThanOrEqual(exact - 1e-6);
      expect(result.found.epsilon).toBeLessThanOrEqual(exact * 1.01 + resolution);
      expect(result.l2).toBeGreaterThanOrEqual(exact - 1e-5);
      expect(result.l2).toBeLessThanOrEqual(result.found.epsilon! + 1e-6);
    }
  });

  it('BIM reaches the edge of a large ball by steps that grow with it', async () => {
    // 20 steps of 1/2048 would go 0.01 of the way, and every problem needs more.
    const attack = bim({ stepSize: 1 / 2048, stepShare: 0.1, epsilon: search });
    for (const [i, result] of (await attackAll(attack, 20)).entries()) {
      const problem = PROBLEMS[i]!;
      const exact = linfNorm(minus(nearestByLinf(problem), problem.source));
      expect(exact).toBeGreaterThan(20 / 2048);
      expect(result.found.epsilon).toBeCloseTo(Math.ceil(exact / resolution) * resolution, 6);
    }
  });

  it('is none where the largest is too small, and the nearest try is told', async () => {
    const results = await attackAll(bim({ stepSize: 1 / 256, epsilon: { ...search, largest: 0.02 } }), 40);
    for (const [i, result] of results.entries()) {
      const { source, direction } = PROBLEMS[i]!;
      expect(result.success).toBe(false);
      expect(result.found).toEqual({});
      // 2/128, the largest multiple within 0.02; half a step is left to its edge.
      const corner = source.map((s, p) => Math.min(Math.max(s + Math.sign(direction[p]!) * (2 / 128), 0), 1));
      expect(result.distance).toBeCloseTo(-dot(direction, corner), 5);
      expect(result.linf).toBeCloseTo(2 / 128, 6);
      expect([result.trials, result.evaluations]).toEqual([1, 41]);
    }
  });
});

describe('the search over radii', () => {
  /** What it asks for, in multiples of the resolution, where every multiple from `enough` on suffices. */
  function asked(enough: number, initial: number, largest: number, sizeOf = (epsilon: number) => epsilon) {
    const search = smallestRadius({ norm: 'linf', resolution: 1, initial, largest })();
    const tried: number[] = [];
    let next = search.next();
    while (!next.done) {
      const epsilon = next.value.epsilon!;
      tried.push(epsilon);
      next = search.next({ success: epsilon >= enough, linf: sizeOf(epsilon), l2: 0 });
    }
    return { tried, found: next.value.epsilon };
  }

  it('doubles, then bisects, and finds every radius', () => {
    expect(asked(11, 2, 64)).toEqual({ tried: [2, 4, 8, 16, 12, 10, 11], found: 11 });
    for (let enough = 1; enough <= 40; enough++) expect(asked(enough, 3, 40).found).toBe(enough);
    expect(asked(41, 3, 40)).toEqual({ tried: [3, 6, 12, 24, 40], found: undefined });
  });

  it('counts a success for the ball that holds its image', () => {
    expect(asked(1, 16, 64, () => 2.5)).toEqual({ tried: [16, 1], found: 1 });
    expect(asked(1, 16, 64, () => 0)).toEqual({ tried: [16], found: 0 });
  });

  it('restarts until a trial succeeds', () => {
    const search = withRestarts(smallestRadius({ norm: 'l2', resolution: 1, initial: 1, largest: 2 }), 3)();
    const outcomes = [false, false, false, false, true];
    const tried: number[] = [];
    let next = search.next();
    for (const success of outcomes) {
      if (!next.done) tried.push(next.value.epsilon!);
      next = search.next({ success, l2: 2, linf: 1 });
    }
    expect([tried, next.value]).toEqual([[1, 1, 1, 2, 2], { epsilon: 2 }]);
  });

  it('names settings that make no sense', () => {
    const radii = { norm: 'linf', resolution: 1, initial: 1, largest: 2 } as const;
    expect(() => smallestRadius({ ...radii, initial: 0.5 })).toThrow(
      /resolution ≤ initial ≤ largest, got 1, 0.5 and 2/,
    );
    expect(() => smallestRadius({ ...radii, largest: Number.POSITIVE_INFINITY })).toThrow(
      /RangeError|largest/,
    );
    expect(() => withRestarts(smallestRadius(radii), 0)).toThrow(/positive whole number of restarts, got 0/);
    expect(() => pgd({ norm: 'l2', epsilon: -1 })).toThrow(/radius ε must be a finite number over 0/);
    expect(() => pgd({ norm: 'l2', epsilon: 1, stepShare: 3 })).toThrow(/share of ε; got 3/);
    expect(() => apgd({ norm: 'l2', epsilon: 1, steps: 0 })).toThrow(/steps must be a positive whole number/);
  });
});

describe('step by step', () => {
  const curvature = uniformly(P, 7, 0.2, 3);
  const sources = [uniformly(P, 8, 0.2, 0.8), uniformly(P, 9, 0.2, 0.8)];
  const targets = [uniformly(P, 10, 0, 1), uniformly(P, 11, 0, 1)];
  const radius = 0.25;
  const steps = 50;

  /** The same attack from a start that is given, so that the float64 loops can start there too. */
  async function curvesOf(attack: Attack): Promise<{ values: readonly number[]; start: number[] }[]> {
    const starts: number[][] = [];
    const told: Attack = {
      ...attack,
      start: (source, random, parameters) => {
        const start = attack.start?.(source, random, parameters) ?? source;
        starts.push(Array.from(start));
        return start;
      },
    };
    const runner = await compileOnIdentity(engine, SIZE, {
      attack: told,
      objective: bowl(curvature),
      stopping: { name: 'never', distance: bowl(curvature), limits: [-1] },
      batchSize: 2,
      maxSteps: steps,
    });
    const pairs = sources.map((source, i) => ({
      name: `bowl ${i}`,
      source: Float32Array.from(source),
      targets: Float32Array.from(targets[i]!),
    }));
    const results = await runner.run(pairs, { curves: 2 });
    runner.free();
    return results.map(({ curve }, i) => ({ values: curve!.value, start: starts[i]! }));
  }

  it.each(['linf', 'l2'] as const)('PGD in %s walks as in float64', async (norm) => {
    const curves = await curvesOf(pgd({ norm, epsilon: radius, stepShare: 0.1 }));
    for (const [i, { values, start }] of curves.entries()) {
      const f = bowlValue(curvature, targets[i]!);
      const walk = projectedWalk(f, { norm, source: sources[i]!, start, radius, step: 0.1 * radius, steps });
      expectClose(values, walk.values, 2e-5, `walk ${i}`);
    }
  });

  it.each(['linf', 'l2'] as const)('APGD in %s walks and halves its steps as in float64', async (norm) => {
    const curves = await curvesOf(apgd({ norm, epsilon: radius, steps }));
    for (const [i, { values, start }] of curves.entries()) {
      const f = bowlValue(curvature, targets[i]!);
      const walk = apgdWalk(f, { norm, source: sources[i]!, start, radius, steps });
      expect(walk.halvedAt.length).toBeGreaterThan(1);
      expectClose(values, walk.values, 2e-5, `walk ${i}`);
    }
  });

  it('APGD looks at its steps when the paper says', () => {
    expect(checkpoints(100)).toEqual([22, 41, 57, 70, 80, 87, 93, 99]);
    expect(checkpoints(10)).toEqual([3, 5, 6, 7, 8, 9, 10]);
    expect(checkpoints(1)).toEqual([1]);
  });
});
