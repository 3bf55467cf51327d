import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, ImageError, loadFaces, memorySource, openFaceSet } from '../src/data/index.ts';
import { parseImageRecord, readRecord } from '../src/data/record-io.ts';
import { recordFaceSet } from '../src/data/record-set.ts';
import { decodeImage, nodeDataHost } from '../src/platform/node-images.ts';
import { formulaImage, imageNames } from './support/data-fixtures.ts';
import { imagePayload, insightFacePayloads, writeRecord, writeRecordFile } from './support/data-records.ts';

const text = (value: string) => new TextEncoder().encode(value);
/** Three people with 2, 1 and 3 pictures, which say what they are. */
const PEOPLE = [[text('a1'), text('a2 with more')], [text('b1')], [text('c1..'), text('c2'), text('c3')]];
const NAMES = ['0/1', '0/2', '1/3', '2/4', '2/5', '2/6'];

function open(records: Uint8Array, index?: string, property?: string) {
  return recordFaceSet(
    {
      records: memorySource(records, 'train.rec'),
      ...(index === undefined ? {} : { index: memorySource(text(index), 'train.idx') }),
      ...(property === undefined ? {} : { property }),
    },
    decodeImage,
  );
}

async function stored(set: Awaited<ReturnType<typeof open>>): Promise<string[]> {
  const files = [];
  for (const index of set.labels.keys()) files.push(new TextDecoder().decode(await set.readEncoded(index)));
  return files;
}

describe('readRecord', () => {
  it('gives any payload back, with the magic wherever it may be', async () => {
    const magic = fc.constant([0x0a, 0x23, 0xd7, 0xce]);
    const bytes = fc.array(fc.nat(255), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(magic, bytes), { maxLength: 12 }),
        fc.nat(5),
        async (pieces, lead) => {
          const payload = Uint8Array.from(pieces.flat());
          const before = writeRecord(new Uint8Array(lead));
          const file = Uint8Array.from([
            ...before,
            ...writeRecord(payload),
            ...writeRecord(Uint8Array.of(1)),
          ]);
          expect(await readRecord(memorySource(file), before.length)).toEqual(payload);
        },
      ),
      { numRuns: 500, seed: 2 },
    );
  });

  it('reads labels from the header, or after it', () => {
    expect(parseImageRecord(imagePayload(7, 3, text('face')))).toMatchObject({
      label: 7,
      flag: 0,
      image: text('face'),
    });
    expect(parseImageRecord(imagePayload([9, 4], 3, text('face')))).toMatchObject({
      label: 9,
      second: 4,
      image: text('face'),
    });
  });

  it.each<[string, number[], RegExp]>([
    [
      'another magic',
      [1, 2, 3, 4, ...writeRecord(text('x')).slice(4)],
      /no record at byte 0: expected the magic 0xced7230a, got 0x4030201/,
    ],
    ['a cut payload', writeRecord(text('twelve bytes')).slice(0, 14), /goes past the end of the file at 14/],
    ['a cut frame', [0x0a, 0x23, 0xd7, 0xce, 1], /goes past the end/],
    ['a later piece first', [0x0a, 0x23, 0xd7, 0xce, 0, 0, 0, 0x40], /flag 2; expected 0 or 1/],
    ['a first piece alone', [0x0a, 0x23, 0xd7, 0xce, 0, 0, 0, 0x20], /goes past the end/],
    [
      'more bytes than an image has',
      [0x0a, 0x23, 0xd7, 0xce, 0xff, 0xff, 0xff, 0x1f],
      /a record of 536870911 bytes/,
    ],
    [
      'pieces without an end',
      Array.from({ length: 400 }, (_, i) => [0x0a, 0x23, 0xd7, 0xce, 0, 0, 0, i === 0 ? 0x20 : 0x40]).flat(),
      /more than 256 pieces/,
    ],
  ])('refuses %s', async (_, bytes, message) => {
    const attempt = readRecord(memorySource(Uint8Array.from(bytes)), 0);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(ImageError);
  });
});

