/** Every form of pair list, opened by the one function that opens them all. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCsv } from '../src/data/csv.ts';
import { parseCsvPairs } from '../src/data/csv-pairs.ts';
import { DataError, type FaceSet, openPairs } from '../src/data/index.ts';
import { consecutiveFold, findImages, resolvePairs } from '../src/data/pair-images.ts';
import { parsePathPairs } from '../src/data/path-pairs.ts';
import { nodeDataHost } from '../src/platform/node-images.ts';
import { plainSet, realData } from './support/data-fixtures.ts';

/** A set of the given names; each is an identity of its own. */
function namedSet(...names: string[]): FaceSet {
  return {
    ...plainSet(Object.fromEntries(names.map((name) => [name, 1]))),
    imageName: (index) => names[index]!,
  };
}

describe('findImages', () => {
  const find = (set: FaceSet, ...paths: string[]) => [...findImages(new Set(paths), set, 'list').values()];

  it.each<[string, string, string[], number]>([
    ['the very name', 'ann/1.jpg', ['ann/1.png', 'ann/1.jpg'], 1],
    ['the name without an extension', 'ann/1', ['bob/1.jpg', 'ann/1.webp'], 1],
    ['another extension', 'ann/1.jpg', ['ann/2.jpg', 'ann/1.PNG'], 1],
    ['JPEG for jpg', 'ann/1.jpeg', ['ann/1.png', 'ann/1.JPG'], 1],
    [
      'a longer path in the list',
      '../Data\\Images/001/frontal/01.jpg',
      ['002/frontal/01.jpg', '001/frontal/01.jpg'],
      1,
    ],
    ['a longer path in the set', 'frontal/01.jpg', ['x/profile/01.jpg', 'x/frontal/01.jpg'], 1],
    ['the closest of several', 'b/c/1.jpg', ['c/1.jpg', 'b/c/1.jpg', 'a/b/c/1.jpg'], 1],
    ['the most of a path', 'a/b/c/1.jpg', ['1.jpg', 'c/1.jpg', 'b/c/1.jpg'], 2],
    ['names with dots and blanks', 'a.b/my face.v2.jpg', ['a.b/my face.v2.png'], 0],
  ])('finds %s', (_, path, names, index) => {
    expect(find(namedSet(...names), path)).toEqual([index]);
  });

  it('does not take an image for another because its file is called alike', () => {
    expect(() => find(namedSet('bob/1.jpg'), 'ann/1.jpg')).toThrow(
      /plain lacks 1 of the images.*: ann\/1\.jpg/,
    );
    expect(() => find(namedSet('x/y/1.jpg'), 'z/1.jpg')).toThrow(/lacks 1/);
  });

  it('refuses a path that fits several equally well', () => {
    expect(() => find(namedSet('a/1.jpg', 'b/1.jpg'), '1.jpg')).toThrow(
      /1 paths fit more than one image.*: 1\.jpg/,
    );
    expect(() => find(namedSet('a/1.jpg', 'a/1.png'), 'a/1.webp')).toThrow(/fit more than one/);
  });

  it('finds every image by its own name, in any set', () => {
    const part = fc.stringMatching(/^[ab.]{1,3}$/).filter((name) => !/^\.\.?$/.test(name));
    const name = fc.tuple(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('.jpg', '.png', ''),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name.map(([parts, extension]) => parts.join('/') + extension)), (names) => {
        const found = findImages(new Set(names), namedSet(...names), 'list');
        for (const [index, each] of names.entries()) expect(found.get(each)).toBe(index);
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it('makes ten folds of consecutive pairs, as even as can be', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (count) => {
        const folds = Array.from({ length: count }, (_, i) => consecutiveFold(i, count));
        const sizes = new Map<number, number>();
        for (const fold of folds) sizes.set(fold, (sizes.get(fold) ?? 0) + 1);
        expect([...folds].sort((a, b) => a - b)).toEqual(folds);
        expect([...sizes.keys()]).toEqual(Array.from({ length: Math.min(10, count) }, (_, i) => i));
        expect(Math.max(...sizes.values()) - Math.min(...sizes.values())).toBeLessThanOrEqual(1);
      }),
      { seed: 6 },
    );
    expect(Array.from({ length: 6000 }, (_, i) => consecutiveFold(i, 6000))[599]).toBe(0);
    expect(consecutiveFold(600, 6000)).toBe(1);
  });
});

