/** Batches that are read while the device works: the same bits however they are made, and nothing left behind. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LoaderResult, loaderText } from '../src/bench/loader.ts';
import {
  type AugmentOptions,
  type Batch,
  Batches,
  type BatchSource,
  DataError,
  type FaceSet,
  ImageError,
  loadedBatches,
  loadFaces,
  type OpenFaceSet,
  openFaceSet,
  type StartWorkers,
  StreamedBatches,
  type StreamOptions,
} from '../src/data/index.ts';
import { inThread } from '../src/data/loader/index.ts';
import { replacementsOf } from '../src/data/loader/replacements.ts';
import { ShuffledOrder } from '../src/data/sampling.ts';
import { BalancedOrder } from '../src/data/sampling-balanced.ts';
import { main } from '../src/experiments/cli.ts';
import { startDecodeWorkers } from '../src/platform/node-decode-workers.ts';
import { nodeDataHost } from '../src/platform/node-images.ts';
import { formulaImage, formulaPixels, plainSet, writeTar } from './support/data-fixtures.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const SIZE = 12;

/** Every augmentation, often. */
const AUGMENT: AugmentOptions = {
  crop: { probability: 0.7, zoom: [0.9, 1.4], translate: 0.1 },
  colour: { probability: 0.7, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 30 },
  grey: { probability: 0.3 },
  blur: { probability: 0.5, sigma: [0.01, 0.05] },
  jpeg: { probability: 0.5, quality: [10, 90] },
};

let folder: string;
let bundles: string;
let script: URL;
let faces: OpenFaceSet;
/** The tar of `faces` with damaged pictures: `ann/2` (of 5) and all of `bob`. */
let damagedFaces: OpenFaceSet;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facet-loader-'));
  // Where packages can be found, since bundles leave them out.
  mkdirSync(join(ROOT, 'node_modules', '.cache'), { recursive: true });
  bundles = mkdtempSync(join(ROOT, 'node_modules', '.cache', 'facet-loader-'));
  const people = { ann: 5, bob: 3, cyd: 9, dot: 6 };
  const names = Object.entries(people).flatMap(([person, count]) =>
    Array.from({ length: count }, (_, i) => `${person}/${i}.jpg`),
  );
  const parts = await Promise.all(
    // Of another size than the network's, so that resizing is among what must be alike.
    names.map(async (name, i) => ({ name, data: await formulaImage(i % 3 === 0 ? SIZE : 19, i, 'jpeg') })),
  );
  const path = join(folder, 'faces.tar');
  writeFileSync(path, writeTar(parts));
  faces = await openFaceSet(path, nodeDataHost);
  const bad = parts.map((part) =>
    part.name === 'ann/2.jpg' || part.name.startsWith('bob')
      ? { ...part, data: part.data.slice(0, 200) }
      : part,
  );
  const badPath = join(folder, 'damaged.tar');
  writeFileSync(badPath, writeTar(bad));
  damagedFaces = await openFaceSet(badPath, nodeDataHost);
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  await build({
    absWorkingDir: ROOT,
    entryPoints: {
      'decode-worker': 'src/platform/node-decode-worker.ts',
      program: join(folder, 'program.ts'),
    },
    // As scripts/build.mjs has it.
    outdir: bundles,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    logLevel: 'error',
  });
  script = pathToFileURL(join(bundles, 'decode-worker.mjs'));
});

afterAll(async () => {
  await faces.close();
  await damagedFaces.close();
  rmSync(folder, { recursive: true, force: true });
  rmSync(bundles, { recursive: true, force: true });
});

const threads =
  (count: number, program = script): StartWorkers =>
  (config) =>
    startDecodeWorkers(config, { count, script: program });

const open: BatchSource[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
});

function stream(set: FaceSet, options: Partial<StreamOptions> = {}): StreamedBatches {
  const source = new StreamedBatches(set, { batchSize: 5, size: SIZE, seed: 3, ...options });
  open.push(source);
  return source;
}

const copy = ({ images, labels, rows, fresh }: Batch) => ({
  images: createHash('sha256').update(new Uint8Array(images.slice().buffer)).digest('hex'),
  labels: [...labels],
  rows: [...rows],
  fresh,
});