describe('recordFaceSet', () => {
  const { records, index } = writeRecordFile(insightFacePayloads(PEOPLE));
  const lines = index.split('\n').filter(Boolean);

  it.each<[string, string | undefined]>([
    ['with its index', index],
    ['without one', undefined],
    ['with an index of Windows', index.replaceAll('\n', '\r\n')],
    ['with an index out of order and without a last line end', lines.toReversed().join('\n')],
  ])('reads a set %s', async (_, idx) => {
    const set = await open(records, idx, '3,112,112');
    expect(set.identities).toEqual(['0', '1', '2']);
    expect([...set.labels]).toEqual([0, 0, 1, 2, 2, 2]);
    expect(imageNames(set)).toEqual(NAMES);
    expect(await stored(set)).toEqual(PEOPLE.flat().map((image) => new TextDecoder().decode(image)));
    expect(set.skipped).toEqual([]);
  });

  it('keeps the labels that images have, where bounds number people otherwise or there are none', async () => {
    const relabelled = insightFacePayloads(PEOPLE).map((payload, key) =>
      key >= 1 && key <= 6
        ? imagePayload([70, 70, 40, 50, 50, 50][key - 1]!, key, PEOPLE.flat()[key - 1]!)
        : payload,
    );
    for (const payloads of [relabelled, relabelled.slice(1, 7)]) {
      const file = writeRecordFile(payloads);
      for (const idx of [file.index, undefined]) {
        const set = await open(file.records, idx);
        expect(set.identities).toEqual(['40', '50', '70']);
        expect([...set.labels]).toEqual([2, 2, 0, 1, 1, 1]);
      }
    }
  });

  it('tells what an index lacks, what no one owns, and a property that lies', async () => {
    const part = await open(
      records,
      lines.filter((line) => !line.startsWith('5\t')).join('\n'),
      '85742,112,112',
    );
    expect(imageNames(part)).toEqual(NAMES.filter((name) => name !== '2/5'));
    expect(part.skipped).toEqual([
      { name: 'index', reason: 'lacks 1 images that the bounds count' },
      { name: 'property', reason: 'says "85742,112,112"; the records show 3 identities' },
    ]);
    const payloads = insightFacePayloads(PEOPLE);
    payloads[8] = imagePayload([4, 4], 8, new Uint8Array(0)); // the second person's bounds
    const unowned = writeRecordFile(payloads);
    const set = await open(unowned.records, unowned.index);
    expect(set.skipped).toEqual([{ name: 'record 3', reason: 'is within no identity’s bounds' }]);
    expect(set.identities).toEqual(['0', '2']);
  });

  it('leaves damaged records to read, named and counted', async () => {
    const [png, jpeg] = [await formulaImage(8, 0, 'png'), await formulaImage(8, 1, 'jpeg')];
    const file = writeRecordFile(
      insightFacePayloads([
        [png, text('not a picture')],
        [jpeg, png, new Uint8Array(0)],
      ]),
    );
    const at = file.index.split('\n').map((line) => Number(line.split('\t')[1]));
    file.records[at[3]! + 2] = 0;
    const set = await open(file.records, file.index);
    expect(imageNames(set)).toEqual(['0/1', '0/2', '1/3', '1/4', '1/5']);
    const faces = await loadFaces(set, { size: 8 });
    expect([...faces.indices]).toEqual([0, 3]);
    expect(faces.pixels.subarray(0, 192)).toEqual(await decodeImage(png, 8));
    expect(faces.skipped.map(({ reason }) => reason)).toEqual([
      expect.stringMatching(/^train\.rec: 0\/2: not a JPEG/),
      expect.stringMatching(/^train\.rec: 1\/3: no record at byte/),
      'train.rec: 1/5: its record has no image',
    ]);
    await expect(open(file.records)).rejects.toThrow(/after record 2: no record at byte \d+.*with the \.idx/);
  });

  it('counts images without a usable label', async () => {
    const file = writeRecordFile(
      [3, Number.NaN, -1, 2.5, 3].map((label, i) => imagePayload(label, i, text('face'))),
    );
    for (const idx of [file.index, undefined]) {
      const set = await open(file.records, idx);
      expect(imageNames(set)).toEqual(['3/0', '3/4']);
      expect(set.skipped.map(({ name }) => name)).toEqual(['record 1', 'record 2', 'record 3']);
    }
  });

  it('does not hand out an image whose record belongs to someone else', async () => {
    const payloads = insightFacePayloads([[text('1'), text('2'), text('3')]]);
    payloads[2] = imagePayload(5, 2, text('2'));
    const file = writeRecordFile(payloads);
    const set = await open(file.records, file.index);
    await expect(set.readEncoded(1)).rejects.toThrow(
      /0\/2: its record has the label 5, and the set's bounds say 0/,
    );
    await expect(set.readEncoded(1)).rejects.toBeInstanceOf(ImageError);
  });

  const changed = (key: number, payload: Uint8Array) => {
    const payloads = insightFacePayloads(PEOPLE);
    payloads[key] = payload;
    return writeRecordFile(payloads);
  };
  const none = new Uint8Array(0);
  it.each<[string, { records: Uint8Array; index?: string }, RegExp]>([
    [
      'an index that points outside',
      { records: records.subarray(0, 120), index },
      /line 4 puts record 3 at byte \d+, and the records end at 120/,
    ],
    ['an index of words', { records, index: 'zero\t0\n' }, /line 1 should be a key, a tab and a byte offset/],
    ['an index of three numbers', { records, index: '0\t0\n1\t64 3\n' }, /line 2 should be a key/],
    ['an index of one number', { records, index: '0\t0\n1\n' }, /line 2 should be .* it has one number/],
    ['an index with negative offsets', { records, index: '0\t-5\n' }, /line 1 should be/],
    [
      'an index with huge numbers',
      { records, index: `0\t${'9'.repeat(40)}\n` },
      /line 1 has a number that is no offset/,
    ],
    ['an index with huge keys', { records, index: '4294967296\t0\n' }, /line 1 has the key 4294967296/],
    ['an index with a key twice', { records, index: '0\t0\n1\t0\n1\t0\n' }, /has the key 1 twice/],
    ['an empty index', { records, index: '\n\n' }, /is empty/],
    [
      'an index into the middle of a record',
      { records, index: '0\t4\n1\t8\n' },
      /record 0: no record at byte 4/,
    ],
    [
      'bounds that overlap',
      changed(8, imagePayload([2, 4], 8, none)),
      /record 2 is an image of identity 0 and of 1/,
    ],
    [
      'bounds that fall',
      changed(8, imagePayload([4, 3], 8, none)),
      /record 8 should have the bounds of identity 1.*got 4 and 3/,
    ],
    [
      'bounds beyond the images',
      changed(8, imagePayload([3, 9], 8, none)),
      /record 8 should have the bounds/,
    ],
    ['bounds that are no numbers', changed(8, imagePayload([Number.NaN, 4], 8, none)), /got NaN and 4/],
    [
      'an image in place of bounds',
      changed(8, imagePayload(1, 8, text('x'))),
      /record 8 should have the bounds/,
    ],
    [
      'a first record that promises too much',
      changed(0, imagePayload([7, 1e9], 0, none)),
      /record 0 says that images end at 7 and identities at 1000000000/,
    ],
    ['a first record that falls', changed(0, imagePayload([7, 7], 0, none)), /record 0 says/],
    [
      'bounds that the index lacks',
      { records, index: lines.slice(0, 8).join('\n') },
      /the index lacks record 8, which has identity 1's bounds/,
    ],
    [
      'a cut file without an index',
      { records: records.subarray(0, records.length - 5) },
      /after record 8: the record at byte \d+ goes past the end/,
    ],
    [
      'only bounds',
      writeRecordFile([imagePayload([1, 2], 0, none), imagePayload([1, 1], 1, none)]),
      /has no images/,
    ],
  ])('refuses %s', async (_, file, message) => {
    const attempt = open(file.records, file.index);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(DataError);
  });

  it('reads a little of a large file', async () => {
    const image = new Uint8Array(50_000).fill(7);
    const file = writeRecordFile(insightFacePayloads(Array.from({ length: 60 }, () => [image, image])));
    const reads: number[] = [];
    const source = memorySource(file.records, 'train.rec');
    const counted = {
      ...source,
      read: (offset: number, length: number) => {
        reads.push(length);
        return source.read(offset, length);
      },
    };
    const set = await recordFaceSet({ records: counted, index: memorySource(text(file.index)) }, decodeImage);
    expect(reads.reduce((a, b) => a + b)).toBeLessThan(100_000);
    reads.length = 0;
    expect((await set.readEncoded(77)).length).toBe(50_000);
    expect(reads.reduce((a, b) => a + b)).toBeLessThan(100_000);
  });
});