describe('parsePathPairs', () => {
  const expected = [
    { a: 'x/0_Maria_35_f.jpg', b: 'x/1_Maria_70_f.jpg', same: true, fold: 0 },
    { a: 'x/0_Maria_35_f.jpg', b: 'x/2_John_20_m.jpg', same: false, fold: 1 },
  ];
  it.each([
    ['the label last', 'x/0_Maria_35_f.jpg x/1_Maria_70_f.jpg 1\nx/0_Maria_35_f.jpg x/2_John_20_m.jpg 0\n'],
    [
      '-1 for different',
      'x/0_Maria_35_f.jpg\tx/1_Maria_70_f.jpg\t1\r\nx/0_Maria_35_f.jpg\tx/2_John_20_m.jpg\t-1',
    ],
    [
      'the label first',
      '\uFEFF1 x/0_Maria_35_f.jpg x/1_Maria_70_f.jpg\n\n0 x/0_Maria_35_f.jpg x/2_John_20_m.jpg',
    ],
  ])('reads a list with %s', (_, text) => {
    expect(parsePathPairs(text, 'agedb')).toEqual(expected);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /line 1 is no pair; expected "path path label"/],
    ['another label', 'a b 2', /line 1 is no pair/],
    ['a label that changes place', 'a b 1\n0 a c', /line 2 should have the label \(1, 0 or -1\) last/],
    ['too many fields', 'a b 1\nmy face.jpg c 0', /line 2.*Paths with blanks need a CSV/],
    ['an image with itself', 'a b 1\na a 1', /line 2 pairs a with itself/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parsePathPairs(text, 'agedb')).toThrow(message);
    expect(() => parsePathPairs(text, 'agedb')).toThrow(DataError);
  });
});

describe('parseCsvPairs', () => {
  it('reads columns in any order, quotes, and folds of any numbers', () => {
    const text =
      'Fold,SAME,image_a,image_b,note\r\n7,true,a.jpg,"b, ""B"".jpg",x\r\n3,0, a.jpg ,c.jpg,\r\n7,FALSE,b,c,\n';
    expect(parseCsvPairs(text, 'pairs.csv')).toEqual([
      { a: 'a.jpg', b: 'b, "B".jpg', same: true, fold: 1 },
      { a: 'a.jpg', b: 'c.jpg', same: false, fold: 0 },
      { a: 'b', b: 'c', same: false, fold: 1 },
    ]);
    expect(parseCsvPairs('image_a,image_b,same\na,b,1\na,c,0', 'pairs.csv').map(({ fold }) => fold)).toEqual([
      0, 1,
    ]);
  });

  it('reads back any table that another writer quoted', () => {
    const field = fc.stringMatching(/^[a",\\/ é\t]{0,8}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1 }), (rows) => {
        const quoted = rows.map((row) => row.map((each) => `"${each.replaceAll('"', '""')}"`).join(','));
        const table = parseCsv(['a,b', ...quoted].join('\r\n'), 'table', ['a', 'b']);
        expect(table.map(({ fields }) => fields)).toEqual(rows);
      }),
      { seed: 8 },
    );
  });

  it.each<[string, string, RegExp]>([
    ['no header', 'a,b,1', /line 1 should name the columns image_a,image_b,same and may name fold/],
    ['a column twice', 'image_a,image_b,same,same\na,b,1,1', /line 1 should name.*each once/],
    ['nothing', '', /line 1 should name/],
    ['no pairs', 'image_a,image_b,same', /has a header and no pairs/],
    ['too few fields', 'image_a,image_b,same\na,b', /line 2 has 2 fields; expected 3/],
    ['too many', 'image_a,image_b,same\na,b,c,1', /line 2 has 4 fields/],
    ['another label', 'image_a,image_b,same\na,b,yes', /line 2 has same = "yes"/],
    ['a word of an object', 'image_a,image_b,same\na,b,constructor', /line 2 has same = "constructor"/],
    ['an empty path', 'image_a,image_b,same\n,b,1', /line 2 names no image/],
    ['an image with itself', 'image_a,image_b,same\na,a,1', /line 2 pairs a with itself/],
    ['a fold that is none', 'image_a,image_b,same,fold\na,b,1,1\na,c,0,two', /line 3 has fold = "two"/],
    ['a fold here and there', 'image_a,image_b,same,fold\na,b,1,\na,c,0,2', /line 3 has fold = "2"/],
    ['a quote that stays open', 'image_a,image_b,same\n"a,b,1', /line 2 has a quote that does not close/],
    ['text behind a quote', 'image_a,image_b,same\n"a"x,b,1', /line 2 has text behind a closing quote/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseCsvPairs(text, 'pairs.csv')).toThrow(message);
    expect(() => parseCsvPairs(text, 'pairs.csv')).toThrow(DataError);
  });
});

