import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expandBraces } from '../src/data/brace-pattern.ts';
import { type ByteSource, DataError, memorySource, openFaceSet } from '../src/data/index.ts';
import { ShardPool } from '../src/data/shard-pool.ts';
import { splitKey, webDatasetFaceSet } from '../src/data/web-dataset.ts';
import { decodeImage, nodeDataHost } from '../src/platform/node-images.ts';
import { formulaImage, imageNames, type TarPart, writeTar } from './support/data-fixtures.ts';

function open(...shards: readonly (readonly TarPart[])[]) {
  const sources = shards.map((parts, i) => {
    const name = `set/shard-${i}.tar`;
    const bytes = writeTar(parts);
    return { name, open: async () => memorySource(bytes, name) };
  });
  return webDatasetFaceSet(sources, decodeImage, 'set');
}

async function files(set: Awaited<ReturnType<typeof open>>): Promise<string[]> {
  return Promise.all(
    Array.from(set.labels.keys(), async (index) => new TextDecoder().decode(await set.readEncoded(index))),
  );
}

describe('expandBraces', () => {
  it.each<[string, string[]]>([
    ['shard.tar', ['shard.tar']],
    ['s-{8..11}.tar', ['s-8.tar', 's-9.tar', 's-10.tar', 's-11.tar']],
    ['s-{08..11}', ['s-08', 's-09', 's-10', 's-11']],
    ['s-{000..2}', ['s-000', 's-001', 's-002']],
    ['{2..0}', ['2', '1', '0']],
    ['{a,b}-{0..1}.tar', ['a-0.tar', 'a-1.tar', 'b-0.tar', 'b-1.tar']],
    ['{a,}x', ['ax', 'x']],
  ])('expands %s', (pattern, names) => {
    expect(expandBraces(pattern)).toEqual(names);
  });

  it.each<[string, RegExp]>([
    ['{0..999999}', /more than 10000 names/],
    ['{0..999}{0..999}', /more than 10000 names/],
    ['{0..999999999999999}', /more than 10000/],
    ['a{b', /\{ without its \}/],
    ['a{b}', /\{b\} is no group/],
    ['{a..z}', /is no group/],
    ['{a,{b,c}}', /is no group/],
  ])('refuses %s', (pattern, message) => {
    expect(() => expandBraces(pattern)).toThrow(message);
    expect(() => expandBraces(pattern)).toThrow(DataError);
  });
});

