/** Training as a whole: replay, resuming, independence of members, and what the diversity term does. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Engine, input, type ParameterSet } from '../src/engine/index.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from '../src/models/checkpoint.ts';
import { openTestEngine } from './support/device.ts';
import { expectClose } from './support/float64.ts';
import { BATCH, batchOf, SIZE, Training } from './support/training.ts';

const RATE = 0.05;

// A software adapter without a warm shader cache compiles for minutes.
vi.setConfig({ testTimeout: 300_000 });

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

async function readAll(sets: readonly ParameterSet[]): Promise<Map<string, Map<string, Float32Array>>> {
  const values = new Map<string, Map<string, Float32Array>>();
  for (const set of sets) values.set(set.name, await engine.readParameters(set));
  return values;
}

const DIVERSE = { members: 2, shared: true, weight: 1 } as const;

describe('training', () => {
  it('30 replayed steps equal six fresh traces of five steps, bit for bit', async () => {
    const [replayed, fresh] = [new Training(DIVERSE), new Training(DIVERSE)];
    const program = await replayed.compile(engine);
    for (let first = 0; first < 30; first += 5) {
      const traced = await fresh.compile(engine);
      for (let step = first; step < first + 5; step++) {
        const feed = { ...batchOf(step), rate: RATE / (1 + step) };
        program.run(feed);
        traced.run(feed);
      }
      await engine.idle();
      traced.free();
    }
    expect(await readAll(fresh.sets())).toEqual(await readAll(replayed.sets()));
  });

  it('resumed from a checkpoint goes on bit for bit', async () => {
    const whole = new Training(DIVERSE);
    const program = await whole.compile(engine);
    const steps = (p: typeof program, from: number, to: number) => {
      for (let step = from; step < to; step++) p.run({ ...batchOf(step), rate: RATE });
    };
    steps(program, 0, 3);
    const checkpoint: Checkpoint = {
      values: await readAll(whole.sets()),
      step: 3,
      random: { seed: 1, step: 3 },
      config: {},
    };
    const bytes = writeCheckpoint(whole.sets(), checkpoint);
    steps(program, 3, 6);

    const resumed = new Training(DIVERSE);
    const loaded = readCheckpoint(bytes, resumed.sets());
    for (const set of resumed.sets()) engine.writeParameters(set, loaded.values.get(set.name)!);
    steps(await resumed.compile(engine), loaded.step, 6);
    expect(await readAll(resumed.sets())).toEqual(await readAll(whole.sets()));
  });

  it('the first member of an ensemble with its own weight vectors trains as a single network does', async () => {
    const [single, ensemble] = [
      new Training({ members: 1, shared: false }),
      new Training({ members: 3, shared: false }),
    ];
    const programs = [await single.compile(engine), await ensemble.compile(engine)];
    // One step: kernels may sum in another order for more members, and training multiplies rounding errors.
    for (const program of programs) program.run({ ...batchOf(0), rate: RATE });
    const [alone, together] = [await readAll(single.sets()), await readAll(ensemble.sets())];
    for (const [set, values] of alone) {
      // As one vector: some gradients all but cancel, and are rounding errors of the rest.
      const [all, first]: [number[], number[]] = [[], []];
      for (const [path, own] of values) {
        all.push(...own);
        first.push(...together.get(set)!.get(path)!.subarray(0, own.length));
      }
      expectClose(first, all, 1e-5, set);
    }
  });

  it('three members take no more dispatches than one', async () => {
    const [one, three] = [
      await new Training({ members: 1, shared: false }).compile(engine),
      await new Training({ members: 3, shared: false }).compile(engine),
    ];
    // The member cosine, which a single network has not, is a few dispatches of its own.
    expect(three.dispatchCount).toBeLessThanOrEqual(one.dispatchCount + 8);
  });

  it('diversity turns members with shared weight vectors away from each other', async () => {
    const cosineAfter = async (weight: number) => {
      const program = await new Training({ members: 2, shared: true, weight }).compile(engine);
      let cosine = Number.NaN;
      for (let step = 0; step < 40; step++) {
        cosine = (await program.run({ ...batchOf(step % 2), rate: RATE }).read('cosine')).cosine[0]!;
      }
      return cosine;
    };
    const [without, with5] = [await cosineAfter(0), await cosineAfter(5)];
    expect(without).toBeGreaterThan(0.3);
    expect(with5).toBeLessThan(without - 0.2);
  });

  it('inference uses the running statistics, which a step moves by a tenth', async () => {
    const training = new Training({ members: 1, shared: false });
    const { network } = training;
    const embedding = await engine.compile({
      name: 'embedding',
      inputs: { images: input([1, BATCH, SIZE, SIZE, 3]) },
      trace: ({ images }) => {
        const { features, updates } = network.forward(images, 'inference');
        expect(updates).toEqual([]);
        return { outputs: { features } };
      },
    });
    const { images } = batchOf(0);
    const before = (await embedding.run({ images }).read()).features;
    (await training.compile(engine)).run({ ...batchOf(0), rate: 0 });
    const statistics = await engine.readParameters(network.statistics);
    const variance = statistics.get('stem.norm.variance')!;
    expect(variance.every((v) => v >= 0.9)).toBe(true);
    expect(statistics.get('stem.norm.mean')!.some((v) => v !== 0)).toBe(true);
    const after = (await embedding.run({ images }).read()).features;
    expect(after).not.toEqual(before);
    expect(after.every(Number.isFinite)).toBe(true);
  });

  it('refuses images of another size', () => {
    const { network } = new Training({ members: 2, shared: false });
    const wrong = new Training({ members: 1, shared: false }).network.parameters.flat.tensor();
    expect(() => network.forward(wrong, 'train')).toThrow(/expected images \[1 or 2, batch, 24, 24, 3\]/);
  });
});
