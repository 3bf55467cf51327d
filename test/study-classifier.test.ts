/** Trainings whose identities are classified in chunks, or by a sample of them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../src/engine/index.ts';
import { DEFENCES, type DefenceName } from '../src/experiments/study/defences.ts';
import {
  type Progress,
  parseStudyConfig,
  RunFolder,
  type StudyConfig,
} from '../src/experiments/study/index.ts';
import { openTrained } from '../src/experiments/study/trained.ts';
import { openTestEngine } from './support/device.ts';
import { micro, runMicro } from './support/study.ts';

const CLASSES = 6;

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await openTestEngine();
  folder = await mkdtemp(join(tmpdir(), 'facet-classifier-'));
});
afterAll(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

interface Trained {
  readonly losses: readonly number[];
  readonly weights: Float32Array;
}

interface Asked {
  readonly classifier: StudyConfig['classifier'];
  readonly batchSize?: number;
  readonly epochs?: number;
  /** Aborts after so many steps. */
  readonly stopAfter?: number;
  /** Goes on with what was stopped. */
  readonly resume?: boolean;
}

/** Trains one defence and reads what it left. */
async function trained(name: string, defence: DefenceName, asked: Asked): Promise<Trained> {
  const { batchSize, epochs } = { ...micro.training, ...asked };
  const { classifier, stopAfter = Infinity, resume = false } = asked;
  const config = {
    ...micro,
    defences: [defence],
    classifier,
    training: { ...micro.training, batchSize, epochs },
  };
  const abort = new AbortController();
  const progress: Progress = {
    say: () => {},
    during: (_label, _total, work) =>
      work((done) => {
        if (done >= stopAfter) abort.abort(new Error('stopped by the test'));
      }),
  };
  await runMicro(engine, folder, name, {
    config,
    progress,
    signal: abort.signal,
    only: ['train'],
    which: resume ? 'there' : 'new',
  });
  const place = ['defences', defence, 'seed-0'];
  const { result } = JSON.parse(await readFile(join(folder, name, ...place, 'training.json'), 'utf8')) as {
    result: { curve: { loss: number }[] };
  };
  const run = await RunFolder.open(folder, name, 'there');
  const network = await openTrained(engine, run, place, config.training.epochs, {
    defence: DEFENCES[defence],
    config,
    classes: CLASSES,
  });
  network.free();
  return { losses: result.curve.map(({ loss }) => loss), weights: network.weights.data };
}

describe('a training over chunks of identities', () => {
  test.each<[DefenceName]>([['diverse'], ['ensemble']])('%s is that over all at once', async (defence) => {
    const whole = await trained(`${defence}-whole`, defence, {
      classifier: { chunk: null, sample: 1 },
      epochs: 1,
    });
    // 6 identities in chunks of 4 and 2. Three steps: later, rounding has grown as in any training.
    const chunked = await trained(`${defence}-chunked`, defence, {
      classifier: { chunk: 4, sample: 1 },
      epochs: 1,
    });
    expect(chunked.losses).toHaveLength(whole.losses.length);
    for (const [i, loss] of chunked.losses.entries()) expect(loss).toBeCloseTo(whole.losses[i]!, 5);
    expect(chunked.weights).toHaveLength(whole.weights.length);
    const furthest = Math.max(...chunked.weights.map((w, i) => Math.abs(w - whole.weights[i]!)));
    expect(furthest).toBeLessThan(1e-5);
  });

  test('of a sample of them, stopped and resumed, learns the same', async () => {
    // Two images touch at most two of the three identities of a chunk.
    const partial = { classifier: { chunk: 3, sample: 0.5 }, batchSize: 2, epochs: 1 };
    const undisturbed = await trained('sampled', 'diverse', partial);
    await expect(trained('stopped', 'diverse', { ...partial, stopAfter: 4 })).rejects.toThrow(
      'stopped by the test',
    );
    expect(await trained('stopped', 'diverse', { ...partial, resume: true })).toEqual(undisturbed);
    const all = await trained('all', 'diverse', { ...partial, classifier: { chunk: 3, sample: 1 } });
    expect(all.losses).not.toEqual(undisturbed.losses);
  });

  test('is refused where a loss needs all of them, before anything is trained', () => {
    for (const classifier of [
      { chunk: 4, sample: 1 },
      { chunk: null, sample: 0.1 },
    ]) {
      expect(() =>
        parseStudyConfig({ ...micro, defences: ['single', 'adp'], classifier }, 'settings'),
      ).toThrow(/settings: defences: the loss of adp compares predictions over all identities/);
    }
    expect(parseStudyConfig({ ...micro, defences: ['adp'] }, 'settings').defences).toEqual(['adp']);
  });
});
