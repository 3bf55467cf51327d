/** `facet attack`'s work: a network that was trained anywhere is verified, attacked and reported. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { syntheticFaceSet, syntheticPairs } from '../src/data/synthetic/index.ts';
import type { Engine } from '../src/engine/index.ts';
import { measure, similarity } from '../src/evaluation/index.ts';
import { type AttackStudyTask, type GivenNetwork, runAttackStudy } from '../src/experiments/attack/index.ts';
import { figures, parseResults, renderReport } from '../src/experiments/report/index.ts';
import { compileEmbedder, embedFaces } from '../src/experiments/study/embedding.ts';
import { type Progress, RunFolder, silentProgress } from '../src/experiments/study/index.ts';
import { readImages } from '../src/experiments/study/journal.ts';
import { loadTestFaces, type TestFaces } from '../src/experiments/study/test-faces.ts';
import { ensembleOf, liveNetwork } from '../src/models/face-network.ts';
import { MobileFaceNet } from '../src/models/mobilefacenet.ts';
import { openTestEngine } from './support/device.ts';

const SIZE = 24;

let folder: string;
let engine: Engine;
let faces: TestFaces;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facet-attack-'));
  engine = await openTestEngine();
  const set = syntheticFaceSet({ seed: 3, identities: 8, shotsPerIdentity: 4, size: SIZE });
  const pairs = syntheticPairs({ seed: 3, identities: 8, shots: 4, folds: 2, pairsPerFold: 12 });
  faces = await loadTestFaces(set, pairs, SIZE, { synthetic: true, progress: silentProgress });
});
afterAll(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

/** Not trained: attacks do not care. */
function network(seed: number): GivenNetwork {
  const options = { name: `given-${seed}`, inputSize: SIZE, widthMultiplier: 0.125, embeddingSize: 16, seed };
  return {
    network: liveNetwork(new MobileFaceNet(options)),
    name: `network ${seed}`,
    fingerprint: `seed ${seed}`,
  };
}

async function attack(name: string, options: Partial<AttackStudyTask> = {}, which: 'new' | 'there' = 'new') {
  return runAttackStudy({
    engine,
    run: await RunFolder.open(folder, name, which),
    progress: silentProgress,
    signal: new AbortController().signal,
    name,
    command: 'npx facet attack',
    facetVersion: '0',
    defence: network(1),
    faces,
    goal: 'impersonate',
    targetImages: 1,
    rule: 'mean',
    far: 0.05,
    pairs: 4,
    methods: ['i-fgsm'],
    settings: { 'i-fgsm': { stepSize: 2 / 255, maxSteps: 60 } },
    batchSize: 4,
    distances: [0.5, 0.1],
    ...options,
  });
}

describe('an attack on a given network', () => {
  test('gives results that the report takes', async () => {
    const results = await attack('plain', { surrogate: network(2) });
    const read = parseResults(JSON.parse(JSON.stringify(results)), 'test');
    const [run] = read.defences[0]!.runs;
    expect(run!.training).toBeNull();
    expect(run!.whiteBox[0]!.pairs.length + read.leftOut.length).toBe(4);
    expect(run!.blackBox[0]!.pairs).toHaveLength(run!.whiteBox[0]!.pairs.length);
    expect(read.examples.length).toBeGreaterThan(0);
    expect(renderReport(read)).toContain('network 1');
    expect(Object.keys(figures(read)).some((name) => name.startsWith('white-box'))).toBe(true);
  }, 120_000);

  test('succeeds where it says so: the network accepts its image as the evaluation measures it', async () => {
    const defence = network(1);
    const results = await attack('judged', { defence });
    const { threshold, whiteBox } = results.defences[0]!.runs[0]!;
    const embedder = await compileEmbedder(engine, defence.network, 4);
    const run = await RunFolder.open(folder, 'judged', 'there');
    const rowOf = new Map(faces.testNames.map((name, row) => [name, row]));
    let successes = 0;
    for (const [index, { target, success }] of whiteBox[0]!.pairs.entries()) {
      const image = await readImages(run, ['white-box', 'i-fgsm.json'], index, SIZE * SIZE * 3);
      const shown = measure(await embedder.embed(image!, 1));
      const own = measure(await embedFaces(embedder, faces.test, { rows: [rowOf.get(target)!] }));
      expect(similarity('mean', shown, 0, own, 0) > threshold.value).toBe(success);
      successes += Number(success);
    }
    embedder.free();
    expect(successes).toBeGreaterThan(0);
  }, 120_000);

  test('resumed has the same results, and does nothing of it again but the features of the pairs', async () => {
    const work: string[] = [];
    const progress: Progress = {
      ...silentProgress,
      during: (label, total, task) => {
        work.push(label);
        return silentProgress.during(label, total, task);
      },
    };
    const options = {
      defence: network(4),
      surrogate: network(2),
      methods: ['i-fgsm', 'bim'] as const,
      progress,
    };
    const { date: _d, durationSeconds: _s, ...first } = await attack('again', options);
    const { date: _e, durationSeconds: _t, ...second } = await attack('again', options, 'there');
    expect(second).toEqual(first);
    expect(work).toEqual([
      'embed with network 4',
      'embed the pairs with network 4',
      'attack network 4, I-FGSM',
      'attack network 4, BIM',
      'embed the pairs with network 2',
      'craft on network 2, I-FGSM',
      'embed the pairs with network 4',
    ]);
  }, 120_000);

  test('dodges: images of one person are moved until they are rejected', async () => {
    const results = await attack('dodging', { goal: 'dodge', far: 0.3 });
    const names = results.defences[0]!.runs[0]!.whiteBox[0]!.pairs;
    for (const { source, target } of names) expect(source.split('/')[0]).toBe(target.split('/')[0]);
    expect(names.every(({ success, linf }) => !success || linf > 0)).toBe(true);
    await expect(
      attack('dodging-black-box', { goal: 'dodge', far: 0.3, surrogate: network(2) }),
    ).rejects.toThrow(/leave --surrogate out, or --dodge/);
  }, 120_000);

  test('takes an ensemble, and several images of the target', async () => {
    const two = ensembleOf([network(1).network, network(2).network]);
    const defence = { network: two, name: 'two', fingerprint: 'two' };
    const results = await attack('ensemble', { defence, targetImages: 3, rule: 'min' });
    expect(results.matching).toBe('min');
    expect(results.defences[0]!.runs[0]!.memberCosine).not.toBeNull();
    expect(results.notes.join(' ')).toContain('up to 3 images');
  }, 120_000);

  test('says when nothing is left to attack', async () => {
    await expect(attack('nothing', { threshold: -1 })).rejects.toThrow(/accepts each as it is; lower --far/);
  }, 120_000);
});
