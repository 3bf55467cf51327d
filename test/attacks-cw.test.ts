/** C&W on half-spaces, whose nearest success is known exactly, and step by step against float64 loops. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CwOptions, cw } from '../src/attacks/cw.ts';
import type { AttackPair, AttackResult, RunOptions } from '../src/attacks/run.ts';
import type { Engine } from '../src/engine/index.ts';
import { cwWalk, type HalfSpace, halfSpaceValue, l2Norm, minus, nearestByL2 } from './oracle/attacks.ts';
import {
  alongTargets,
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

/** Half-spaces at growing distances from sources whose pixels lie in [low, high]. */
function problems(low: number, high: number): readonly HalfSpace[] {
  return Array.from({ length: 4 }, (_, i) => {
    const source = uniformly(P, 300 + i, low, high);
    const direction = uniformly(P, 400 + i, 0, 1);
    const scale = NEED / (dot(direction, source) + 0.1 * (i + 1));
    return { source, direction: direction.map((v) => Math.fround(v * scale)), need: NEED };
  });
}

async function attackAll(
  pairs: readonly AttackPair[],
  options: CwOptions,
  maxSteps: number,
  run: RunOptions = {},
): Promise<AttackResult[]> {
  const runner = await compileOnIdentity(engine, SIZE, {
    attack: cw({ learningRate: 0.01, ...options }),
    objective: alongTargets,
    stopping: halfSpaceRule(NEED),
    batchSize: 3,
    maxSteps,
  });
  const results = await runner.run(pairs, run);
  runner.free();
  return results;
}

const pairsOf = (all: readonly HalfSpace[]) => all.map((problem, i) => pairOf(`problem ${i}`, problem));