/** Batches from (epoch, step) on, in sequence. */
async function history(source: BatchSource, from: number, count: number) {
  const batches = [];
  for (let number = from; number < from + count; number++) {
    const batch = await source.read(Math.floor(number / source.stepsPerEpoch), number % source.stepsPerEpoch);
    batches.push(copy(batch));
  }
  return batches;
}

/** A set of pictures in memory that counts what is asked of it. */
function countedSet(count: number, fail: (image: number) => Error | undefined = () => undefined) {
  const reads: number[] = [];
  const plain = plainSet({ ann: Math.ceil(count / 2), bob: Math.floor(count / 2) });
  const set: FaceSet = {
    ...plain,
    async read(image, size) {
      reads.push(image);
      const error = fail(image);
      if (error) throw error;
      return formulaPixels(size, image);
    },
  };
  return { set, reads };
}

describe('batches in memory', () => {
  // Taken before augmentation and sampling came to be.
  it.each([
    ['drop', 'b19d8b6a0ca60f046f09054cef54c8c3'],
    ['wrap', 'c24d3dea7d2a0b4b70f535020af292a6'],
  ] as const)('have the bits they always had, last batch: %s', async (last, digest) => {
    const size = 6;
    const count = 23;
    const pixels = Uint8Array.from(
      { length: count * size * size * 3 },
      (_, i) => (i * 37 + (i >> 5) * 11) & 255,
    );
    const labels = Int32Array.from({ length: count }, (_, i) => i % 5);
    const table = { size, pixels, labels, indices: Int32Array.from(labels.keys()), skipped: [] };
    const source = loadedBatches(table, { batchSize: 4, seed: 2 ** 40 + 7, last });
    const hash = createHash('sha256');
    for (const epoch of [0, 1, 5]) {
      for (let step = 0; step < source.stepsPerEpoch; step++) {
        const batch = await source.read(epoch, step);
        hash.update(new Uint8Array(batch.images.buffer));
        hash.update(batch.labels.join()).update(batch.rows.join()).update(String(batch.fresh));
      }
    }
    expect(hash.digest('hex').slice(0, 32)).toBe(digest);
  });

  it('are augmented anew in each epoch', async () => {
    const loaded = await loadFaces(faces, { size: SIZE });
    const options = { batchSize: 23, seed: 1, shuffle: false, flip: false };
    const plain = new Batches(loaded, options);
    const augmented = new Batches(loaded, { ...options, augment: AUGMENT });
    const images = (batches: Batches, epoch: number) => copy(batches.read(epoch, 0)).images;
    expect(images(plain, 0)).toBe(images(plain, 1));
    expect(images(augmented, 0)).not.toBe(images(augmented, 1));
    expect(images(augmented, 0)).not.toBe(images(plain, 0));
  });
});

