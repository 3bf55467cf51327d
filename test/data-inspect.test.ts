/** `facet data inspect`, and what it is made of. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DataError, ImageError, inspectFaceSet, sampleSheet } from '../src/data/index.ts';
import { histogramOf } from '../src/data/inspect.ts';
import { main } from '../src/experiments/cli.ts';
import { patientProgress } from '../src/experiments/patient-progress.ts';
import { decodePicture } from '../src/platform/node-images.ts';
import { formulaImage, plainSet, writeTar } from './support/data-fixtures.ts';
import { writeBin } from './support/data-pickle-writer.ts';

describe('histogramOf', () => {
  it('counts everybody who has an image, once', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5000)), (counts) => {
        const bars = histogramOf(Uint32Array.from(counts));
        const within = (from: number, to: number) => counts.filter((n) => n >= from && n <= to).length;
        for (const { from, to, identities } of bars) expect(identities).toBe(within(from, to));
        expect(bars.reduce((sum, { identities }) => sum + identities, 0)).toBe(within(1, Infinity));
        expect(bars.slice(1).every(({ from }, i) => from === bars[i]!.to + 1)).toBe(true);
      }),
      { seed: 1 },
    );
  });
});

describe('inspectFaceSet', () => {
  it('counts people alone where a set stores no files', async () => {
    expect(await inspectFaceSet(plainSet({ ann: 3, bob: 1, cid: 2 }))).toEqual({
      name: 'plain',
      images: 6,
      identities: 3,
      imagesPerIdentity: {
        fewest: 1,
        median: 2,
        mean: 2,
        most: 3,
        singles: 1,
        histogram: [
          { from: 1, to: 1, identities: 1 },
          { from: 2, to: 3, identities: 2 },
        ],
      },
    });
  });

  const files = async () => {
    const png = await formulaImage(16, 0, 'png');
    const jpeg = await formulaImage(24, 1, 'jpeg');
    return [png, jpeg, jpeg.subarray(0, jpeg.length - 200), new Uint8Array(5), png, jpeg];
  };

  it('reads headers, or decodes all and names the damaged', async () => {
    const stored = await files();
    const set = { ...plainSet({ ann: 3, bob: 3 }), readEncoded: async (index: number) => stored[index]! };
    const quick = (await inspectFaceSet(set)).pictures!;
    expect(quick).toMatchObject({ examined: 6, decoded: false, damaged: 1, formats: { jpeg: 3, png: 2 } });
    const whole = (await inspectFaceSet(set, { check: decodePicture })).pictures!;
    expect(whole).toMatchObject({
      examined: 6,
      decoded: true,
      damaged: 2,
      formats: { jpeg: 2, png: 2 },
      differentSizes: 2,
    });
    expect(whole.sizes).toEqual([
      { width: 16, height: 16, images: 2 },
      { width: 24, height: 24, images: 2 },
    ]);
    expect(whole.damagedImages.map(({ name }) => name)).toEqual(['ann/ann_0003.jpg', 'bob/bob_0001.jpg']);
    expect(whole.meanBytes).toBe(Math.round(stored.reduce((sum, file) => sum + file.length, 0) / 6));
  });

  it('spreads a sample over the set, tells how far it is, and stops where a disk fails', async () => {
    const png = await formulaImage(8, 0, 'png');
    const seen: number[] = [];
    const set = {
      ...plainSet({ ann: 60, bob: 40 }),
      readEncoded: async (index: number) => {
        seen.push(index);
        return png;
      },
    };
    const progress: number[] = [];
    const onProgress = (done: number, total: number) => progress.push(done / total);
    expect((await inspectFaceSet(set, { sample: 10, onProgress })).pictures).toMatchObject({ examined: 10 });
    expect(seen).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90]);
    expect(progress.at(-1)).toBe(1);
    const failing = { ...set, readEncoded: async () => Promise.reject(new DataError('disk gone')) };
    await expect(inspectFaceSet(failing)).rejects.toThrow('disk gone');
  });
});

describe('sampleSheet', () => {
  it('spreads people and images, and leaves damaged ones grey', async () => {
    const size = 10;
    const set = plainSet({ a: 7, b: 1, c: 1, d: 2 });
    const shown: number[] = [];
    const read = async (index: number, side: number) => {
      shown.push(index);
      if (index === 9) throw new ImageError('damaged');
      return set.read(index, side);
    };
    const sheet = await sampleSheet({ ...set, read }, { rows: 2, columns: 3, size });
    expect(shown).toEqual([0, 2, 4, 8]); // images 0, 2, 4 of a; the one of c
    const cell = (row: number, column: number) => {
      const x = sheet.width - (3 - column) * (size + 2) + 3;
      const y = sheet.height - (2 - row) * (size + 2) + 3;
      return sheet.pixels[(y * sheet.width + x) * 3];
    };
    expect([cell(0, 0), cell(0, 1), cell(0, 2), cell(1, 0)]).toEqual([0, 2, 4, 8]);
    expect([cell(1, 1), cell(1, 2)]).toEqual([225, 225]);
    await expect(sampleSheet(set, { rows: 4, columns: 90_000, size })).rejects.toThrow(
      /contact sheet: 4 rows/,
    );
  });

  it('shows as many images of each as there are columns, or all', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 12 }),
        async (has, columns) => {
          const set = plainSet({ a: has });
          const shown: number[] = [];
          const read = async (index: number, side: number) => {
            shown.push(index);
            return set.read(index, side);
          };
          await sampleSheet({ ...set, read }, { rows: 1, columns, size: 1 });
          expect(new Set(shown).size).toBe(Math.min(has, columns));
          expect(shown).toHaveLength(Math.min(has, columns));
        },
      ),
      { seed: 2 },
    );
  });
});

describe('patientProgress', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function recorder() {
    const lines: string[] = [];
    const progress = {
      say: (line: string) => void lines.push(line),
      async during<T>(
        label: string,
        total: number,
        work: (tick: (done: number) => void) => Promise<T>,
      ): Promise<T> {
        lines.push(`${label} of ${total}`);
        return work((done) => void lines.push(String(done)));
      },
    };
    return { lines, progress: patientProgress(progress) };
  }
  const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

  it('says nothing of quick work, and all of slow work from then on', async () => {
    const { lines, progress } = recorder();
    const work = (steps: number) => async (tick: (done: number) => void) => {
      for (let done = 1; done <= steps; done++) {
        await pause(500);
        tick(done);
      }
      return steps;
    };
    const quick = progress.during('quick', 3, work(3));
    await vi.runAllTimersAsync();
    expect(await quick).toBe(3);
    expect(lines).toEqual([]);
    const slow = progress.during('slow', 6, work(6));
    await vi.runAllTimersAsync();
    expect(await slow).toBe(6);
    expect(lines[0]).toBe('slow of 6');
    expect(lines.at(-1)).toBe('6');
  });

  it('passes failures on, early and late', async () => {
    const { progress } = recorder();
    await expect(progress.during('x', 1, async () => Promise.reject(new Error('early')))).rejects.toThrow(
      'early',
    );
    const late = progress.during('x', 1, async () => {
      await pause(5000);
      throw new Error('late');
    });
    const caught = expect(late).rejects.toThrow('late');
    await vi.runAllTimersAsync();
    await caught;
  });
});

describe('facet data inspect', () => {
  let root: string;
  let output: string;
  let errors: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'facet-inspect-'));
    const png = await formulaImage(16, 0, 'png');
    const jpeg = await formulaImage(16, 1, 'jpeg');
    const parts = [
      { name: 'ann/1.png', data: png },
      { name: 'ann/2.jpg', data: jpeg },
      { name: 'ann/3.jpg', data: jpeg.subarray(0, jpeg.length - 25) },
      { name: 'bob/1.jpg', data: jpeg },
      { name: 'README', data: 'x' },
    ];
    writeFileSync(join(root, 'faces.tar'), writeTar(parts));
    mkdirSync(join(root, 'flat'));
    for (const name of ['a.png', 'b.png']) writeFileSync(join(root, 'flat', name), png);
    writeFileSync(join(root, 'pairs.csv'), 'image_a,image_b,same\na.png,b.png,1\nb.png,a.png,0\n');
    writeFileSync(join(root, 'lfw.bin'), writeBin([png, jpeg], [true], { protocol: 4 }));
    writeFileSync(join(root, 'points.csv'), `ann/1.png,${'5,6,11,6,8,9,6,12,10,12'}\n`);
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      output += text;
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      errors += text;
      return true;
    });
  });
  beforeEach(() => {
    output = '';
    errors = '';
  });
  afterAll(() => {
    vi.restoreAllMocks();
    rmSync(root, { recursive: true });
  });
  const run = (...args: string[]) => main(['data', 'inspect', ...args]);

  it('prints what a set is, and a histogram', async () => {
    expect(await run(join(root, 'faces.tar'), '--check')).toBe(0);
    expect(output).toContain('tar of identity/image');
    expect(output).toMatch(
      /images {10}4\n {2}identities {6}2\n {2}images of each {2}1 to 3, median 2, mean 2; 1 identity has one/,
    );
    expect(output).toMatch(/sizes\s+16×16: 3\n/);
    expect(output).toMatch(/damaged\s+1 of 4 decoded\n\s+ann\/3\.jpg: cannot be decoded/);
    expect(output).toMatch(/passed over\s+1\n\s+README: not a jpg/);
    expect(output).toMatch(/ 1 {2}█{40} 1\n\s+2–3 {2}█{40} 1\n$/);
    expect(errors).toBe('');
  });

  it('prints JSON, and writes a contact sheet', async () => {
    const sheet = join(root, 'sheet.png');
    expect(
      await run(join(root, 'faces.tar'), '--json', '--sheet', sheet, '--columns', '2', '--size', '32'),
    ).toBe(0);
    expect(JSON.parse(output)).toMatchObject({
      path: join(root, 'faces.tar'),
      name: 'faces',
      images: 4,
      imagesPerIdentity: { singles: 1 },
      pictures: { examined: 4, decoded: false, damaged: 0 },
      passedOver: { count: 1, first: [{ name: 'README' }] },
      sheet,
    });
    const { width, height } = await sharp(readFileSync(sheet)).metadata();
    expect(height).toBe(9 + 2 * 34);
    expect(width).toBeGreaterThan(2 * 34);
  });

  it.each([
    [
      'lfw.bin',
      [],
      { format: 'InsightFace verification set (.bin)', pairs: { same: 1, different: 0, folds: 1 } },
    ],
    [
      'pairs.csv',
      ['--images', 'flat'],
      { format: 'a CSV of pairs', images: 2, pairs: { same: 1, different: 1, folds: 2 } },
    ],
    ['flat', ['--loose'], { format: 'folder of identity/image', identities: 2 }],
  ] as const)('knows %s', async (path, options, expected) => {
    const given = options.map((option) => (option.startsWith('--') ? option : join(root, option)));
    expect(await run(join(root, path), '--json', ...given)).toBe(0);
    expect(JSON.parse(output)).toMatchObject(expected);
  });

  it('aligns the sheet by landmarks', async () => {
    const sheet = join(root, 'aligned.png');
    expect(
      await run(join(root, 'faces.tar'), '--landmarks', join(root, 'points.csv'), '--sheet', sheet, '--json'),
    ).toBe(0);
    expect(JSON.parse(output).passedOver.count).toBe(1 + 3);
    expect((await sharp(readFileSync(sheet)).metadata()).width).toBeGreaterThan(100);
  });

  it.each<[string, string[], RegExp]>([
    ['nothing', [], /nothing: there is nothing at this path/],
    ['pairs.csv', [], /pairs\.csv: is text, not images\. If it is a list of pairs/],
    ['flat', [], /2 of 2 images are not at identity\/image/],
    [
      'faces.tar',
      ['--sheet', 'no/such/folder.png'],
      /could not write .*folder\.png.*expected a path to a \.png/,
    ],
  ])('says in one line what is wrong with %s', async (path, options, message) => {
    const given = options.map((option) => (option.startsWith('--') ? option : join(root, option)));
    expect(await run(join(root, path), ...given)).toBe(1);
    expect(errors).toMatch(message);
    expect(errors.trim().split('\n')).toHaveLength(1);
  });
});
