/**
 * Attacks on functions whose answer is known. The network is the identity: its features are the pixels, so a sign step
 * moves each pixel by α towards its target and rests there. All values are multiples of 1/64, exact in f32.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Attack, StoppingRule } from '../src/attacks/attack.ts';
import { ifgsm } from '../src/attacks/ifgsm.ts';
import { lots } from '../src/attacks/lots.ts';
import { mifgsm } from '../src/attacks/mifgsm.ts';
import { pgd } from '../src/attacks/pgd.ts';
import { l2Ball, linfBall, pixelRange } from '../src/attacks/projections.ts';
import { type AttackPair, type AttackResult, AttackRunner } from '../src/attacks/run.ts';
import { perImage } from '../src/attacks/slots.ts';
import { accepted, within } from '../src/attacks/stopping.ts';
import {
  add,
  concat,
  constant,
  type Engine,
  input,
  less,
  matmul,
  mul,
  reshape,
  select,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '../src/engine/index.ts';
import { mulberry32 } from '../src/models/init.ts';
import { openTestEngine } from './support/device.ts';
import { dot, expectClose, norm, normals } from './support/float64.ts';

const [H, W] = [3, 2];
const PIXELS = H * W * 3;
const UNIT = 1 / 64;

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** One member whose features are its pixels. */
const identity = (pixels: Tensor) => reshape(pixels, [1, pixels.shape[1]!, PIXELS]);

/** Plain Euclidean distance of features, which lots({ normalized: false }) lowers. */
function euclidean(limits: readonly number[]): StoppingRule {
  const distance = (f: Tensor, t: Tensor) => reshape(sqrt(sum(square(sub(f, t)), [0, 2])), [f.shape[1]!]);
  return { name: 'euclidean', distance, limits };
}

interface Grid {
  readonly pair: AttackPair;
  /** Source and target in units of 1/64. */
  readonly source: number[];
  readonly target: number[];
}

function grid(index: number): Grid {
  const random = mulberry32(index);
  const draw = () => Array.from({ length: PIXELS }, () => Math.floor(random() * 65));
  const [source, target] = [draw(), draw()];
  const scaled = (values: number[]) => Float32Array.from(values, (v) => v * UNIT);
  return { source, target, pair: { name: `pair ${index}`, source: scaled(source), targets: scaled(target) } };
}

/** Distance left after k unit steps, and norms of the perturbation, in closed form. */
function afterSteps({ source, target }: Grid, k: number): { distance: number; l2: number; linf: number } {
  const way = source.map((s, i) => target[i]! - s);
  const left = way.map((d) => Math.max(Math.abs(d) - k, 0) * UNIT);
  const gone = way.map((d) => Math.min(Math.abs(d), k) * UNIT);
  return { distance: norm(left), l2: norm(gone), linf: Math.max(...gone) };
}

/** The first number of steps after which the distance is within the limit. */
function stepsTo(pair: Grid, limit: number): number {
  let k = 0;
  while (afterSteps(pair, k).distance > limit) k++;
  return k;
}

interface Settings {
  readonly batchSize: number;
  readonly limits: readonly number[];
  readonly maxSteps?: number;
  readonly attack?: Attack;
}

function compile({ batchSize, limits, maxSteps = 100, attack }: Settings): Promise<AttackRunner> {
  return AttackRunner.compile(engine, {
    attack: attack ?? ifgsm({ stepSize: UNIT }),
    objective: lots({ normalized: false }),
    stopping: euclidean(limits),
    embed: identity,
    members: 1,
    embeddingSize: PIXELS,
    imageSize: [H, W],
    batchSize,
    smallestBatch: 2,
    maxSteps,
    keepImages: true,
  });
}

const GRIDS = Array.from({ length: 7 }, (_, i) => grid(i + 1));
const LIMITS = [1, 0.5, 0.01];

