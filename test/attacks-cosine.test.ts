/**
 * Attacks on cosines: what counts as success is what the evaluation counts, and through a linear map with orthonormal rows
 * the smallest perturbation is known. Features then are a projection of the image, those that are accepted form a
 * cone around the target, and the way into it (or out of it) is ‖f‖ sin of the angle that is missing.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attack, Objective, StoppingRule } from '../src/attacks/attack.ts';
import {
  accepted,
  away,
  cw,
  ifgsm,
  lots,
  meanTarget,
  pgd,
  rejected,
  withStartNoise,
} from '../src/attacks/index.ts';
import { type AttackPair, type AttackResult, AttackRunner } from '../src/attacks/run.ts';
import { concat, constant, type Engine, input, matmul, type Tensor } from '../src/engine/index.ts';
import { type Embeddings, MATCHING_RULES, measure, similarity } from '../src/evaluation/index.ts';
import { identity, uniformly } from './support/attack-problems.ts';
import { openTestEngine } from './support/device.ts';
import { dot, norm, normals, row } from './support/float64.ts';

const SIZE = [3, 2] as const;
const P = 18;
const E = 4;

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** Rows [E][P] at right angles, of length 1. */
function orthonormal(seed: number): number[][] {
  const rows: number[][] = [];
  for (let e = 0; e < E; e++) {
    let next = row(normals(P * E, seed), e, P);
    for (const other of rows) {
      const along = dot(next, other);
      next = next.map((v, p) => v - along * other[p]!);
    }
    rows.push(next.map((v) => v / norm(next)));
  }
  return rows;
}

/** Members as linear maps [M][E][P]. */
function embedBy(members: readonly (readonly number[][])[]) {
  return (pixels: Tensor) =>
    concat(
      members.map((rows) =>
        matmul(identity(pixels), constant(Float32Array.from(rows.flat()), [1, E, P]), { transposeB: true }),
      ),
      0,
    );
}

const featuresBy = (members: readonly (readonly number[][])[], image: ArrayLike<number>) =>
  members.flatMap((rows) => rows.map((r) => dot(r, image)));

interface Task {
  readonly members: readonly (readonly number[][])[];
  readonly attack: Attack;
  readonly objective?: Objective;
  readonly stopping: StoppingRule;
  readonly maxSteps: number;
}

async function run(task: Task, pairs: readonly AttackPair[]): Promise<AttackResult[]> {
  const runner = await AttackRunner.compile(engine, {
    objective: lots(),
    ...task,
    embed: embedBy(task.members),
    members: task.members.length,
    embeddingSize: E,
    imageSize: SIZE,
    batchSize: 4,
    smallestBatch: 4,
    keepImages: true,
  });
  const results = await runner.run(pairs);
  runner.free();
  return results;
}

function embeddings(members: number, features: readonly number[]): Embeddings {
  return { data: Float32Array.from(features), members, count: 1, dimension: E };
}

/** As the evaluation matches two images, by features in f32. */
function evaluated(members: number, a: readonly number[], b: ArrayLike<number>): number {
  const [left, right] = [embeddings(members, a), embeddings(members, Array.from(b))].map(measure);
  return similarity('mean', left!, 0, right!, 0);
}

describe('through a map with orthonormal rows', () => {
  const rows = orthonormal(1);
  const members = [rows];
  const sources = Array.from({ length: 4 }, (_, i) => uniformly(P, 20 + i, 0.35, 0.65));

  /** Pairs at an angle from their targets, with the angle. */
  function pairsAt(turn: number): { pair: AttackPair; angle: number; length: number }[] {
    return sources.map((source, i) => {
      const f = featuresBy(members, source);
      const aside = normals(E, 50 + i);
      const target = Float32Array.from(f, (v, e) => v / norm(f) + turn * aside[e]!);
      const cosine = dot(f, target) / (norm(f) * norm(target));
      const pair = { name: `pair ${i}`, source: Float32Array.from(source), targets: target };
      return { pair, angle: Math.acos(cosine), length: norm(f) };
    });
  }

  it.each([
    [
      'C&W',
      () => cw({ searchSteps: 7, initialWeight: 0.3, learningRate: 0.01 }),
      150,
      { share: 1.02, plus: 0 },
    ],
    [
      'PGD L2',
      () =>
        pgd({
          norm: 'l2',
          epsilon: { resolution: 0.008, initial: 0.1, largest: 3 },
          stepShare: 0.1,
          restarts: 4,
        }),
      60,
      { share: 1.01, plus: 0.008 },
    ],
  ] as const)(
    '%s impersonates and dodges with the smallest L2 norm there is',
    async (_, attack, steps, slack) => {
      const threshold = Math.cos(0.3);
      const strangers = pairsAt(0.8).filter(({ angle }) => angle > 0.4 && angle < 1.4);
      expect(strangers.length).toBeGreaterThan(1);
      const impersonations = await run(
        { members, attack: attack(), stopping: accepted(threshold), maxSteps: steps },
        strangers.map(({ pair }) => pair),
      );
      // Not near the cone's axis: from there every way out is about as long, and a random start may take a longer one.
      const own = pairsAt(0.2).filter(({ angle }) => angle > 0.1 && angle < 0.25);
      expect(own.length).toBeGreaterThan(1);
      const dodges = await run(
        {
          members,
          attack: attack(),
          objective: away(lots()),
          stopping: rejected(threshold),
          maxSteps: steps,
        },
        own.map(({ pair }) => pair),
      );
      for (const [results, tasks] of [
        [impersonations, strangers],
        [dodges, own],
      ] as const) {
        for (const [i, result] of results.entries()) {
          const { angle, length } = tasks[i]!;
          const exact = length * Math.sin(Math.abs(angle - 0.3));
          expect(result.success, result.name).toBe(true);
          expect(result.l2 / exact, `${result.name}: over the exact norm`).toBeGreaterThan(1 - 1e-4);
          expect(result.l2 / exact, `${result.name}: over the exact norm`).toBeLessThan(
            slack.share + slack.plus / exact,
          );
        }
      }
    },
  );
});

