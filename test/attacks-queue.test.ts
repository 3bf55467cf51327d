/**
 * The queue: what an attack finds for a pair does not depend on the batch that the pair was in, and the batch shrinks as
 * the last pairs finish. On the identity, where every batch size computes the same sums in the same order, results are
 * equal to the bit.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileBatch } from '../src/attacks/batch.ts';
import {
  ATTACK_NAMES,
  type AttackName,
  type AttackPair,
  type AttackResult,
  type AttackRunner,
  buildAttack,
  type GivenSettings,
  ifgsm,
  type RunOptions,
} from '../src/attacks/index.ts';
import { Queue } from '../src/attacks/queue.ts';
import type { Engine } from '../src/engine/index.ts';
import {
  alongTargets,
  compileOnIdentity,
  halfSpaceRule,
  identity,
  pairOf,
  uniformly,
} from './support/attack-problems.ts';
import { openTestEngine } from './support/device.ts';
import { dot } from './support/float64.ts';

const SIZE = [2, 2] as const;
const P = 12;
const NEED = 1.5;

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

const PAIRS: readonly AttackPair[] = Array.from({ length: 6 }, (_, i) => {
  const source = uniformly(P, 500 + i, 0.2, 0.8);
  const direction = uniformly(P, 600 + i, 0.1, 1);
  const scale = NEED / (dot(direction, source) + 0.02 + 0.05 * i);
  return pairOf(`pair ${i}`, { source, direction: direction.map((v) => Math.fround(v * scale)), need: NEED });
});

/** Few steps, so that pairs finish at different times and some not at all. */
const SETTINGS: Readonly<Record<AttackName, GivenSettings>> = {
  'i-fgsm': { stepSize: 1 / 256, maxSteps: 12 },
  bim: { stepSize: 1 / 256, maxSteps: 12, initial: 1 / 128, resolution: 1 / 256, largest: 1 / 16 },
  cw: { learningRate: 0.03, searchSteps: 3, maxSteps: 12 },
  'pgd-linf': { epsilon: 1 / 32, stepShare: 0.25, maxSteps: 8, restarts: 2 },
  'pgd-l2': { epsilon: 'search', initial: 0.05, resolution: 0.02, largest: 0.2, maxSteps: 6 },
  'mi-fgsm': { stepSize: 1 / 256, maxSteps: 12, startNoise: 1 / 256 },
  'apgd-linf': { epsilon: 1 / 32, maxSteps: 8 },
  'apgd-l2': { epsilon: 'search', initial: 0.05, resolution: 0.02, largest: 0.2, maxSteps: 6 },
};

interface Compiled {
  readonly batchSize: number;
  readonly smallestBatch?: number;
}

async function attackBy(
  name: AttackName,
  compiled: Compiled,
  pairs: readonly AttackPair[],
  options: RunOptions = {},
): Promise<Map<string, AttackResult>> {
  const { attack, maxSteps } = buildAttack(name, SETTINGS[name]);
  const runner = await compileOnIdentity(engine, SIZE, {
    attack,
    objective: alongTargets,
    stopping: halfSpaceRule(NEED),
    maxSteps,
    ...compiled,
  });
  const results = await runner.run(pairs, options);
  runner.free();
  expect(results.map((result) => result.name)).toEqual(pairs.map((pair) => pair.name));
  return new Map(results.map((result) => [result.name, result]));
}

describe('results do not depend on the batch', () => {
  it.each(ATTACK_NAMES)('%s', async (name) => {
    const alone = await attackBy(name, { batchSize: 1 }, PAIRS);
    const shrinking = await attackBy(name, { batchSize: 4, smallestBatch: 2 }, PAIRS.toReversed(), {
      stepsPerRead: 1,
    });
    const outcomes = new Set([...alone.values()].map(({ success }) => success));
    for (const [pair, result] of alone) expect(shrinking.get(pair), pair).toEqual(result);
    // Pairs that are all alike would prove nothing.
    const steps = new Set([...alone.values()].map(({ evaluations }) => evaluations));
    expect(outcomes.size + steps.size).toBeGreaterThan(2);
  });

  it('but starts depend on the seed', async () => {
    const [one, same, other] = [
      await attackBy('pgd-linf', { batchSize: 2 }, PAIRS.slice(0, 2), { seed: 1 }),
      await attackBy('pgd-linf', { batchSize: 2 }, PAIRS.slice(0, 2), { seed: 1 }),
      await attackBy('pgd-linf', { batchSize: 2 }, PAIRS.slice(0, 2), { seed: 2 }),
    ];
    expect(same).toEqual(one);
    expect(other.get('pair 0')!.image).not.toEqual(one.get('pair 0')!.image);
  });
});