describe('streamed batches', () => {
  it.each<[string, Partial<StreamOptions>, readonly number[]]>([
    ['shuffled', {}, [0, 1]],
    ['augmented', { augment: AUGMENT }, [0, 1, 2, 3]],
    ['balanced', { augment: AUGMENT, imagesPerIdentity: 3, batchSize: 6 }, [0, 2]],
    ['wrapped, in order', { last: 'wrap', shuffle: false, flip: false }, [0]],
  ])(
    '%s are those of the decoded set, options and numbers of threads: %j, %j',
    async (_, options, counts) => {
      const loaded = await loadFaces(faces, { size: SIZE });
      const source = loadedBatches(loaded, { batchSize: 5, seed: 3, ...options });
      const wanted = await history(source, 0, 2 * source.stepsPerEpoch);
      for (const count of counts) {
        const workers = count === 0 ? inThread : threads(count);
        expect(await history(stream(faces, { ...options, workers }), 0, wanted.length)).toEqual(wanted);
      }
      expect(new Set(wanted.map(({ images }) => images)).size).toBeGreaterThan(source.stepsPerEpoch - 1);
    },
  );

  it('go on in the middle of an epoch, and come in any order', async () => {
    const options = { augment: AUGMENT, workers: threads(2) };
    const straight = await history(stream(faces, options), 0, 12);
    const resumed = stream(faces, options);
    expect(await history(resumed, 6, 6)).toEqual(straight.slice(6));
    for (const number of [11, 0, 1, 7, 7, 3, 2]) {
      expect(await history(resumed, number, 1)).toEqual([straight[number]]);
    }
  });

  it('show each image once an epoch', async () => {
    const source = stream(faces, { batchSize: 4, last: 'wrap' });
    for (const epoch of [0, 1]) {
      const batches = await history(source, epoch * source.stepsPerEpoch, source.stepsPerEpoch);
      const rows = batches.flatMap(({ rows, fresh }) => rows.slice(0, fresh));
      expect(rows.toSorted((a, b) => a - b)).toEqual([...faces.labels.keys()]);
      for (const { rows, labels } of batches) expect(labels).toEqual(rows.map((row) => faces.labels[row]));
    }
  });

  it('do not depend on how far ahead they are made', async () => {
    const [none, far] = [stream(faces, { prefetch: 0 }), stream(faces, { prefetch: 7 })];
    expect(await history(none, 0, 10)).toEqual(await history(far, 0, 10));
  });

  it('come from sets that draw their pictures, too', async () => {
    const { set } = countedSet(20);
    const options = { augment: AUGMENT, batchSize: 4 };
    const wanted = await history(stream(set, options), 0, 5);
    expect(await history(stream(set, { ...options, workers: threads(2) }), 0, 5)).toEqual(wanted);
  });

  it('refuse what is no batch, and two reads at once', async () => {
    const source = stream(faces);
    await expect(source.read(0, source.stepsPerEpoch)).rejects.toThrow(
      /no step 4; an epoch has steps 0 to 3/,
    );
    await expect(source.read(-1, 0)).rejects.toThrow(DataError);
    const first = source.read(0, 0);
    await expect(source.read(0, 1)).rejects.toThrow(/one batch at a time/);
    await first;
    expect(() => stream(faces, { prefetch: -1 })).toThrow(
      /prefetch must be a whole number from 0 to 64, got -1/,
    );
    expect(() => stream(faces, { size: 0.5 })).toThrow(/size must be a positive whole number/);
    expect(() => stream(faces, { batchSize: 24 })).toThrow(/23 faces give no batch of 24/);
    expect(() => stream(faces, { augment: { grey: { probability: 2 } } })).toThrow(/grey.probability/);
    expect(() => stream(faces, { workers: threads(0) })).toThrow(/workers: expected a whole number from 1/);
  });
});