describe('two members', () => {
  const members = [orthonormal(5), orthonormal(6)];
  const threshold = 0.8;
  const pairs = Array.from({ length: 12 }, (_, i) => ({
    name: `pair ${i}`,
    source: Float32Array.from(uniformly(P, 60 + i, 0, 1)),
    targets: Float32Array.from(featuresBy(members, uniformly(P, 80 + i, 0, 1))),
  }));

  it('what an attack calls a success is accepted by the evaluation, and what falls short of it is not', async () => {
    const task = {
      members,
      attack: ifgsm({ stepSize: 1 / 2048 }),
      stopping: accepted(threshold),
      maxSteps: 400,
    };
    const results = await run(task, pairs);
    expect(results.filter(({ success }) => success).length).toBeGreaterThan(6);
    for (const [i, { success, image, distance }] of results.entries()) {
      const seen = evaluated(2, featuresBy(members, image!), pairs[i]!.targets);
      expect(seen > threshold).toBe(success);
      expect(1 - seen).toBeCloseTo(distance, 5);
    }
  });

  it('dodging ends where the evaluation no longer accepts, even from the image that is the target itself', async () => {
    const own = pairs.map(({ name, source }) => ({
      name,
      source,
      targets: Float32Array.from(featuresBy(members, source)),
    }));
    const attack = withStartNoise(ifgsm({ stepSize: 1 / 512 }), 1 / 512);
    const task = { members, attack, objective: away(lots()), stopping: rejected(threshold), maxSteps: 400 };
    const results = await run(task, own);
    for (const [i, { success, image, distance, l2 }] of results.entries()) {
      const seen = evaluated(2, featuresBy(members, image!), own[i]!.targets);
      expect(success).toBe(true);
      expect(seen).toBeLessThanOrEqual(threshold);
      expect(seen).toBeGreaterThan(threshold - 0.05);
      expect(seen).toBeCloseTo(distance, 5);
      expect(l2).toBeGreaterThan(0);
    }
  });

  it('starts no further from the source than its noise', async () => {
    const { source } = pairs[0]!;
    const own = { name: 'own', source, targets: Float32Array.from(featuresBy(members, source)) };
    const task = { members, objective: away(lots()), stopping: rejected(threshold), maxSteps: 3 };
    const [noisy] = await run({ ...task, attack: withStartNoise(ifgsm(), 1 / 255) }, [own]);
    expect(noisy!.linf).toBeLessThanOrEqual(1 / 255 + 3 * (0.5 / 255) + 1e-6);
    expect(() => withStartNoise(ifgsm(), -1)).toThrow(/noise at the start lies between 0 and 1/);
  });
});

describe('stopping rules at their thresholds', () => {
  it.each(MATCHING_RULES)('by %s say success only where float64 says so, however near', async (rule) => {
    const [M, N, size] = [3, 200, 64];
    const features = normals(M * N * size, 31);
    const noise = normals(M * N * size, 32);
    const targets = Float32Array.from(features, (v, i) => 2 * v + 0.7 * noise[i]!);
    const set = (data: Float32Array) => measure({ data, members: M, count: N, dimension: size });
    const [left, right] = [set(features), set(targets)];
    const exact = Array.from({ length: N }, (_, n) => similarity(rule, left, n, right, n));
    const program = await engine.compile({
      name: 'distances',
      inputs: { features: input([M, N, size]), targets: input([M, N, size]) },
      trace: ({ features: f, targets: t }) => ({
        outputs: { accept: accepted(0, rule).distance(f, t), reject: rejected(0, rule).distance(f, t) },
        updates: [],
      }),
    });
    const seen = await program.run({ features, targets }).read();
    const f32 = Math.fround;
    for (const [n, similar] of exact.entries()) {
      // The threshold is the pair's own similarity, and nearly so: accepted asks for more, rejected for no more.
      const reaches = (rule: StoppingRule, value: number) => value <= f32(rule.limits[0]!);
      expect(reaches(accepted(similar), seen.accept[n]!)).toBe(false);
      expect(reaches(accepted(similar - 2e-5), seen.accept[n]!)).toBe(true);
      expect(reaches(rejected(similar - 1e-9), seen.reject[n]!)).toBe(false);
      expect(reaches(rejected(similar + 2e-5), seen.reject[n]!)).toBe(true);
    }
  });

  it('name thresholds that no cosine has', () => {
    expect(() => rejected(-2)).toThrow(/rejected: a threshold on cosines lies between -1 and 1, got -2/);
  });
});

describe('meanTarget', () => {
  it('is the mean of features of length 1, per member', () => {
    const [a, b] = [Float32Array.of(3, 4, 0, 2), Float32Array.of(0, 1, -5, 0)];
    const mean = meanTarget([a, b], 2);
    for (const [i, v] of [0.3, 0.9, -0.5, 0.5].entries()) expect(mean[i]).toBeCloseTo(v, 6);
    expect(Array.from(meanTarget([Float32Array.of(0, 0)], 1))).toEqual([0, 0]);
  });

  it('names what does not fit', () => {
    expect(() => meanTarget([], 2)).toThrow(/at least one image, .* got none/);
    expect(() => meanTarget([new Float32Array(5)], 2)).toThrow(/got 5 numbers/);
    expect(() => meanTarget([new Float32Array(4), new Float32Array(6)], 2)).toThrow(/got 4, 6 numbers/);
  });
});