describe('webDatasetFaceSet', () => {
  it('takes labels from .cls and .json, whatever else a sample has', async () => {
    const set = await open(
      [
        { name: './0001.jpg', data: 'one' },
        { name: './0001.cls', data: '10\n' },
        { name: './0001.txt', data: 'a caption' },
        { name: './0002.json', data: '{"label": 9, "identity": "no"}' },
        { name: './0002.PNG', data: 'two' },
      ],
      [
        { name: 'a/0001.webp', data: 'three' },
        { name: 'a/0001.mask.png', data: 'no image of it' },
        { name: 'a/0001.cls', data: '9' },
        { name: 'a/0001.json', data: '{"label": 4}' },
      ],
    );
    expect(set.identities).toEqual(['9', '10']);
    expect([...set.labels]).toEqual([1, 0, 0]);
    expect(imageNames(set)).toEqual(['shard-0/0001.jpg', 'shard-0/0002.png', 'shard-1/a/0001.webp']);
    expect(await files(set)).toEqual(['one', 'two', 'three']);
    expect(set.format).toBe('WebDataset of 2 shards');
    expect(set.skipped).toEqual([]);
  });

  it('orders names as text where not all are numbers', async () => {
    const sample = (key: string, label: unknown): TarPart[] => [
      { name: `${key}.jpg`, data: key },
      { name: `${key}.json`, data: JSON.stringify({ identity: label }) },
    ];
    const set = await open([
      ...sample('1', 'Zoë'),
      ...sample('2', '10'),
      ...sample('3', 'Ada'),
      ...sample('4', 'Zoë'),
    ]);
    expect(set.identities).toEqual(['10', 'Ada', 'Zoë']);
    expect([...set.labels]).toEqual([2, 0, 1, 2]);
  });

  it('leaves out samples without an image or a label, and says which', async () => {
    const set = await open([
      { name: 'good.jpg', data: 'x' },
      { name: 'good.cls', data: '1' },
      { name: 'noimage.cls', data: '1' },
      { name: 'nolabel.jpg', data: 'x' },
      { name: 'word.jpg', data: 'x' },
      { name: 'word.cls', data: 'Ada' },
      { name: 'list.jpg', data: 'x' },
      { name: 'list.json', data: '[1]' },
      { name: 'broken.jpg', data: 'x' },
      { name: 'broken.json', data: '{"label": 1' },
      { name: 'two.jpg', data: 'x' },
      { name: 'two.png', data: 'x' },
      { name: 'two.cls', data: '1' },
      { name: 'long.jpg', data: 'x' },
      { name: 'long.json', data: ' '.repeat(70_000) },
      { name: 'README', data: 'x' },
      { name: '.DS_Store', data: 'x' },
      { name: 'link.jpg', type: '2' },
    ]);
    expect(imageNames(set)).toEqual(['shard-0/good.jpg']);
    expect(
      Object.fromEntries(
        set.skipped.map(({ name, reason }) => [name.replace('set/shard-0.tar/', ''), reason]),
      ),
    ).toEqual({
      noimage: 'has no jpg, png or webp image',
      nolabel: 'has no .cls and no .json',
      word: 'its .cls holds "Ada"; expected a whole number',
      list: 'its .json has no "label" or "identity" that is a whole number or a name',
      broken: expect.stringMatching(/^its \.json is none/),
      two: 'has two images',
      long: 'has a .json of 70000 bytes',
      README: 'no extension',
      '.DS_Store': 'hidden file',
      'link.jpg': 'symbolic link',
    });
  });

  it.each<[string, TarPart[], RegExp]>([
    ['nothing', [], /no sample has an image and a label/],
    [
      'no labels',
      [{ name: 'a.jpg' }, { name: 'b.jpg' }],
      /no sample.*got set\/shard-0\.tar\/a \(has no \.cls and no \.json\) and 1 others/,
    ],
    ['a path upwards', [{ name: '../a.jpg' }, { name: '../a.cls', data: '1' }], /points outside/],
    ['an absolute path', [{ name: '/a.jpg' }, { name: '/a.cls', data: '1' }], /points outside/],
    [
      'a sample in two places',
      [{ name: 'a.jpg' }, { name: 'b.jpg' }, { name: 'a.cls', data: '1' }],
      /the files of sample a are not together/,
    ],
    ['a damaged tar', [{ name: 'a.jpg', badSum: true }], /no tar header/],
  ])('refuses %s', async (_, parts, message) => {
    await expect(open(parts)).rejects.toThrow(message);
    await expect(open(parts)).rejects.toBeInstanceOf(DataError);
  });

  it('splits keys at the first dot of the file name', () => {
    expect(splitKey('a.b/0001.seg.PNG')).toEqual({ key: 'a.b/0001', extension: 'seg.png' });
    expect(splitKey('a.b/0001')).toEqual({ key: 'a.b/0001', extension: '' });
  });
});