describe('the batch shrinks', () => {
  const steps = 40;
  const attack = ifgsm({ stepSize: 1 / 512 });

  /** Batch sizes of the steps that ran, in order, without repetition. */
  async function sizesOf(compiled: Compiled, pairs: readonly AttackPair[]): Promise<number[]> {
    const sizes: number[] = [];
    const runner = await compileOnIdentity(engine, SIZE, {
      attack,
      objective: alongTargets,
      stopping: halfSpaceRule(NEED),
      maxSteps: steps,
      embed: (pixels) => {
        sizes.push(pixels.shape[1]!);
        return identity(pixels);
      },
      ...compiled,
    });
    await runner.run(pairs);
    runner.free();
    return sizes;
  }

  it('to the halves that hold the pairs at work, compiled once each', async () => {
    expect(await sizesOf({ batchSize: 6, smallestBatch: 1 }, PAIRS)).toEqual([6, 3, 2, 1]);
    expect(await sizesOf({ batchSize: 6, smallestBatch: 3 }, PAIRS)).toEqual([6, 3]);
    expect(await sizesOf({ batchSize: 6, smallestBatch: 6 }, PAIRS)).toEqual([6]);
    expect(await sizesOf({ batchSize: 6, smallestBatch: 1 }, PAIRS.slice(0, 2))).toEqual([6, 2, 1]);
  });

  it('and is whole again in the next run', async () => {
    const runner = await compileOnIdentity(engine, SIZE, {
      attack,
      objective: alongTargets,
      stopping: halfSpaceRule(NEED),
      maxSteps: steps,
      batchSize: 4,
      smallestBatch: 2,
    });
    const first = await runner.run(PAIRS);
    expect(await runner.run(PAIRS)).toEqual(first);
    const fewer = await runner.run(PAIRS.slice(0, 1));
    expect(fewer).toEqual(first.slice(0, 1));
    runner.free();
  });
});

describe('curves', () => {
  it('tell what the first pairs saw at every evaluation, trial by trial', async () => {
    const results = [...(await attackBy('bim', { batchSize: 3 }, PAIRS, { curves: 2 })).values()];
    const plain = await attackBy('bim', { batchSize: 3 }, PAIRS);
    for (const [i, { curve, ...result }] of results.entries()) {
      expect(result).toEqual(plain.get(result.name));
      if (i >= 2) {
        expect(curve).toBeUndefined();
        continue;
      }
      const { distance, value, trialStarts } = curve!;
      expect(distance).toHaveLength(result.evaluations);
      expect(value).toEqual(distance);
      expect(trialStarts).toHaveLength(result.trials);
      expect(trialStarts[0]).toBe(0);
      // Every trial starts at the source; on a plane every step from there goes down until the ball is full.
      const start = -dot(PAIRS[i]!.targets, PAIRS[i]!.source);
      for (const [t, first] of trialStarts.entries()) {
        expect(distance[first]).toBeCloseTo(start, 5);
        const trial = distance.slice(first, trialStarts[t + 1]);
        expect(trial.every((d, k) => k === 0 || d <= trial[k - 1]! + 1e-6)).toBe(true);
      }
      expect(Math.min(...distance)).toBeLessThanOrEqual(result.distance);
    }
  });
});

describe('the queue of pairs', () => {
  it('draws one at a time, and lets a generator go that is not drawn to its end', async () => {
    let closed = 0;
    function* numbers() {
      try {
        yield 7;
        yield 8;
      } finally {
        closed++;
      }
    }
    const queue = new Queue(numbers());
    expect(await queue.draw()).toEqual({ item: 7, index: 0 });
    expect(queue.exhausted).toBe(false);
    await queue.close();
    expect([closed, queue.exhausted]).toEqual([1, true]);
    expect(await queue.draw()).toBeUndefined();
  });

  it('is closed when a run is aborted, and what was done is told', async () => {
    const told: string[] = [];
    let closed = false;
    function* pairs() {
      try {
        yield* PAIRS;
      } finally {
        closed = true;
      }
    }
    const runner = await compileOnIdentity(engine, SIZE, {
      attack: ifgsm({ stepSize: 1 / 256 }),
      objective: alongTargets,
      stopping: halfSpaceRule(NEED),
      maxSteps: 60,
      batchSize: 2,
    });
    const abort = new AbortController();
    const run = runner.run(pairs(), {
      signal: abort.signal,
      onResult: ({ name }) => {
        told.push(name);
        if (told.length === 2) abort.abort(new Error('enough'));
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(told.length).toBeGreaterThanOrEqual(2);
    expect(closed).toBe(true);
    runner.free();
  });
});

it('a step adds few dispatches to those of the network', async () => {
  const count = async (name: AttackName) => {
    const { attack, maxSteps } = buildAttack(name);
    const spec = {
      attack,
      maxSteps,
      objective: alongTargets,
      stopping: halfSpaceRule(NEED),
      embed: identity,
      members: 1,
      embeddingSize: P,
      imageSize: SIZE,
      batchSize: 2,
      keepImages: true,
    };
    return (await compileBatch(engine, spec, 2)).step.dispatchCount;
  };
  expect(await count('i-fgsm')).toBeLessThanOrEqual(16);
  expect(await count('apgd-l2')).toBeLessThanOrEqual(26);
});

it('names sizes and limits that do not fit', async () => {
  const spec = { attack: ifgsm(), objective: alongTargets, stopping: halfSpaceRule(NEED), maxSteps: 3 };
  await expect(compileOnIdentity(engine, SIZE, { ...spec, batchSize: 2, smallestBatch: 0 })).rejects.toThrow(
    /smallestBatch must be a positive whole number, got 0/,
  );
  const runner: AttackRunner = await compileOnIdentity(engine, SIZE, { ...spec, batchSize: 2 });
  await expect(runner.run(PAIRS, { limits: [1, 2] })).rejects.toThrow(/got 2 limits, expected 1/);
  runner.free();
});