describe('I-FGSM on the identity', () => {
  it('takes the steps and makes the perturbation that the closed form says, at every limit', async () => {
    const runner = await compile({ batchSize: 3, limits: LIMITS });
    const seen: number[] = [];
    const results = await runner.run(
      GRIDS.map((g) => g.pair),
      { onResult: (_, index) => seen.push(index) },
    );
    expect(seen.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const [i, result] of results.entries()) {
      const own = GRIDS[i]!;
      expect(result.success).toBe(true);
      expect(result.name).toBe(own.pair.name);
      for (const [l, limit] of LIMITS.entries()) {
        const milestone = result.milestones[l]!;
        const steps = stepsTo(own, limit);
        const expected = afterSteps(own, steps);
        expect(milestone.iterations).toBe(steps);
        expect(milestone.l2).toBeCloseTo(expected.l2, 5);
        expect(milestone.linf).toBeCloseTo(expected.linf, 6);
        expect(milestone.rms).toBeCloseTo(expected.l2 / Math.sqrt(PIXELS), 5);
        const moved = own.source.map((s, p) => {
          const way = own.target[p]! - s;
          return (s + Math.sign(way) * Math.min(Math.abs(way), steps)) * UNIT;
        });
        expect(Array.from(milestone.image!)).toEqual(moved);
      }
      expect(result.iterations).toBe(stepsTo(own, LIMITS.at(-1)!));
      expect(result.image).toEqual(result.milestones.at(-1)!.image);
    }
    runner.free();
  });

  it('gives the same results for every batch size, order and number of steps per read', async () => {
    const byName = (results: AttackResult[]) => new Map(results.map((r) => [r.name, r]));
    const pairs = GRIDS.map((g) => g.pair);
    const runs: Map<string, AttackResult>[] = [];
    for (const batchSize of [1, 3, 8]) {
      const runner = await compile({ batchSize, limits: LIMITS, maxSteps: 40 });
      runs.push(byName(await runner.run(pairs, { stepsPerRead: 1 })));
      runs.push(byName(await runner.run(pairs.toReversed(), { stepsPerRead: 5 })));
      runner.free();
    }
    for (const run of runs.slice(1)) {
      for (const [name, result] of runs[0]!) expect(run.get(name)).toEqual(result);
    }
  });

  it('gives pairs up after maxSteps, says how far they came, and keeps the limits that they did reach', async () => {
    const maxSteps = 25;
    const runner = await compile({ batchSize: 4, limits: LIMITS, maxSteps });
    const results = await runner.run(GRIDS.map((g) => g.pair));
    const failed = results.filter((r) => !r.success);
    expect(failed.length).toBeGreaterThan(0);
    for (const [i, result] of results.entries()) {
      const own = GRIDS[i]!;
      expect(result.success).toBe(stepsTo(own, LIMITS.at(-1)!) <= maxSteps);
      expect(result.milestones.map((m) => m !== null)).toEqual(
        LIMITS.map((l) => stepsTo(own, l) <= maxSteps),
      );
      if (result.success) continue;
      const expected = afterSteps(own, maxSteps);
      expect(result.iterations).toBe(maxSteps);
      expect(result.distance).toBeCloseTo(expected.distance, 5);
      expect(result.l2).toBeCloseTo(expected.l2, 5);
      expect(result.image).toHaveLength(PIXELS);
    }
    runner.free();
  });

  it('needs no step where the source already succeeds, draws pairs lazily, and takes new limits', async () => {
    const runner = await compile({ batchSize: 2, limits: [0.01] });
    let drawn = 0;
    async function* lazily() {
      for (const g of GRIDS) {
        drawn++;
        yield { ...g.pair, targets: g.pair.source };
      }
    }
    const results = await runner.run(lazily());
    expect(drawn).toBe(GRIDS.length);
    expect(results.map((r) => [r.success, r.iterations, r.l2])).toEqual(GRIDS.map(() => [true, 0, 0]));
    const loose = await runner.run([GRIDS[0]!.pair], { limits: [1] });
    expect(loose[0]!.iterations).toBe(stepsTo(GRIDS[0]!, 1));
    expect(await runner.run([])).toEqual([]);
    runner.free();
  });

  it('keeps the smallest where the attack says so', async () => {
    // Starts off the source, walks further away for ten steps and then back: the last image is the smallest.
    const wander: Attack = {
      name: 'wander',
      keep: 'smallest',
      start: (source) => source.map((v) => v + 5 * UNIT),
      state: { steps: 'number' },
      step: ({ images, state }) => ({
        images: add(images, mul(perImage(select(less(state.steps!, 10), 1, -1)), UNIT)),
        state: { steps: add(state.steps!, 1) },
      }),
    };
    const source = new Float32Array(PIXELS).fill(0.25);
    const runner = await compile({ batchSize: 1, limits: [10], maxSteps: 23, attack: wander });
    const [result] = await runner.run([{ name: 'p', source, targets: source }]);
    expect(result!.success).toBe(true);
    expect(result!.iterations).toBe(23);
    expect(result!.linf).toBe(2 * UNIT);
    runner.free();
  });
});