describe('openPairs', () => {
  let root: string;
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  /** CFP in small: two people with two frontal images and one profile. */
  const CFP = {
    'cfp/Protocol/Pair_list_F.txt': [1, 2, 3, 4]
      .map((n) => `${n} ../Data/Images/00${n < 3 ? 1 : 2}/frontal/0${n % 2 === 1 ? 1 : 2}.jpg\r\n`)
      .join(''),
    'cfp/Protocol/Pair_list_P.txt':
      '1 ../Data/Images/001/profile/01.jpg\n2 ../Data/Images/002/profile/01.jpg\n',
    'cfp/Protocol/Split/FP/02/same.txt': '3,2\n',
    'cfp/Protocol/Split/FP/02/diff.txt': '4, 1\n',
    'cfp/Protocol/Split/FP/01/same.txt': '1,1\n2,1\n',
    'cfp/Protocol/Split/FP/01/diff.txt': '1,2\n',
    'cfp/Protocol/Split/FF/01/same.txt': '1,2\n',
    'cfp/Protocol/Split/FF/01/diff.txt': '1,3\n',
  };
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'facet-pairs-'));
    for (const [path, content] of Object.entries(CFP)) write(path, content);
    for (const person of ['001', '002']) {
      for (const image of ['frontal/01', 'frontal/02', 'profile/01'])
        write(`images/${person}/${image}.png`, 'x');
    }
    for (const name of ['0_Maria_35_f', '1_Maria_70_f', '2_John_20_m']) write(`agedb/${name}.jpg`, 'x');
    write('agedb_30_pair.txt', '0_Maria_35_f.jpg 1_Maria_70_f.jpg 1\n1_Maria_70_f.jpg 2_John_20_m.jpg 0\n');
    write(
      'agedb_30_ann.txt',
      '1 agedb/0_Maria_35_f.jpg agedb/1_Maria_70_f.jpg\n0 agedb/1_Maria_70_f.jpg agedb/2_John_20_m.jpg\n',
    );
    write(
      'mine.csv',
      'image_a,image_b,same\n0_Maria_35_f.jpg,1_Maria_70_f.jpg,1\n1_Maria_70_f.jpg,2_John_20_m.jpg,0\n',
    );
    write('lfw/pairs.txt', '1\r\n001 1 2\r\n001 1 002 1\r\n');
    for (const image of ['001/001_0001', '001/001_0002', '002/002_0001'])
      write(`lfwimages/${image}.jpg`, 'x');
    write('odd.txt', 'nobody knows\n');
    write('zeros.txt', new Uint8Array(64));
    write('latin.txt', Uint8Array.of(0x61, 0xe9, 0x20, 0x62, 0x20, 0x31));
    write('long.txt', `a b 1\n${'c'.repeat(10_000)}\n`);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  async function open(path: string, images?: string | FaceSet) {
    return openPairs(join(root, path), nodeDataHost, {
      ...(images === undefined ? {} : { images: typeof images === 'string' ? join(root, images) : images }),
    });
  }
  async function names(path: string, images: string) {
    const set = await open(path, images);
    const pairs = set.pairs.map(({ a, b, same, fold }) => [
      set.faces.imageName(a),
      set.faces.imageName(b),
      same,
      fold,
    ]);
    await set.close();
    return { name: set.name, format: set.format, folds: set.folds, pairs };
  }

  it.each(['cfp/Protocol', 'cfp', 'cfp/Protocol/Split/FP'])(
    'opens CFP’s frontal–profile pairs at %s',
    async (path) => {
      expect(await names(path, 'images')).toMatchObject({
        format: 'CFP-FP',
        folds: 2,
        pairs: [
          ['001/frontal/01.png', '001/profile/01.png', true, 0],
          ['001/frontal/02.png', '001/profile/01.png', true, 0],
          ['001/frontal/01.png', '002/profile/01.png', false, 0],
          ['002/frontal/01.png', '002/profile/01.png', true, 1],
          ['002/frontal/02.png', '001/profile/01.png', false, 1],
        ],
      });
    },
  );

  it('opens CFP’s frontal–frontal pairs', async () => {
    expect(await names('cfp/Protocol/Split/FF/', 'images')).toMatchObject({
      format: 'CFP-FF',
      folds: 1,
      pairs: [
        ['001/frontal/01.png', '001/frontal/02.png', true, 0],
        ['001/frontal/01.png', '002/frontal/01.png', false, 0],
      ],
    });
  });

  it.each(['agedb_30_pair.txt', 'agedb_30_ann.txt', 'mine.csv'])(
    'opens %s with images that lie flat',
    async (path) => {
      expect(await names(path, 'agedb')).toMatchObject({
        name: path.replace(/\..*/, ''),
        folds: 2,
        pairs: [
          ['0_Maria_35_f.jpg', '1_Maria_70_f.jpg', true, 0],
          ['1_Maria_70_f.jpg', '2_John_20_m.jpg', false, 1],
        ],
      });
    },
  );

  it('opens LFW’s list, and keeps a given set open', async () => {
    expect(await names('lfw/pairs.txt', 'lfwimages')).toMatchObject({
      name: 'pairs',
      format: 'LFW’s list of pairs',
      pairs: [
        ['001/001_0001.jpg', '001/001_0002.jpg', true, 0],
        ['001/001_0001.jpg', '002/002_0001.jpg', false, 0],
      ],
    });
    let closed = false;
    const own = {
      ...plainSet({ '001': 2, '002': 1 }),
      close: async () => {
        closed = true;
      },
    };
    await (await open('lfw/pairs.txt', own)).close();
    expect(closed).toBe(false);
  });

  it.each<[string, string | undefined, RegExp]>([
    ['odd.txt', 'agedb', /begins like no list of pairs that is known: "nobody knows"/],
    ['zeros.txt', 'agedb', /holds bytes that no text has/],
    ['latin.txt', 'agedb', /is not UTF-8 text/],
    ['long.txt', 'agedb', /line 2 should have the label/],
    ['images', 'agedb', /is a folder without Pair_list_F\.txt/],
    ['mine.csv', undefined, /names images and has none; say which set they are in/],
    ['mine.csv', 'images', /images lacks 3 of the images/],
    ['nothing.txt', 'agedb', /nothing at this path/],
    ['mine.csv', 'nothing', /nothing at this path/],
    ['cfp/Protocol/Pair_list_F.txt', 'images', /begins like no list/],
  ])('says what is wrong with %s and %s', async (path, images, message) => {
    const attempt = open(path, images);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(DataError);
  });

  it.each<[string, string, string, RegExp]>([
    [
      'a number that the list lacks',
      'Split/FP/01/same.txt',
      '1,9\n',
      /same\.txt: line 1 should be two numbers.*of the 4 and 2/,
    ],
    ['words', 'Split/FP/01/diff.txt', '1,2\none,two\n', /diff\.txt: line 2 should be/],
    ['a number twice', 'Pair_list_P.txt', '1 a\n1 b\n', /Pair_list_P\.txt: line 2 should be a new number/],
  ])('refuses CFP with %s', async (_, file, content, message) => {
    const before = CFP[`cfp/Protocol/${file}` as keyof typeof CFP];
    write(`cfp/Protocol/${file}`, content);
    try {
      await expect(open('cfp', 'images')).rejects.toThrow(message);
    } finally {
      write(`cfp/Protocol/${file}`, before);
    }
  });

  it('refuses CFP with a fold that lacks a file', async () => {
    rmSync(join(root, 'cfp/Protocol/Split/FF/01/diff.txt'));
    await expect(open('cfp/Protocol/Split/FF', 'images')).rejects.toThrow(
      /Split\/FF should have a folder per fold.*got 1 such/,
    );
  });

  const lfw = realData('lfw/lfw_112.tar');
  const pairs = realData('lfw/pairs.txt');
  it.skipIf(!lfw || !pairs)('opens the real LFW by two paths', async () => {
    const set = await openPairs(pairs!, nodeDataHost, { images: lfw! });
    expect(set.pairs).toHaveLength(6000);
    for (const { a, b, same } of set.pairs) expect(set.faces.labels[a] === set.faces.labels[b]).toBe(same);
    await set.close();
  });
});

it('resolvePairs counts folds', () => {
  const set = namedSet('a', 'b', 'c');
  const list = resolvePairs([{ a: 'c', b: 'a', same: false, fold: 3 }], set, 'list');
  expect(list).toEqual({ pairs: [{ a: 2, b: 0, same: false, fold: 3 }], folds: 4 });
});
