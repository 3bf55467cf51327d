/** Embedding and verifying images with opened weights, and the commands that do so. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FaceSet, ImageError, type VerificationSet } from '../src/data/index.ts';
import { type Engine, input, type Program } from '../src/engine/index.ts';
import { main } from '../src/experiments/cli.ts';
import { compileImageEmbedder, type EmbeddedBatch } from '../src/experiments/networks/embed-images.ts';
import { NpyWriter, npyHeader } from '../src/experiments/networks/npy.ts';
import { imagesOf, verifyPairs } from '../src/experiments/networks/verify-pairs.ts';
import { foldedNetwork } from '../src/models/folded-network.ts';
import { completeOptions } from '../src/models/mobilefacenet.ts';
import { PREPROCESSINGS } from '../src/models/preprocessing.ts';
import { memberWeights, readWeights, writeWeights } from '../src/models/pretrained.ts';
import { formulaImage, formulaPixels } from './support/data-fixtures.ts';
import { openTestEngine } from './support/device.ts';
import { seededValues } from './support/mobilefacenet-onnx.ts';

const SIZE = 16;
const FEATURES = 8;
const weightsOf = (members: number, seed = 1) => {
  const options = completeOptions({
    inputSize: SIZE,
    widthMultiplier: 0.125,
    embeddingSize: FEATURES,
    members,
  });
  return { options, values: seededValues(options, seed), preprocessing: PREPROCESSINGS['128'] };
};

/** Seven images of three people; image 3 is damaged. Each person's images are alike up to a little phase. */
const PEOPLE = [0, 0, 1, 1, 1, 2, 2];
const DAMAGED = 3;
function faceSet(reads: number[] = [], damaged = DAMAGED): FaceSet {
  return {
    name: 'seven',
    identities: ['a', 'b', 'c'],
    labels: Int32Array.from(PEOPLE),
    imageName: (index) => `image ${index}`,
    read: async (index, size) => {
      reads.push(index);
      if (index === damaged) throw new ImageError('cut short');
      return formulaPixels(size, PEOPLE[index]! * 2 + index / 1000);
    },
  };
}

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await openTestEngine();
  folder = await mkdtemp(join(tmpdir(), 'facet-verify-'));
});
afterAll(async () => {
  engine?.close();
  await rm(folder, { recursive: true, force: true });
});