describe('C&W', () => {
  it('finds the nearest success, whose distance is known', async () => {
    const all = problems(0.3, 0.6);
    const results = await attackAll(pairsOf(all), { searchSteps: 8, initialWeight: 0.1 }, 120);
    for (const [i, result] of results.entries()) {
      const problem = all[i]!;
      const nearest = nearestByL2(problem);
      const exact = l2Norm(minus(nearest, problem.source));
      const image = Array.from(result.image!);
      expect(result.success).toBe(true);
      expect(dot(problem.direction, image)).toBeGreaterThanOrEqual(NEED - 1e-5);
      expect(l2Norm(minus(image, problem.source))).toBeCloseTo(result.l2, 5);
      expect(result.l2).toBeGreaterThanOrEqual(exact - 1e-5);
      expect(result.l2 / exact).toBeLessThan(1.02);
      expectClose(image, nearest, 0.02, `image ${i}`);
      expect(result.trials).toBe(8);
      expect(result.found.c).toBeGreaterThan(0);
      expect(result.evaluations).toBeGreaterThan(result.trials);
    }
  });

  it('finds it among pixels that meet the range, and moves those that start at 0 and 1', async () => {
    const all = problems(0, 1).map(({ source, direction }) => {
      const ends = source.map((s, p) => (p % 3 === 0 ? Math.round(s) : s));
      // The ends that can still move count as much as the others.
      const scale = NEED / (dot(direction, ends) + 0.3);
      return { source: ends, direction: direction.map((v) => Math.fround(v * scale)), need: NEED };
    });
    const results = await attackAll(pairsOf(all), { searchSteps: 8, learningRate: 0.05 }, 200);
    for (const [i, result] of results.entries()) {
      const problem = all[i]!;
      const nearest = nearestByL2(problem);
      const exact = l2Norm(minus(nearest, problem.source));
      expect(result.success).toBe(true);
      expect(result.image!.every((v) => v >= 0 && v <= 1)).toBe(true);
      expect(result.l2 / exact).toBeGreaterThan(1 - 1e-5);
      expect(result.l2 / exact).toBeLessThan(1.05);
      const dark = [...problem.source.keys()].filter((p) => problem.source[p] === 0);
      expect(dark.length).toBeGreaterThan(0);
      const [moved, expected] = [Array.from(result.image!), nearest].map((x) => dark.map((p) => x[p]!));
      expectClose(moved!, expected!, 0.2, 'pixels that start at 0');
    }
  });

  it('reaches what its first steps are too short for', async () => {
    const all = problems(0.3, 0.6);
    // 10 steps of 0.0005 move a pixel by 0.0025 at most.
    const short = { learningRate: 0.0005, initialWeight: 1 };
    for (const { success } of await attackAll(pairsOf(all), { ...short, searchSteps: 3 }, 10)) {
      expect(success).toBe(false);
    }
    for (const result of await attackAll(pairsOf(all), { ...short, searchSteps: 14 }, 10)) {
      expect(result.success).toBe(true);
      expect(result.found.c).toBeGreaterThan(100);
    }
  });

  it('walks as in float64', async () => {
    const all = problems(0.2, 0.8);
    const options = { searchSteps: 1, initialWeight: 0.3, learningRate: 0.03, abortAfter: 0 };
    const results = await attackAll(pairsOf(all), options, 60, { curves: all.length });
    for (const [i, { curve, ...result }] of results.entries()) {
      const problem = all[i]!;
      const f = halfSpaceValue(problem);
      const walk = cwWalk(f, {
        source: problem.source,
        limit: -NEED,
        weight: 0.3,
        learningRate: 0.03,
        steps: 60,
      });
      expectClose(curve!.distance, walk.values, 1e-4, `walk ${i}`);
      const reached = walk.images.filter((_, k) => walk.values[k]! <= -NEED);
      const smallest = Math.min(...reached.map((x) => l2Norm(minus(x, problem.source))));
      expect(result.success).toBe(reached.length > 0);
      if (result.success) expect(result.l2).toBeCloseTo(smallest, 4);
      expect([result.trials, result.evaluations]).toEqual([1, 61]);
    }
  });

  it('goes further by its confidence', async () => {
    const all = problems(0.3, 0.6).slice(0, 2);
    const confidence = 0.25;
    const results = await attackAll(pairsOf(all), { confidence, searchSteps: 8, initialWeight: 0.1 }, 120);
    for (const [i, result] of results.entries()) {
      const further = { ...all[i]!, need: NEED + confidence };
      const exact = l2Norm(minus(nearestByL2(further), further.source));
      expect(result.distance).toBeLessThanOrEqual(-NEED - confidence + 1e-5);
      expect(result.l2 / exact).toBeGreaterThan(1 - 1e-4);
      expect(result.l2 / exact).toBeLessThan(1.02);
    }
  });

  it('ends trials that make no progress, and what it finds is about the same', async () => {
    const pairs = pairsOf(problems(0.3, 0.6));
    const patient = await attackAll(pairs, { searchSteps: 5, abortAfter: 0 }, 150);
    const hasty = await attackAll(pairs, { searchSteps: 5, abortAfter: 15 }, 150);
    for (const [i, result] of hasty.entries()) {
      expect(patient[i]!.evaluations).toBe(5 * 151);
      expect(result.evaluations).toBeLessThan(patient[i]!.evaluations);
      expect(result.l2 / patient[i]!.l2).toBeLessThan(1.05);
    }
  });

  it('leaves a source that succeeds as it is, to the last bit', async () => {
    const [problem] = problems(0.3, 0.6);
    const easy = { ...problem!, direction: problem!.direction.map((v) => 2 * v) };
    const [result] = await attackAll([pairOf('easy', easy)], { searchSteps: 2 }, 10);
    expect([result!.l2, result!.linf, result!.iterations]).toEqual([0, 0, 0]);
    expect(Array.from(result!.image!)).toEqual(easy.source);
  });

  it('names settings that make no sense', () => {
    expect(() => cw({ confidence: -1 })).toThrow(/confidence must be at least 0, got -1/);
    expect(() => cw({ searchSteps: 1.5 })).toThrow(/searchSteps must be a positive whole number, got 1.5/);
    expect(() => cw({ saturation: 0.5 })).toThrow(/saturation/);
    expect(() => cw({ learningRate: Number.NaN })).toThrow(/learningRate must be over 0, got NaN/);
  });
});