describe('ShardPool', () => {
  it('keeps few shards open, none closed while it is read, and each read right', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(9), { minLength: 1, maxLength: 60 }),
        fc.scheduler(),
        async (wanted, scheduler) => {
          let open = 0;
          let most = 0;
          const shards = Array.from({ length: 10 }, (_, which) => ({
            name: String(which),
            async open(): Promise<ByteSource> {
              await scheduler.schedule(Promise.resolve());
              most = Math.max(most, ++open);
              let closed = false;
              return {
                name: String(which),
                size: 1,
                async read() {
                  await scheduler.schedule(Promise.resolve());
                  expect(closed).toBe(false);
                  return Uint8Array.of(which);
                },
                async close() {
                  expect(closed).toBe(false);
                  closed = true;
                  open--;
                },
              };
            },
          }));
          const pool = new ShardPool(shards, 3);
          const reads: Promise<void>[] = [];
          for (let i = 0; i < wanted.length; i += 4) {
            // At most four at a time, as a loader would.
            for (const which of wanted.slice(i, i + 4)) {
              const read = pool.use(which, (source) => source.read(0, 1));
              reads.push(read.then((bytes) => expect(bytes[0]).toBe(which)));
            }
            await scheduler.waitFor(Promise.all(reads));
            expect(open).toBeLessThanOrEqual(3);
          }
          await pool.close();
          expect(open).toBe(0);
          expect(most).toBeLessThanOrEqual(3 + 4);
        },
      ),
      { numRuns: 50, seed: 9 },
    );
  });

  it('tries a shard again that failed to open', async () => {
    let tries = 0;
    const pool = new ShardPool([
      {
        name: 'x',
        async open() {
          if (tries++ === 0) throw new DataError('not yet');
          return memorySource(Uint8Array.of(7));
        },
      },
    ]);
    await expect(pool.use(0, (source) => source.read(0, 1))).rejects.toThrow('not yet');
    expect(await pool.use(0, (source) => source.read(0, 1))).toEqual(Uint8Array.of(7));
  });
});

describe('openFaceSet of WebDataset', () => {
  let root: string;
  let png: Uint8Array;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'facet-wds-'));
    png = await formulaImage(8, 1, 'png');
    mkdirSync(join(root, 'shards'));
    for (const shard of [0, 1, 2]) {
      const parts = [0, 1].flatMap((i): TarPart[] => [
        { name: `${i}.png`, data: png },
        { name: `${i}.cls`, data: String(shard) },
      ]);
      writeFileSync(join(root, 'shards', `s-0${shard}.tar`), writeTar(parts));
    }
    mkdirSync(join(root, 'mixed', 'ann'), { recursive: true });
    writeFileSync(join(root, 'mixed', 'ann', '1.png'), png);
    writeFileSync(join(root, 'mixed', 'mixed.tar'), writeTar([{ name: 'ann/1.png', data: png }]));
    writeFileSync(
      join(root, 'json.tar'),
      writeTar([
        { name: '1.png', data: png },
        { name: '1.json', data: '{"label":3}' },
      ]),
    );
    const beside = [
      { name: 'ann/1.png', data: png },
      { name: 'ann/1.json', data: '{"points":[]}' },
    ];
    writeFileSync(join(root, 'beside.tar'), writeTar(beside));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each<[string, string, number]>([
    ['shards', 'WebDataset of 3 shards', 6],
    ['shards/s-{00..02}.tar', 'WebDataset of 3 shards', 6],
    ['shards/s-{00,02}.tar', 'WebDataset of 2 shards', 4],
    ['shards/s-01.tar', 'WebDataset of 1 shard', 2],
    ['json.tar', 'WebDataset of 1 shard', 1],
    ['beside.tar', 'tar of identity/image', 1],
    ['mixed', 'folder of identity/image', 1],
  ])('opens %s', async (path, format, count) => {
    const set = await openFaceSet(join(root, path), nodeDataHost);
    expect(set.format).toBe(format);
    expect(set.labels).toHaveLength(count);
    expect(await set.read(count - 1, 8)).toEqual(await decodeImage(png, 8));
    await set.close();
  });

  it('names a shard that is missing', async () => {
    await expect(openFaceSet(join(root, 'shards/s-{00..03}.tar'), nodeDataHost)).rejects.toThrow(
      /s-03\.tar: there is nothing/,
    );
    await expect(openFaceSet(join(root, '{shards,x}'), nodeDataHost)).rejects.toThrow(
      /shards: is a folder; expected a shard/,
    );
  });
});