describe('embedding a face set', () => {
  let program: Program<'pixels', 'features'>;
  beforeAll(async () => {
    const network = foldedNetwork(weightsOf(2));
    program = await engine.compile<'pixels', 'features'>({
      name: 'alone',
      inputs: { pixels: input([1, 1, SIZE, SIZE, 3]) },
      trace: ({ pixels }) => ({ outputs: { features: network.embed(pixels) } }),
    });
  });

  /** Features [members, features] of one image by itself, mirrored or not. */
  async function alone(index: number, mirrored: boolean): Promise<Float32Array> {
    const face = await faceSet().read(index, SIZE);
    const pixels = new Float32Array(SIZE * SIZE * 3);
    for (let y = 0; y < SIZE; y++) {
      for (let x = 0; x < SIZE; x++) {
        const from = (y * SIZE + (mirrored ? SIZE - 1 - x : x)) * 3;
        for (let c = 0; c < 3; c++) pixels[(y * SIZE + x) * 3 + c] = face[from + c]! / 255;
      }
    }
    const { features } = await program.run({ pixels }).read();
    return features as Float32Array;
  }

  it.each([false, true])(
    'gives each image’s features, in batches, flip %s; damaged ones are left out',
    async (flip) => {
      const ticks: number[] = [];
      const tick = (done: number) => ticks.push(done);
      const embedder = await compileImageEmbedder(engine, foldedNetwork(weightsOf(2)), {
        batchSize: 3,
        flip,
        tick,
      });
      const batches: EmbeddedBatch[] = [];
      for await (const batch of embedder.embed(faceSet(), [6, 5, 4, 3, 2, 1, 0])) batches.push(batch);
      expect(batches.map(({ indices }) => indices)).toEqual([[6, 5, 4], [2, 1], [0]]);
      expect(batches.flatMap(({ skipped }) => skipped)).toEqual([{ name: 'image 3', reason: 'cut short' }]);
      expect(ticks).toEqual([3, 6, 7]);
      for (const { indices, features } of batches) {
        expect(features.length).toBe(2 * indices.length * FEATURES);
        for (const [row, index] of indices.entries()) {
          const [plain, mirrored] = [await alone(index, false), await alone(index, true)];
          for (let member = 0; member < 2; member++) {
            for (let e = 0; e < FEATURES; e++) {
              const expected = plain[member * FEATURES + e]! + (flip ? mirrored[member * FEATURES + e]! : 0);
              expect(features[(member * indices.length + row) * FEATURES + e]).toBeCloseTo(expected, 4);
            }
          }
        }
      }
      embedder.free();
    },
  );

  it('decodes the next batch while the device works, and no further ahead', async () => {
    const embedder = await compileImageEmbedder(engine, foldedNetwork(weightsOf(1)), { batchSize: 2 });
    const reads: number[] = [];
    const batches = embedder.embed(faceSet(reads), [0, 1, 2, 4, 5, 6]);
    await batches.next();
    expect(reads.sort()).toEqual([0, 1, 2, 4]);
    await batches.return(undefined);
    embedder.free();
  });

  it('refuses a network of images that are no squares, and passes on what is no damaged picture', async () => {
    const [options, { values }] = [
      completeOptions({ inputSize: [16, 24], widthMultiplier: 0.125 }),
      weightsOf(1),
    ];
    const oblong = {
      ...foldedNetwork({ ...weightsOf(1), values }),
      inputSize: options.inputSize as [number, number],
    };
    await expect(compileImageEmbedder(engine, oblong, { batchSize: 2 })).rejects.toThrow(
      /images of 16×24; expected a square/,
    );
    const embedder = await compileImageEmbedder(engine, foldedNetwork(weightsOf(1)), { batchSize: 2 });
    const unplugged: FaceSet = {
      ...faceSet(),
      read: async () => Promise.reject(new Error('the disk went away')),
    };
    await expect(embedder.embed(unplugged, [0, 1]).next()).rejects.toThrow('the disk went away');
    embedder.free();
  });
});

describe('verifying pairs', () => {
  const pairs = [
    { a: 0, b: 1, same: true, fold: 0 },
    { a: 0, b: 5, same: false, fold: 0 },
    { a: 5, b: 6, same: true, fold: 1 },
    { a: 1, b: 2, same: false, fold: 1 },
    { a: 2, b: DAMAGED, same: true, fold: 1 },
  ];
  const set = (damaged = DAMAGED, own = pairs): VerificationSet => ({
    name: 'five',
    format: 'made up',
    faces: faceSet([], damaged),
    pairs: own,
    folds: 2,
    skipped: [],
    close: async () => {},
  });

  it('embeds what the pairs name, and leaves out pairs with damaged images', async () => {
    expect(imagesOf(set())).toEqual([0, 1, 2, 3, 5, 6]);
    const embedder = await compileImageEmbedder(engine, foldedNetwork(weightsOf(2)), { batchSize: 4 });
    const result = await verifyPairs(embedder, set(), 'mean', 'exact');
    expect(result).toMatchObject({ pairs: 4, folds: 2, images: 5, lostPairs: 1 });
    expect(result.skipped.map(({ name }) => name)).toEqual(['image 3']);
    // People differ by a whole phase, their images by a thousandth.
    expect(result.verification).toMatchObject({ eer: 0, auc: 1 });
    await expect(
      verifyPairs(embedder, set(2, [pairs[4]!, { ...pairs[4]!, fold: 9 }]), 'mean', 'exact'),
    ).rejects.toThrow(/five: no pair is left to compare: 1 of 2 images are damaged, the first: cut short/);
    embedder.free();
  });
});

