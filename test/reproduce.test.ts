/** The study as a user runs it: end to end on a micro setting, stopped and resumed, and with bad input. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../src/engine/index.ts';
import { parseResults, type Results } from '../src/experiments/report/index.ts';
import { parseStudyConfig, RunFolder, type StudyConfig } from '../src/experiments/study/index.ts';
import type { Progress } from '../src/experiments/study/progress.ts';
import { openTestEngine } from './support/device.ts';
import { measured, micro, runWhole } from './support/study.ts';

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-study-'));
  engine = await openTestEngine();
});
afterAll(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a study', () => {
  let whole: Results;
  test('runs to results that its own schema accepts', async () => {
    whole = await runWhole(engine, folder, 'whole');
    const results = parseResults(JSON.parse(JSON.stringify(whole)), 'test');
    expect(results.defences.map(({ name }) => name)).toEqual(['single', 'diverse']);
    for (const { runs } of results.defences) {
      const [run] = runs;
      expect(run!.training!.points.at(-1)!.step).toBe(9);
      expect(run!.whiteBox[0]!.pairs).toHaveLength(3);
      expect(run!.blackBox[0]!.pairs).toHaveLength(3);
      for (const pair of run!.whiteBox[0]!.pairs) {
        expect(pair.linf).toBeLessThanOrEqual(1);
        expect(pair.rms * Math.sqrt(24 * 24 * 3)).toBeCloseTo(pair.l2, 4);
      }
    }
    expect(results.examples.length).toBeGreaterThan(0);
    expect(await readdir(join(folder, 'whole', 'defences', 'diverse', 'seed-0', 'networks'))).toEqual([
      'epoch-002.safetensors',
      'epoch-003.safetensors',
    ]);
  }, 300_000);

  test('training for little slope leaves little, of one network as of several', async () => {
    const slopesOf = async (members: number, weight: number) => {
      const config: StudyConfig = {
        ...micro,
        defences: ['diverse'],
        members,
        training: { ...micro.training, epochs: 6 },
        diversity: { ...micro.diversity, form: 'slope', weight },
      };
      const only = ['train', 'verify', 'diagnosis', 'report'] as const;
      const results = await runWhole(engine, folder, `slope-${members}-${weight}`, { config, only });
      const [run] = results.defences[0]!.runs;
      expect(run!.memberCosine === null).toBe(members === 1);
      return run!.slopes!;
    };
    for (const members of [2, 1]) {
      const [steep, flat] = [await slopesOf(members, 0), await slopesOf(members, 20)];
      expect(flat.joint).toBeLessThan(0.8 * steep.joint);
      expect(flat.cosine === null).toBe(members === 1);
    }
  }, 300_000);

  test('stopped in the middle of training and resumed, measures the same', async () => {
    const abort = new AbortController();
    const stopping: Progress = {
      say: () => {},
      during: (label, _total, work) =>
        work((done) => {
          if (label === 'train diverse' && done === 4) abort.abort(new Error('stopped by the test'));
        }),
    };
    await expect(
      runWhole(engine, folder, 'parts', { progress: stopping, signal: abort.signal }),
    ).rejects.toThrow('stopped by the test');
    expect(await readdir(join(folder, 'parts', 'defences', 'diverse', 'seed-0'))).toContain(
      'checkpoint.safetensors',
    );
    expect(measured(await runWhole(engine, folder, 'parts', { which: 'there' }))).toEqual(measured(whole));
  }, 300_000);

  test('stopped in the middle of an attack and resumed, measures the same', async () => {
    const abort = new AbortController();
    const stopping: Progress = {
      say: () => {},
      during: (label, _total, work) =>
        work((done) => {
          if (label.startsWith('attack diverse') && done >= 1) abort.abort(new Error('stopped by the test'));
        }),
    };
    const options = { progress: stopping, signal: abort.signal };
    await expect(runWhole(engine, folder, 'attacked', options)).rejects.toThrow('stopped by the test');
    const place = join(folder, 'attacked', 'defences', 'diverse', 'seed-0', 'white-box');
    const journal = await readFile(join(place, 'i-fgsm.mean.journal.jsonl'), 'utf8');
    expect(journal.trim().split('\n').length).toBeGreaterThan(1);
    // As a kill would leave it: the last line torn.
    await writeFile(join(place, 'i-fgsm.mean.journal.jsonl'), journal.slice(0, -20));
    expect(measured(await runWhole(engine, folder, 'attacked', { which: 'there' }))).toEqual(measured(whole));
  }, 300_000);

  test('that is done is not done again', async () => {
    const labels: string[] = [];
    const listening: Progress = {
      say: () => {},
      during: (label, _total, work) => {
        labels.push(label);
        return work(() => {});
      },
    };
    expect(
      measured(await runWhole(engine, folder, 'whole', { which: 'there', progress: listening })),
    ).toEqual(measured(whole));
    expect(labels.filter((label) => /^(train|attack|craft|show)/.test(label))).toEqual([]);
  }, 300_000);

  test('is not resumed with other settings', async () => {
    const config = { ...micro, far: 0.1, members: 3 };
    await expect(runWhole(engine, folder, 'whole', { which: 'there', config })).rejects.toThrow(
      /other settings \(members, far\)/,
    );
  });

  test('takes other settings of attacks that it has not had, and of no others', async () => {
    const withSettings = (settings: StudyConfig['attack']['settings']) => ({
      which: 'there' as const,
      config: { ...micro, attack: { ...micro.attack, settings } },
    });
    const { settings } = micro.attack;
    const ofAnother = withSettings({ ...settings, bim: { maxSteps: 3 } });
    expect(measured(await runWhole(engine, folder, 'whole', ofAnother))).toEqual(measured(whole));
    const ofItsOwn = withSettings({ ...settings, 'i-fgsm': { maxSteps: 3 } });
    await expect(runWhole(engine, folder, 'whole', ofItsOwn)).rejects.toThrow(/other settings \(attack\)/);
  });

  test('that fails before it begins leaves no folder', async () => {
    const config: StudyConfig = {
      ...micro,
      data: {
        kind: 'files',
        train: [join(folder, 'absent.tar')],
        test: 'x',
        exclude: [],
        minImages: 2,
        stream: false,
        folds: 2,
        pairsPerFold: 4,
      },
    };
    await expect(runWhole(engine, folder, 'nothing', { config })).rejects.toThrow(/absent\.tar/);
    expect(await readdir(folder)).not.toContain('nothing');
  });

  test('with a damaged checkpoint says which file and what is wrong', async () => {
    const place = join(folder, 'whole', 'defences', 'single', 'seed-0');
    const [path, done] = [join(place, 'checkpoint.safetensors'), join(place, 'training.json')];
    const [good, result] = [await readFile(path), await readFile(done)];
    await writeFile(path, good.subarray(0, 1000));
    await rm(done);
    await expect(runWhole(engine, folder, 'whole', { which: 'there' })).rejects.toThrow(
      /checkpoint\.safetensors/,
    );
    await writeFile(path, good);
    await writeFile(done, result);
  }, 300_000);

  test('whose loss is not finite stops and says what to change', async () => {
    const config = { ...micro, training: { ...micro.training, learningRate: 1e30, warmupSteps: 0 } };
    await expect(runWhole(engine, folder, 'diverging', { config })).rejects.toThrow(
      /train single: the loss is .* at step .*--learning-rate/,
    );
  }, 300_000);

  test('never writes over another run', async () => {
    const run = await RunFolder.open(folder, 'whole', 'new');
    expect(run.path).toBe(join(folder, 'whole-2'));
    await expect(RunFolder.open(folder, 'absent', 'there')).rejects.toThrow(/no run .*absent to go on with/);
  });
});

describe('settings', () => {
  test('that are out of range are all named', () => {
    const wrong = { ...micro, inputSize: 8, far: 2, distances: [0.2, 0.4], defences: ['single', 'single'] };
    expect(() => parseStudyConfig(wrong, 'settings')).toThrow(
      /inputSize.*defences.*once.*far.*distances.*fall/s,
    );
  });
});

describe('the command line', () => {
  const facet = fileURLToPath(new URL('../bin/facet.mjs', import.meta.url));
  const run = (...words: string[]) => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [facet, ...words], {
      encoding: 'utf8',
      cwd: folder,
      env: { ...process.env, FACET_NO_SETUP: '1' },
    });
    return { status, stdout, message: stderr };
  };

  test.each([
    [['reprodcue'], /unknown command 'reprodcue'.*reproduce/s],
    [['reproduce', '--presett', 'tiny'], /unknown option '--presett'.*--preset/s],
    [['reproduce', '--preset', 'huge'], /unknown preset huge; there are tiny, small/],
    [['reproduce', '--epochs', 'many'], /--epochs.*many.*whole number/s],
    [['reproduce', '--defences', 'single,armour'], /unknown defence armour; there are single/],
    [['reproduce', '--head', 'hinge'], /unknown head hinge; there are softmax, cosface, arcface/],
    [['reproduce', '--train', 'absent.tar', '--test', 'absent.tar'], /absent\.tar/],
    [['reproduce', '--train', 'faces.tar'], /--test is missing/],
    [['reproduce', '--pairs', 'pairs.txt'], /--pairs belongs to faces from files/],
    [['reproduce', '--resume', '--name', 'nothing'], /no run .*nothing to go on with/],
    [['reproduce', '--distances', '0.2,0.8'], /distances.*fall/],
    [['reproduce', '--adapter', 'abacus'], /abacus/],
  ])('%j', (words, message) => {
    const result = run(
      ...words,
      ...(words.includes('--resume') ? [] : ['--out', join(folder, 'cli')]).filter(
        () => words[0] === 'reproduce',
      ),
    );
    expect(result.message).toMatch(message);
    expect(result.message).not.toMatch(/\n\s+at /);
    expect(result.status).not.toBe(0);
  });
});