describe('openFaceSet of RecordIO', () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'facet-records-'));
    const { records, index } = writeRecordFile(insightFacePayloads(PEOPLE));
    mkdirSync(join(root, 'faces_small'));
    writeFileSync(join(root, 'faces_small', 'train.rec'), records);
    writeFileSync(join(root, 'faces_small', 'train.idx'), index);
    writeFileSync(join(root, 'faces_small', 'property'), '3,112,112\n');
    mkdirSync(join(root, 'bare'));
    writeFileSync(join(root, 'bare', 'faces.rec'), records);
    mkdirSync(join(root, 'linked'));
    symlinkSync(join(root, 'faces_small', 'train.rec'), join(root, 'linked', 'train.rec'));
    mkdirSync(join(root, 'two'));
    for (const name of ['a.rec', 'b.rec']) writeFileSync(join(root, 'two', name), records);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each([
    ['faces_small', 'faces_small', 'with'],
    ['faces_small/train.rec', 'faces_small', 'with'],
    ['bare', 'faces', 'without'],
    ['linked', 'linked', 'without'],
    ['two/b.rec', 'b', 'without'],
  ])('opens %s', async (path, name, how) => {
    const set = await openFaceSet(join(root, path), nodeDataHost);
    expect(set).toMatchObject({ name, format: `InsightFace RecordIO, ${how} an index`, skipped: [] });
    expect(imageNames(set)).toEqual(NAMES);
    await set.close();
  });

  it('asks which of several', async () => {
    await expect(openFaceSet(join(root, 'two'), nodeDataHost)).rejects.toThrow(
      /holds 2 \.rec files: a\.rec, b\.rec/,
    );
  });
});
