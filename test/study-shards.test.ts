/** A study split over processes and joined again, done stage by stage, and grown after it was done. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../src/engine/index.ts';
import { parseResults, type Results } from '../src/experiments/report/index.ts';
import { joinRuns, RunFolder, type StudyConfig } from '../src/experiments/study/index.ts';
import { unitsOf, unitsOfShard } from '../src/experiments/study/units.ts';
import { openTestEngine } from './support/device.ts';
import { measured, micro, runMicro, runWhole } from './support/study.ts';

const config: StudyConfig = {
  ...micro,
  matching: ['mean', 'min', 'concat'],
  flipSum: true,
  attack: { ...micro.attack, methods: ['i-fgsm', 'mi-fgsm'] },
};

let folder: string;
let engine: Engine;
let whole: Results;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-shards-'));
  engine = await openTestEngine();
  whole = await runWhole(engine, folder, 'whole', { config });
}, 300_000);
afterAll(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

const shares = [
  { index: 1, count: 2 },
  { index: 2, count: 2 },
] as const;

describe('units', () => {
  test.each([1, 2, 3, 5, 40])('are dealt out to %i shares once each', (count) => {
    const many: StudyConfig = { ...config, seeds: [0, 1, 2], directions: true };
    const dealt = Array.from({ length: count }, (_, i) => unitsOfShard(many, { index: i + 1, count }));
    const key = (unit: unknown) => JSON.stringify(unit);
    expect(dealt.flat().map(key).sort()).toEqual(unitsOf(many).map(key).sort());
  });

  test('are dealt out so that no share has more than its part and one unit', () => {
    const many: StudyConfig = { ...config, defences: ['ensemble', 'shared', 'diverse'], seeds: [0, 1, 2, 3] };
    // 4 seeds × (3 ensembles of 2 members and a surrogate) cost 28 single trainings.
    for (let index = 1; index <= 4; index++) {
      const own = unitsOfShard(many, { index, count: 4 });
      const cost = own.reduce((sum, unit) => sum + (unit.kind === 'surrogate' ? 1 : 2), 0);
      expect(cost).toBe(7);
    }
  });
});

describe('a study in shares', () => {
  test('joined from two folders measures the same as one that was not split', async () => {
    for (const shard of shares) {
      expect(await runMicro(engine, folder, `share-${shard.index}`, { config, shard })).toBeUndefined();
    }
    const run = await RunFolder.open(folder, 'joined', 'new');
    await joinRuns(run, [join(folder, 'share-1'), join(folder, 'share-2')]);
    const joined = await runWhole(engine, folder, 'joined', { config, which: 'there', gatherOnly: true });
    expect(measured(joined)).toEqual(measured(whole));
    expect(parseResults(JSON.parse(JSON.stringify(joined)), 'test').defences).toHaveLength(2);
  }, 300_000);

  test('that write into one folder need no joining', async () => {
    for (const shard of shares) await runMicro(engine, folder, 'common', { config, shard, which: 'either' });
    const joined = await runWhole(engine, folder, 'common', { config, which: 'there', gatherOnly: true });
    expect(measured(joined)).toEqual(measured(whole));
  }, 300_000);

  test('that are not all there are named', async () => {
    const run = await RunFolder.open(folder, 'half', 'new');
    await joinRuns(run, [join(folder, 'share-1')]);
    await expect(
      runWhole(engine, folder, 'half', { config, which: 'either', gatherOnly: true }),
    ).rejects.toThrow(/parts of the study are not done: train of (single|diverse|surrogate)/);
  }, 300_000);

  test('that contradict each other are refused, and nothing is copied', async () => {
    await cp(join(folder, 'share-1'), join(folder, 'edited'), { recursive: true });
    const [unit] = unitsOfShard(config, shares[0]);
    const place = unit?.kind === 'defence' ? ['defences', unit.name] : ['surrogates'];
    await writeFile(join(folder, 'edited', ...place, 'seed-0', 'training.json'), '{}');
    const run = await RunFolder.open(folder, 'overlap', 'new');
    await expect(joinRuns(run, [join(folder, 'share-1'), join(folder, 'edited')])).rejects.toThrow(
      /share-1 and .*edited both hold .*training\.json.*overlap/,
    );
    expect(await run.read('config.json')).toBeUndefined();
  });

  test('of another configuration, or that are no runs, are refused', async () => {
    await cp(join(folder, 'share-1'), join(folder, 'other'), { recursive: true });
    const text = JSON.stringify({ name: 'other', config: { ...config, far: 0.2 } });
    await writeFile(join(folder, 'other', 'config.json'), text);
    const run = await RunFolder.open(folder, 'mixed', 'new');
    await expect(joinRuns(run, [join(folder, 'share-1'), join(folder, 'other')])).rejects.toThrow(
      /other is of another configuration than .*share-1 \(far\)/,
    );
    await expect(joinRuns(run, [folder])).rejects.toThrow(/is not a run: it has no config\.json/);
    await writeFile(join(folder, 'other', 'config.json'), '{"config":');
    await expect(joinRuns(run, [join(folder, 'other')])).rejects.toThrow(/config\.json is damaged/);
  });
});

describe('a study done in stages', () => {
  test('needs what comes before, and says so', async () => {
    await expect(runMicro(engine, folder, 'stages', { config, only: ['white-box'] })).rejects.toThrow(
      /train of single is not done.*add train to it/,
    );
  });

  test('measures the same as one that was not', async () => {
    for (const only of [['train'], ['verify', 'black-box'], ['white-box', 'snapshots']] as const) {
      const options = { config, only, which: 'either' } as const;
      expect(await runMicro(engine, folder, 'stages', options)).toBeUndefined();
    }
    const results = await runWhole(engine, folder, 'stages', { config, which: 'there' });
    expect(measured(results)).toEqual(measured(whole));
  }, 300_000);

  test('reports what is there', async () => {
    const only = ['train', 'verify', 'report'] as const;
    const results = await runWhole(engine, folder, 'brief', { config, only });
    for (const { runs } of results.defences) {
      expect(runs[0]).toMatchObject({ whiteBox: [], blackBox: [], snapshots: [], diagnosis: null });
    }
    expect(results.transfer).toEqual([]);
    expect(parseResults(JSON.parse(JSON.stringify(results)), 'test').leftOut).toEqual([]);
  }, 300_000);
});

test('a study that is done takes more defences and attacks, and does only what is new', async () => {
  const labels: string[] = [];
  const grown: StudyConfig = {
    ...config,
    defences: ['single', 'diverse', 'advt'],
    attack: { ...config.attack, methods: ['i-fgsm', 'mi-fgsm', 'pgd-l2'] },
  };
  const results = await runWhole(engine, folder, 'whole', {
    config: grown,
    which: 'there',
    progress: {
      say: () => {},
      during: (label, _total, work) => {
        labels.push(label);
        return work(() => {});
      },
    },
  });
  expect(results.defences.map(({ name }) => name)).toEqual(['single', 'diverse', 'advt']);
  expect(labels.filter((label) => label.startsWith('train'))).toEqual(['train advt']);
  expect(labels.filter((label) => /^attack (single|diverse),/.test(label))).toEqual([
    'attack single, PGD L2',
    'attack diverse, PGD L2',
  ]);
}, 300_000);

test('adversarial training adds its term half way, and an ensemble takes it too', async () => {
  const results = await runWhole(engine, folder, 'adversarial', {
    config: { ...micro, defences: ['advt', 'diverse-advt'] },
  });
  for (const { runs } of results.defences) {
    const { points } = runs[0]!.training!;
    expect(points.filter(({ terms }) => terms && 'triplet' in terms).map(({ step }) => step)).toEqual(
      points.map(({ step }) => step).filter((step) => step > 4),
    );
  }
}, 300_000);

test('pictures of directions have the shapes that they should', async () => {
  const results = await runWhole(engine, folder, 'directions', {
    config: { ...micro, defences: ['single'], directions: true },
  });
  const [separate, shared, diverse] = results.directions!.panels;
  expect(separate!.weights).toHaveLength(2);
  for (const panel of [shared!, diverse!]) expect(panel.weights).toHaveLength(1);
  for (const { features, labels, volume } of results.directions!.panels) {
    expect(features.map((rows) => rows.length)).toEqual([labels.length, labels.length]);
    expect(volume).toBeLessThanOrEqual(1);
  }
}, 300_000);