it('I-FGSM through two linear members follows a float64 run', async () => {
  const E = 5;
  const maps = [normals(PIXELS * E, 11), normals(PIXELS * E, 12)];
  const source = Float32Array.from({ length: PIXELS }, (_, i) => 0.3 + 0.02 * i);
  const targets = normals(2 * E, 13);
  const [alpha, threshold] = [1 / 128, 0.9];
  const runner = await AttackRunner.compile(engine, {
    attack: ifgsm({ stepSize: alpha }),
    objective: lots(),
    stopping: accepted(threshold),
    embed: (pixels) => {
      const flat = identity(pixels);
      return concat(
        maps.map((map) => matmul(flat, constant(map, [1, PIXELS, E]))),
        0,
      );
    },
    members: 2,
    embeddingSize: E,
    imageSize: [H, W],
    batchSize: 2,
    maxSteps: 60,
  });
  const [result] = await runner.run([{ name: 'linear', source, targets }]);
  runner.free();

  const x = Float64Array.from(source);
  const members = maps.map((map, m) => ({
    columns: Array.from({ length: E }, (_, e) => Array.from({ length: PIXELS }, (_, p) => map[p * E + e]!)),
    target: Array.from(targets.subarray(m * E, (m + 1) * E)),
  }));
  let steps = 0;
  for (; steps < 60; steps++) {
    let similarity = 0;
    const slope = new Float64Array(PIXELS);
    for (const { columns, target } of members) {
      const f = columns.map((column) => dot(column, x));
      const unit = target.map((t) => t / norm(target));
      const cosine = dot(f, unit) / norm(f);
      similarity += cosine / 2;
      // d(1 − cos)/df = −(t̂ − cos f̂)/‖f‖
      for (const [e, column] of columns.entries()) {
        const df = -(unit[e]! - (cosine * f[e]!) / norm(f)) / norm(f);
        for (let p = 0; p < PIXELS; p++) slope[p]! += df * column[p]!;
      }
    }
    if (similarity >= threshold) break;
    for (let p = 0; p < PIXELS; p++) x[p] = Math.min(Math.max(x[p]! - alpha * Math.sign(slope[p]!), 0), 1);
  }
  const perturbation = x.map((v, p) => v - source[p]!);
  expect(result!.success).toBe(steps < 60);
  expect(result!.iterations).toBe(steps);
  expect(result!.l2).toBeCloseTo(norm(perturbation), 4);
});

it('MI-FGSM with decay 0 is I-FGSM; with decay 1 it does not turn back at once', async () => {
  const run = async (attack: Attack, maxSteps: number) => {
    const runner = await compile({ batchSize: 2, limits: [0.01], maxSteps, attack });
    const results = await runner.run(GRIDS.map((g) => g.pair));
    runner.free();
    return results;
  };
  const plain = await run(ifgsm({ stepSize: UNIT }), 30);
  const without = await run(mifgsm({ stepSize: UNIT, decay: 0 }), 30);
  expect(without.map(({ l2, iterations }) => [l2, iterations])).toEqual(
    plain.map(({ l2, iterations }) => [l2, iterations]),
  );
  // In float64: v ← v + g/‖g‖₁, x ← clip(x − sign v), g = x − t, in units of 1/64.
  const with1 = await run(mifgsm({ stepSize: UNIT, decay: 1 }), 30);
  for (const [i, own] of GRIDS.entries()) {
    const x = own.source.slice();
    const v = x.map(() => 0);
    for (let step = 0; step < 30; step++) {
      const g = x.map((value, p) => value - own.target[p]!);
      const total = g.reduce((a, b) => a + Math.abs(b), 0);
      for (let p = 0; p < x.length; p++) {
        v[p]! += g[p]! / total;
        x[p] = Math.min(Math.max(x[p]! - Math.sign(v[p]!), 0), 64);
      }
    }
    const l2 = norm(x.map((value, p) => (value - own.source[p]!) * UNIT));
    expect(with1[i]!.l2).toBeCloseTo(l2, 4);
  }
});