describe('.npy', () => {
  it('has the header that the format’s page describes', async () => {
    const header = npyHeader([3, 128]);
    expect(Array.from(header.subarray(0, 8))).toEqual([0x93, ...Buffer.from('NUMPY'), 1, 0]);
    expect(header.length % 64).toBe(0);
    expect(header[8]! + 256 * header[9]!).toBe(header.length - 10);
    expect(Buffer.from(header.subarray(10)).toString()).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3, 128\), \} *\n$/,
    );
    expect(Buffer.from(npyHeader([5])).toString('latin1')).toContain("'shape': (5,)");
  });

  it('is written row by row, and is there only when whole', async () => {
    const path = join(folder, 'rows.npy');
    const writer = await NpyWriter.create(path, [2, 2]);
    await writer.append(Float32Array.of(1, 2, 3, 4));
    await writer.append(Float32Array.of(5, 6, 7, 8, 9, 10, 11, 12));
    await expect(writer.append(Float32Array.of(1))).rejects.toThrow(/1 values are no whole rows of \[2,2\]/);
    expect(await readdir(folder)).not.toContain('rows.npy');
    await writer.finish();
    const bytes = await readFile(path);
    const length = 10 + bytes.readUInt16LE(8);
    expect(bytes.subarray(10, length).toString()).toContain("'shape': (3, 2, 2)");
    const values = Array.from({ length: 12 }, (_, i) => bytes.readFloatLE(length + 4 * i));
    expect([values, bytes.length]).toEqual([[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], length + 48]);

    const lost = await NpyWriter.create(join(folder, 'lost.npy'), [2]);
    await lost.abandon();
    expect((await readdir(folder)).filter((name) => name.startsWith('lost'))).toEqual([]);
    await expect(NpyWriter.create(join(folder, 'no', 'where.npy'), [1])).rejects.toThrow(
      /where\.npy: cannot be written/,
    );
  });
});

