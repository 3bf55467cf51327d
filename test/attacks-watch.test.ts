/** Looking on while an attack runs: what is shown is what happens, and looking changes nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AttackPair,
  type AttackRunner,
  type AttackView,
  buildAttack,
  type GivenSettings,
} from '../src/attacks/index.ts';
import type { Engine } from '../src/engine/index.ts';
import {
  alongTargets,
  compileOnIdentity,
  halfSpaceRule,
  pairOf,
  uniformly,
} from './support/attack-problems.ts';
import { openTestEngine } from './support/device.ts';
import { dot } from './support/float64.ts';

const P = 12;
const NEED = 1.5;

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** Directions by which the source falls short of what is needed by `lack`. */
function pairLacking(lack: number, seed: number): AttackPair {
  const source = uniformly(P, seed, 0.2, 0.8);
  const direction = uniformly(P, seed + 1, 0.1, 1);
  const scale = NEED / (dot(direction, source) + lack);
  return pairOf(`lacks ${lack}`, {
    source,
    direction: direction.map((v) => Math.fround(v * scale)),
    need: NEED,
  });
}

const PAIRS = [pairLacking(0.02, 1), pairLacking(0.2, 3), pairLacking(0.1, 5)];

async function compiled(name: string, given: GivenSettings, watch: boolean): Promise<AttackRunner> {
  const { attack, maxSteps } = buildAttack(name, given);
  return compileOnIdentity(engine, [2, 2], {
    attack,
    maxSteps,
    objective: alongTargets,
    stopping: halfSpaceRule(NEED),
    batchSize: 2,
    watch,
  });
}

describe('watching an attack', () => {
  it('shows each image with its own features, distance and number of steps, and ends as a run unwatched', async () => {
    const settings = { stepSize: 1 / 64, maxSteps: 12 };
    const runner = await compiled('i-fgsm', settings, true);
    const seen: AttackView[] = [];
    const results = await runner.run(PAIRS, {
      onStep: (views) => {
        seen.push(...views);
      },
    });
    runner.free();
    for (const [index, pair] of PAIRS.entries()) {
      const own = seen.filter((view) => view.index === index);
      expect(own.map(({ iteration }) => iteration)).toEqual(own.map((_, step) => step));
      expect(own[0]?.image).toEqual(pair.source);
      for (const { image, features, distance } of own) {
        expect(features).toEqual(image); // the network is the identity
        expect(distance).toBeCloseTo(-dot([...pair.targets], [...image]), 5);
      }
      const last = own.at(-1)!;
      expect(own.map(({ over }) => over)).toEqual(own.map((view) => view === last));
      expect(last.image).toEqual(results[index]!.image);
      expect(last.best?.iterations).toBe(results[index]!.iterations);
      expect(last.best?.l2).toBe(results[index]!.l2);
    }
    const plain = await compiled('i-fgsm', settings, false);
    expect(await plain.run(PAIRS)).toEqual(results);
    plain.free();
  });

  it('tells the trials of a search apart, with what each was given', async () => {
    const runner = await compiled(
      'bim',
      { stepSize: 1 / 256, initial: 1 / 64, resolution: 1 / 128, maxSteps: 6 },
      true,
    );
    const seen: AttackView[] = [];
    const [result] = await runner.run(PAIRS.slice(0, 1), {
      onStep: (views) => {
        seen.push(...views);
      },
    });
    runner.free();
    const trials = [...new Set(seen.map(({ trial }) => trial))];
    expect(trials).toEqual(Array.from({ length: result!.trials }, (_, trial) => trial));
    expect(seen).toHaveLength(result!.evaluations);
    for (const trial of trials) {
      const own = seen.filter((view) => view.trial === trial);
      const { epsilon = 0 } = own[0]!.parameters;
      expect(epsilon).toBeGreaterThan(0);
      for (const { image } of own) {
        const linf = Math.max(...image.map((value, i) => Math.abs(value - PAIRS[0]!.source[i]!)));
        expect(linf).toBeLessThanOrEqual(epsilon + 1e-6);
      }
    }
  });

  it('waits for whoever looks, and ends where told to', async () => {
    const runner = await compiled('i-fgsm', { stepSize: 1 / 256, maxSteps: 50 }, true);
    const stop = new AbortController();
    const steps: number[] = [];
    let looking = 0;
    const run = runner.run([pairLacking(5, 9)], {
      signal: stop.signal,
      onStep: async ([view]) => {
        expect(++looking).toBe(1);
        await new Promise((resolve) => setTimeout(resolve, 5));
        steps.push(view!.iteration);
        if (view!.iteration === 3) stop.abort(new Error('enough'));
        looking--;
      },
    });
    await expect(run).rejects.toThrow('enough');
    expect(steps).toEqual([0, 1, 2, 3]);
    runner.free();
  });

  it('says what it needs where it was compiled without', async () => {
    const runner = await compiled('i-fgsm', {}, false);
    await expect(runner.run(PAIRS, { onStep: () => {} })).rejects.toThrow('watch: true');
    runner.free();
  });
});