describe('PGD', () => {
  const epsilon = 16 * UNIT;

  it.each(['linf', 'l2'] as const)('%s starts at random and stays in its ball', async (kind) => {
    const attack = pgd({ norm: kind, epsilon, restarts: 2 });
    const starts = GRIDS.map((g) => attack.start!(g.pair.source, mulberry32(3), { epsilon }));
    for (const [i, start] of starts.entries()) {
      const moved = start.map((v, p) => v - GRIDS[i]!.pair.source[p]!);
      const size = kind === 'l2' ? norm(moved) : Math.max(...moved.map(Math.abs));
      expect(size).toBeGreaterThan(0.2 * epsilon);
      expect(size).toBeLessThan(epsilon * 1.00001);
    }
    const runner = await compile({ batchSize: 3, limits: [0.01], maxSteps: 40, attack });
    const results = await runner.run(GRIDS.map((g) => g.pair));
    runner.free();
    for (const [i, result] of results.entries()) {
      const own = GRIDS[i]!;
      expect(kind === 'l2' ? result.l2 : result.linf).toBeLessThan(epsilon * 1.00001);
      const source = own.pair.source;
      const way = own.target.map((t, p) => t * UNIT - source[p]!);
      // The nearest point of the ball to the target: clipped per pixel, or shortened along the way.
      const left =
        kind === 'linf'
          ? norm(way.map((d) => Math.max(Math.abs(d) - epsilon, 0)))
          : Math.max(norm(way) - epsilon, 0);
      expect(result.distance).toBeGreaterThan(left - 1e-4);
      expect(result.distance).toBeLessThan(
        left + ((3 * 2.5 * epsilon) / 40) * (kind === 'l2' ? 1 : Math.sqrt(PIXELS)),
      );
    }
  });

  it('starts differ by seed and repeat for the same', () => {
    const attack = pgd({ norm: 'l2', epsilon });
    const start = (seed: number) => attack.start!(GRIDS[0]!.pair.source, mulberry32(seed), { epsilon });
    expect(start(1)).toEqual(start(1));
    expect(start(1)).not.toEqual(start(2));
  });
});

describe('projections', () => {
  it('end in their ball and in the pixel range, and leave what is inside alone', async () => {
    const n = 2;
    const program = await engine.compile({
      name: 'projections',
      inputs: { images: input([1, n, H, W, 3]), sources: input([1, n, H, W, 3]) },
      trace: ({ images, sources }) => ({
        outputs: {
          range: pixelRange(images!, sources!),
          linf: linfBall(0.1)(images!, sources!),
          l2: l2Ball(0.2)(images!, sources!),
          wide: l2Ball(100)(images!, sources!),
        },
        updates: [],
      }),
    });
    const sources = normals(n * PIXELS, 5).map((v) => Math.min(Math.max(0.5 + 0.3 * v, 0), 1));
    const images = sources.map((v, i) => v + 0.4 * Math.sin(i));
    const out = (await program.run({ images, sources }).read()) as Record<string, Float32Array>;
    const clip = (v: number) => Math.min(Math.max(v, 0), 1);
    expectClose(out.range!, images.map(clip), 1e-6, 'pixel range');
    expectClose(
      out.linf!,
      images.map((v, i) => clip(Math.min(Math.max(v, sources[i]! - 0.1), sources[i]! + 0.1))),
      1e-6,
      'L∞',
    );
    expectClose(out.wide!, images.map(clip), 1e-6, 'wide L2');
    const expected = images.map((_, i) => {
      const first = Math.floor(i / PIXELS) * PIXELS;
      const own = Array.from({ length: PIXELS }, (_, p) => images[first + p]! - sources[first + p]!);
      return clip(sources[i]! + (own[i - first]! * 0.2) / Math.max(norm(own), 0.2));
    });
    expectClose(out.l2!, expected, 1e-5, 'L2');
  });
});

describe('bad input', () => {
  it('names what is wrong with rules and settings', () => {
    expect(() => accepted(1.5)).toThrow(/between -1 and 1, got 1.5/);
    expect(() => within([0.4, 0.6])).toThrow(/falling strictly, got 0.4, 0.6/);
    expect(() => within([])).toThrow(/got none/);
    expect(() => within([2.5])).toThrow(/below 2/);
    expect(() => ifgsm({ stepSize: 0 })).toThrow(/over 0/);
    expect(() => linfBall(-1)).toThrow(/radius/);
  });

  it('names the pair whose arrays do not fit, or whose features are not numbers', async () => {
    const runner = await compile({ batchSize: 2, limits: [0.1] });
    const short = { ...GRIDS[0]!.pair, source: new Float32Array(5) };
    await expect(runner.run([short])).rejects.toThrow(/pair 1 has 5 source values .* expected 18 \(3×2×3\)/);
    const broken = { ...GRIDS[1]!.pair, targets: new Float32Array(PIXELS).fill(Number.NaN) };
    await expect(runner.run([GRIDS[0]!.pair, broken])).rejects.toThrow(/pair 2 has the distance NaN/);
    runner.free();
    await expect(compile({ batchSize: 0, limits: [0.1] })).rejects.toThrow(
      /batchSize must be a positive whole number, got 0/,
    );
  });
});