describe('the commands', () => {
  const path = (name: string) => join(folder, name);

  /** Runs a command line; what it printed, and its exit code. */
  async function facet(...argv: string[]): Promise<{ code: number; out: string; errors: string }> {
    const printed = { out: '', errors: '' };
    const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      printed.out += String(text);
      return true;
    });
    const errors = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      printed.errors += String(text);
      return true;
    });
    try {
      return { code: await main(argv), ...printed };
    } finally {
      out.mockRestore();
      errors.mockRestore();
    }
  }

  beforeAll(async () => {
    for (const [person, phase] of [
      ['Ada', 0],
      ['Bea', 2],
    ] as const) {
      await mkdir(path(`faces/${person}`), { recursive: true });
      for (const shot of [1, 2]) {
        await writeFile(
          path(`faces/${person}/${person}_000${shot}.png`),
          await formulaImage(SIZE, phase + shot / 500),
        );
      }
    }
    // A picture that no pair names must not be read.
    await mkdir(path('faces/Cut'), { recursive: true });
    await writeFile(path('faces/Cut/Cut_0001.png'), 'no picture');
    await writeFile(path('pairs.txt'), '2\t1\nAda\t1\t2\nAda\t1\tBea\t1\nBea\t1\t2\nAda\t2\tBea\t2\n');
    await writeFile(path('one.safetensors'), writeWeights(weightsOf(1)));
    await writeFile(path('two.safetensors'), writeWeights(weightsOf(1, 2)));
  });

  const verify = (...more: string[]) =>
    facet('verify', '--images', path('faces'), '--pairs', path('pairs.txt'), ...more);

  it('verify a network and an ensemble', async () => {
    const { code, out, errors } = await verify('--weights', path('one.safetensors'), '--flip');
    expect([code, errors.includes('embed')]).toEqual([0, true]);
    expect(out).toMatch(/one\.safetensors: 8 features of 16×16 pixels\n/);
    expect(out).toMatch(/4 pairs in 2 folds, 4 images, each with its mirror image/);
    expect(out).toMatch(/accuracy +100\.00 % ± 0\.00 %/);
    expect(out).toMatch(/TAR at FAR 1e-4 +100\.00 % \(too few/);

    const two = await verify(
      '--weights',
      path('one.safetensors'),
      '--weights',
      path('two.safetensors'),
      '--json',
    );
    const report = JSON.parse(two.out) as Record<string, unknown>;
    expect(report).toMatchObject({
      members: 2,
      matching: 'mean',
      accuracy: 1,
      pairs: 4,
      images: 4,
      lostPairs: 0,
    });
    expect(report.imagesPerSecond).toBeGreaterThan(0);
    expect(two.errors).toBe('');
  });

  it('embed every image that can be decoded', async () => {
    const weights = ['one', 'two'].flatMap((name) => ['--weights', path(`${name}.safetensors`)]);
    const { code, out } = await facet(
      'embed',
      ...weights,
      '--images',
      path('faces'),
      '--out',
      path('f.npy'),
      '--json',
    );
    expect([code, JSON.parse(out)]).toMatchObject([0, { shape: [4, 2, 8], damagedImages: 1 }]);
    expect(await readFile(path('f.txt'), 'utf8')).toBe(
      'Ada/Ada_0001.png\nAda/Ada_0002.png\nBea/Bea_0001.png\nBea/Bea_0002.png\n',
    );
    const bytes = await readFile(path('f.npy'));
    expect(bytes.length).toBe(10 + bytes.readUInt16LE(8) + 4 * 4 * 2 * 8);
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  it('convert a member of an ensemble to PyTorch’s names, and write over nothing', async () => {
    const both = { ...weightsOf(2).options, embeddingBias: true };
    const weights = { options: both, values: seededValues(both), preprocessing: PREPROCESSINGS['128'] };
    await writeFile(path('both.safetensors'), writeWeights(weights));
    const words = [
      '--weights',
      path('both.safetensors'),
      '--names',
      'y1',
      '--out',
      path('member.safetensors'),
    ];
    expect((await facet('convert', ...words)).errors).toMatch(
      /the names of y1 hold one network, got 2 members/,
    );
    const { code, out } = await facet('convert', ...words, '--member', '1');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/member\.safetensors: one network, 8 features, names of y1/),
    ]);
    const written = readWeights(await readFile(path('member.safetensors')));
    const second = memberWeights(weights, 1);
    expect(written.options).toEqual(second.options);
    expect(written.values.get('embedding.weight')).toEqual(second.values.get('embedding.weight'));
    expect((await facet('convert', ...words, '--member', '0')).errors).toMatch(/is there already; remove it/);
  });

  it.each<[string, string[], RegExp]>([
    [
      'a file that is missing',
      ['--weights', 'nowhere.onnx'],
      /^facet: nowhere\.onnx: there is nothing at this path/,
    ],
    [
      'a file that is no weights',
      ['--weights', 'pairs.txt'],
      /pairs\.txt: is no file of weights that facet reads/,
    ],
    ['a folder', ['--weights', 'faces'], /faces: is a folder; expected a file of weights/],
    [
      'a network of other features',
      ['--weights', 'one.safetensors', '--weights', 'wide.safetensors'],
      /has 8 features and .*wide\.safetensors has 9; members need as many/,
    ],
    [
      'a network of other images',
      ['--weights', 'one.safetensors', '--weights', 'large.safetensors'],
      /takes images of 16×16 and .*large\.safetensors of 32×32/,
    ],
    [
      'pairs that name a missing image',
      ['--weights', 'one.safetensors', '--pairs', 'missing.txt'],
      /missing\.txt: faces lacks .*Dora/,
    ],
    [
      'a rule that is none',
      ['--weights', 'one.safetensors', '--matching', 'most'],
      /--matching <rule>.*Allowed choices are mean, min, concat/,
    ],
    ['no weights', [], /required option '--weights <file>' not specified/],
  ])('say in one line what is wrong with %s', async (_, options, message) => {
    const base = weightsOf(1).options;
    for (const [name, change] of [
      ['wide', { embeddingSize: 9 }],
      ['large', { inputSize: 32 }],
    ] as const) {
      const other = { ...base, ...change };
      const weights = { options: other, values: seededValues(other), preprocessing: PREPROCESSINGS['128'] };
      await writeFile(path(`${name}.safetensors`), writeWeights(weights));
    }
    await writeFile(path('missing.txt'), '1\nAda\t1\t2\nAda\t1\tDora\t1\n');
    const located = options.map((word) => (/^(--|nowhere|most)/.test(word) ? word : path(word)));
    const { code, out, errors } = await verify(...located);
    expect([code, out]).toEqual([1, '']);
    expect(errors).toMatch(message);
  });
});