describe('prefetching', () => {
  /** Until nothing more happens by itself. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 50));

  it('makes as many batches ahead as it was told, and no more', async () => {
    const { set, reads } = countedSet(40);
    const source = stream(set, { batchSize: 4, prefetch: 3 });
    await source.read(0, 0);
    await settled();
    expect(reads).toHaveLength(4 * 4);
    await source.read(0, 1);
    await settled();
    expect(reads).toHaveLength(5 * 4);
    expect(new Set(reads).size).toBe(20);
    // Elsewhere: these four, and nothing that was made is used.
    await source.read(0, 6);
    await settled();
    expect(reads).toHaveLength(9 * 4);
  });

  it('holds one batch more than it makes ahead, and few slices', async () => {
    let running = 0;
    let most = 0;
    const watched: StartWorkers = (config) => {
      const workers = inThread(config);
      return {
        ...workers,
        count: 2,
        run: async (slice) => {
          most = Math.max(most, ++running);
          await new Promise((resolve) => setTimeout(resolve, 1));
          const result = await workers.run(slice);
          running--;
          return result;
        },
      };
    };
    const { set } = countedSet(300);
    const source = stream(set, { batchSize: 64, prefetch: 2, workers: watched });
    const buffers = new Set<Float32Array>();
    for (let i = 0; i < 12; i++) buffers.add((await source.read(i >> 2, i & 3)).images);
    expect(buffers.size).toBe(3);
    expect(most).toBe(5);
  });

  it('leaves a batch alone until the next read', async () => {
    const source = stream(faces, { workers: threads(2), prefetch: 2 });
    const batch = await source.read(0, 0);
    const before = copy(batch);
    await settled();
    expect(copy(batch)).toEqual(before);
  });

  it('tells a failure to who asks for that batch, and tries again when asked again', async () => {
    let broken = true;
    const { set } = countedSet(16, (image) =>
      broken && image === 9 ? new DataError('the disk went away') : undefined,
    );
    const source = stream(set, { batchSize: 4, shuffle: false, prefetch: 3 });
    const wanted = await history(stream(countedSet(16).set, { batchSize: 4, shuffle: false }), 0, 4);
    expect(await history(source, 0, 2)).toEqual(wanted.slice(0, 2));
    await expect(source.read(0, 2)).rejects.toThrow('the disk went away');
    broken = false;
    expect(await history(source, 2, 2)).toEqual(wanted.slice(2));
  });
});

describe('damaged images', () => {
  it('are replaced by their nearest neighbours of the same person, alike in every run, and counted', async () => {
    const options = { batchSize: 23, shuffle: false, augment: AUGMENT };
    const runs = [];
    for (const workers of [inThread, threads(2)]) {
      const source = stream(damagedFaces, { ...options, workers });
      runs.push(await history(source, 0, 2));
      expect(source.damage.count).toBe(4);
      expect(source.damage.first.map(({ name }) => name).toSorted()).toEqual([
        'ann/2.jpg',
        'bob/0.jpg',
        'bob/1.jpg',
        'bob/2.jpg',
      ]);
      expect(source.damage.first[0]!.reason).toMatch(/damaged(.tar)?: (ann|bob)\/\d.jpg: cannot be decoded/);
    }
    expect(runs[1]).toEqual(runs[0]);
    // ann has images 0 … 4, bob 5 … 7. Of bob nothing is left, so those beside him come instead.
    const { rows, labels } = runs[0]![0]!;
    expect(rows.slice(0, 9)).toEqual([0, 1, 3, 3, 4, 4, 8, 8, 8]);
    expect(labels).toEqual(rows.map((row) => damagedFaces.labels[row]));
  });

  it('end the run where that is asked for', async () => {
    for (const workers of [inThread, threads(2)]) {
      const source = stream(damagedFaces, { batchSize: 3, shuffle: false, damaged: 'fail', workers });
      const reading = source.read(0, 0);
      await expect(reading).rejects.toThrow(ImageError);
      await expect(reading).rejects.toThrow(/damaged(.tar)?: ann\/2.jpg: cannot be decoded/);
    }
  });

  it('are an error where no neighbour is whole', async () => {
    const { set } = countedSet(40, () => new ImageError('cut short'));
    const source = stream(set, { batchSize: 4, shuffle: false });
    await expect(source.read(0, 5)).rejects.toThrow(
      /bob_0001.jpg and the 8 images nearest to it are damaged.*cut short/,
    );
  });

  it('have the nearest images in their place, the same person’s first', () => {
    const labels = Int32Array.of(0, 0, 1, 1, 1, 0, 2);
    expect(replacementsOf(labels, 3)).toEqual([4, 2, 5, 1, 6, 0]);
    expect(replacementsOf(labels, 0)).toEqual([1, 5, 2, 3, 4, 6]);
    expect(replacementsOf(new Int32Array(1000), 500)).toHaveLength(8);
  });
});

describe('threads', () => {
  const program = (name: string, text: string): URL => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return pathToFileURL(path);
  };

  it('that die end the run with an error that names the images, and nothing hangs', async () => {
    const dying = program(
      'dying.mjs',
      `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3));`,
    );
    const source = stream(faces, { workers: threads(1, dying), shuffle: false });
    await expect(source.read(0, 0)).rejects.toThrow(
      /faces: a decoding thread was lost: it ended with exit code 3, with the images ann\/0.jpg, ann\/1.jpg/,
    );
    await expect(source.read(0, 0)).rejects.toThrow(DataError);
    await source.close();
  });

  it('that throw, or are not there, say why', async () => {
    const throwing = program('throwing.mjs', `throw new Error('no memory for this');`);
    await expect(stream(faces, { workers: threads(2, throwing) }).read(0, 0)).rejects.toThrow(
      /lost: no memory for this/,
    );
    const absent = pathToFileURL(join(folder, 'absent.mjs'));
    await expect(stream(faces, { workers: threads(1, absent) }).read(0, 0)).rejects.toThrow(/absent.mjs/);
  });

  it('end when the source is closed, whatever they are at', async () => {
    const source = stream(faces, { workers: threads(2) });
    const reading = source.read(0, 0);
    const closing = source.close();
    await expect(reading).rejects.toThrow(/closed/);
    await closing;
    await expect(source.read(0, 1)).rejects.toThrow(/faces: its batches were closed/);
    await source.close();
  });

  it('are found beside the bundles, give the same bits there, and let a process end that forgets them', async () => {
    const wanted = await history(stream(faces, { augment: AUGMENT }), 2, 1);
    const tar = join(folder, 'faces.tar');
    const { status, stdout, stderr, error } = spawnSync(
      process.execPath,
      [join(bundles, 'program.mjs'), tar, JSON.stringify(AUGMENT)],
      { encoding: 'utf8', timeout: 30_000 },
    );
    expect({ status, stderr, error }).toEqual({ status: 0, stderr: '', error: undefined });
    expect(stdout.trim()).toBe(wanted[0]!.images);
  });
});

/** Reads a batch with threads in a process of its own, and closes nothing. */
const PROGRAM = `
import { createHash } from 'node:crypto';
import { openFaceSet, StreamedBatches } from '${ROOT}src/data/index.ts';
import { startDecodeWorkers } from '${ROOT}src/platform/node-decode-workers.ts';
import { nodeDataHost } from '${ROOT}src/platform/node-images.ts';
const [tar, augment] = process.argv.slice(2);
const faces = await openFaceSet(tar, nodeDataHost);
const workers = (config) => startDecodeWorkers(config, { count: 2 });
const source = new StreamedBatches(faces, { batchSize: 5, size: ${SIZE}, seed: 3, augment: JSON.parse(augment), workers });
const { images } = await source.read(0, 2);
console.log(createHash('sha256').update(new Uint8Array(images.slice().buffer)).digest('hex'));
`;

describe('facet bench-loader', () => {
  it('writes a set, reads it and reports', async () => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const notes = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    try {
      const small =
        '--images 16 --size 16 --batch 4 --workers 0 --augment none,standard --seconds 0 --step-ms 0,1';
      const status = await main(['bench-loader', ...small.split(' '), '--json']);
      expect({ status, notes: notes.mock.calls.join('') }).toMatchObject({ status: 0 });
      const results = JSON.parse(write.mock.calls.join('')) as LoaderResult[];
      expect(results.map(({ augment, workers }) => ({ augment, workers }))).toEqual([
        { augment: 'none', workers: 0 },
        { augment: 'standard', workers: 0 },
      ]);
      for (const { imagesPerSecond, waits } of results) {
        expect(imagesPerSecond).toBeGreaterThan(0);
        expect(waits.map(({ step }) => step)).toEqual(['0 ms', '1 ms']);
        for (const { waitShare, waitMs, stepMs } of waits) {
          expect(waitShare).toBeCloseTo(waitMs / (waitMs + stepMs), 10);
        }
      }
      expect(loaderText(results).split('\n')).toHaveLength(3);
    } finally {
      write.mockRestore();
      notes.mockRestore();
    }
  });
});

describe('ShuffledOrder', () => {
  it('keeps its orders straight when two epochs are asked for by turns', () => {
    const order = new ShuffledOrder(50, { batchSize: 10, seed: 1, shuffle: true, last: 'drop' });
    const rows = (epoch: number, step: number) => {
      const out = new Int32Array(10);
      order.read(epoch, step, out, new Uint32Array(10));
      return [...out];
    };
    const first = [0, 1, 2, 3].map((epoch) => rows(epoch, 2));
    expect(new Set(first.map(String)).size).toBe(4);
    for (const epoch of [3, 0, 2, 0, 1, 3, 2]) expect(rows(epoch, 2)).toEqual(first[epoch]);
  });
});

describe('BalancedOrder', () => {
  // 7 people with 1 … 40 images and one with none, in no order.
  const counts = [3, 40, 1, 0, 8, 5, 17, 2];
  const labels = Int32Array.from(
    counts.flatMap((count, person) => new Array<number>(count).fill(person)),
  ).sort((a, b) => ((a * 5 + 3) % 8) - ((b * 5 + 3) % 8));
  const options = { batchSize: 12, imagesPerIdentity: 4, seed: 6 };

  function read(order: BalancedOrder, epoch: number, step: number) {
    const rows = new Int32Array(order.batchSize);
    const visits = new Uint32Array(order.batchSize);
    expect(order.read(epoch, step, rows, visits)).toBe(order.batchSize);
    return { rows: [...rows], visits: [...visits] };
  }

  it('has P people of K images each, no image twice unless the person has fewer', () => {
    const order = new BalancedOrder(labels, options);
    expect(order.stepsPerEpoch).toBe(Math.floor(76 / 12));
    for (let epoch = 0; epoch < 5; epoch++) {
      for (let step = 0; step < order.stepsPerEpoch; step++) {
        const { rows } = read(order, epoch, step);
        const people = [0, 4, 8].map((at) => {
          const group = rows.slice(at, at + 4);
          const person = labels[group[0]!]!;
          expect(group.map((row) => labels[row])).toEqual([person, person, person, person]);
          const often = group.map((row) => group.filter((other) => other === row).length);
          expect(Math.max(...often)).toBe(Math.ceil(4 / counts[person]!));
          expect(new Set(group).size).toBe(Math.min(4, counts[person]!));
          return person;
        });
        expect(new Set(people).size).toBe(3);
      }
    }
  });

  it('shows everybody alike, few images or many, and each image of a person alike', () => {
    const order = new BalancedOrder(labels, options);
    const people = new Array<number>(8).fill(0);
    const images = new Array<number>(labels.length).fill(0);
    const epochs = 200;
    for (let epoch = 0; epoch < epochs; epoch++) {
      for (let step = 0; step < order.stepsPerEpoch; step++) {
        for (const row of read(order, epoch, step).rows) {
          people[labels[row]!]!++;
          images[row]!++;
        }
      }
    }
    // 3 passes of 2 batches an epoch; 6 of 7 people come in each: 600 × 6/7 visits of 4 images, ± 5 deviations.
    const visits = people.filter((_, person) => counts[person]! > 0).map((count) => count / 4);
    const deviation = Math.sqrt(600 * (6 / 7) * (1 / 7));
    for (const count of visits) expect(Math.abs(count - (600 * 6) / 7)).toBeLessThan(5 * deviation);
    expect(people[3]).toBe(0);
    // The person with 40 images: each drawn in a tenth of the visits.
    const many = images.filter((_, row) => labels[row] === 1);
    const expected = visits[1]! / 10;
    for (const count of many) expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
  });

  it('leaves nobody out of a pass who fits into it', () => {
    const order = new BalancedOrder(labels, { ...options, batchSize: 28 }); // all 7 at once
    const people = new Set(read(order, 3, 1).rows.map((row) => labels[row]));
    expect([...people].toSorted()).toEqual([0, 1, 2, 4, 5, 6, 7]);
  });

  it('follows from seed, epoch and step, and tells appearances apart', () => {
    const order = new BalancedOrder(labels, options);
    const all = [0, 1].flatMap((epoch) => [0, 1, 2, 3, 4, 5].map((step) => read(order, epoch, step)));
    const again = new BalancedOrder(labels, options);
    for (const number of [11, 4, 0, 7]) {
      expect(read(again, Math.floor(number / 6), number % 6)).toEqual(all[number]);
    }
    expect(new Set(all.map(({ rows }) => rows.join())).size).toBe(12);
    expect(new Set(all.slice(0, 6).flatMap(({ visits }) => visits)).size).toBe(72);
    expect(read(new BalancedOrder(labels, { ...options, seed: 7 }), 0, 0)).not.toEqual(all[0]);
  });

  it('refuses what cannot be balanced', () => {
    expect(() => new BalancedOrder(labels, { ...options, imagesPerIdentity: 5 })).toThrow(
      /divides batchSize 12/,
    );
    expect(() => new BalancedOrder(labels, { ...options, imagesPerIdentity: 1 })).toThrow(
      /7 identities give no batch of 12 × 1/,
    );
    expect(() => new BalancedOrder(new Int32Array(0), options)).toThrow(/0 identities/);
  });
});
