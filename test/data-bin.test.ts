import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binSet } from '../src/data/bin-set.ts';
import { DataError, memorySource, openFaceSet, openPairs } from '../src/data/index.ts';
import { readPickle } from '../src/data/pickle.ts';
import { decodeImage, nodeDataHost } from '../src/platform/node-images.ts';
import { formulaImage, imageNames, plainSet } from './support/data-fixtures.ts';
import { writeBin } from './support/data-pickle-writer.ts';

interface Golden {
  readonly by: string;
  readonly what: string;
  readonly base64: string;
}

/** Made by Python 2.7 to 3.13 and NumPy 1 and 2: data-pickles.py. */
const GOLDENS: readonly Golden[] = JSON.parse(
  readFileSync(new URL('./support/data-pickles.json', import.meta.url), 'utf8'),
);

/** What every golden holds. */
const IMAGES = [
  Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0x20, 0, 0x0a, 0x0d, 9, 0x27, 0x22, 0x5c, 0x20, 0x80, 0x9f, 0xa0),
  new Uint8Array(0),
  Uint8Array.from({ length: 256 }, (_, i) => i),
  Uint8Array.of(0x89, ...new TextEncoder().encode('PNG plain')),
];

const decode = (pickle: Uint8Array) => binSet(memorySource(pickle, 'lfw.bin'), decodeImage);
const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));

async function contents(pickle: Uint8Array) {
  const { faces, list } = await decode(pickle);
  const images = await Promise.all(Array.from(faces.labels.keys(), (index) => faces.readEncoded(index)));
  return { images: images.map((image) => [...image]), same: list.pairs.map((pair) => pair.same) };
}

describe('binSet', () => {
  it.each(GOLDENS)('reads what $by wrote: $what', async ({ base64 }) => {
    const pickle = Uint8Array.from(Buffer.from(base64, 'base64'));
    expect(await contents(pickle)).toEqual({
      images: IMAGES.map((image) => [...image]),
      same: [true, false],
    });
  });

  it('reads any images and flags, in each protocol and Python', async () => {
    const format = fc.oneof(
      fc.record({ protocol: fc.nat(5), python2: fc.constant(false) }),
      fc.record({ protocol: fc.nat(2), python2: fc.constant(true) }),
    );
    const images = fc.tuple(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 40 }));
    const pair = fc.tuple(images, fc.boolean());
    await fc.assert(
      fc.asyncProperty(format, fc.array(pair, { minLength: 1, maxLength: 5 }), async (options, pairs) => {
        const stored = pairs.flatMap(([two]) => two);
        const flags = pairs.map(([, flag]) => flag);
        expect(await contents(writeBin(stored, flags, options))).toEqual({
          images: stored.map((image) => [...image]),
          same: flags,
        });
      }),
      { numRuns: 400, seed: 4 },
    );
  });

  it('numbers people by pairs, and pairs into ten folds', async () => {
    const flags = Array.from({ length: 23 }, (_, i) => i % 2 === 0);
    const { faces, list } = await decode(writeBin(Array(46).fill(IMAGES[3]!), flags, { protocol: 2 }));
    expect(faces.identities.slice(0, 3)).toEqual(['pair-0', 'pair-1a', 'pair-1b']);
    expect(imageNames(faces).slice(0, 4)).toEqual(['pair-0/0', 'pair-0/1', 'pair-1a/2', 'pair-1b/3']);
    expect(list.folds).toBe(10);
    const sizes = Array.from(
      { length: 10 },
      (_, fold) => list.pairs.filter((pair) => pair.fold === fold).length,
    );
    expect(sizes).toEqual([3, 3, 3, 2, 2, 2, 2, 2, 2, 2]);
    for (const { a, b, same } of list.pairs) expect(faces.labels[a] === faces.labels[b]).toBe(same);
  });

  const good = writeBin([IMAGES[0]!, IMAGES[3]!], [true], { protocol: 2 });
  it.each<[string, Uint8Array, RegExp]>([
    [
      'os.system',
      text("cos\nsystem\n(S'echo harm'\ntR."),
      /names the global os\.system;.*nothing is ever called/,
    ],
    [
      'posix.system by the stack',
      text('\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.'),
      /names the global posix\.system/,
    ],
    ['eval', text("c__builtin__\neval\n(S'1'\ntR."), /names the global __builtin__\.eval/],
    ['a name that objects inherit', text('cconstructor\n\n)R.'), /names the global constructor\./],
    ['an instance', text("(S'x'\nios\nsystem\n."), /opcode 'i'/],
    ['an object', text('(cnumpy\ndtype\no.'), /opcode 'o'/],
    ['NEWOBJ', text('\x80\x02cnumpy\nndarray\n)\x81.'), /opcode 0x81/],
    ['a persistent id', text('Pabc\n.'), /begins with 'P'/],
    ['an extension', text('\x80\x02\x82\x01.'), /opcode 0x82/],
    ['a dict', text('\x80\x02}.'), /opcode '}'/],
    ['a call of a value', text('](tR.'), /begins with|calls something that is no function/],
    ['a state of a list', text('\x80\x02](tb.'), /sets the state of something/],
    ['ndarray made outright', text('\x80\x02cnumpy\nndarray\nK\x09\x85R.'), /makes an array in a way/],
    [
      'an array larger than its data',
      text(
        '\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\xff\x85cnumpy\ndtype\nU\x02u1K\x00K\x01\x87RK\x00U\x03abctb.',
      ),
      /shape \[255\] whose data does not fit/,
    ],
    ['an array of records', text('\x80\x02cnumpy\ndtype\nU\x02V8\x85R.'), /array of type "V8"/],
    ['another protocol', text('\x80\x06].'), /protocol 6/],
    ['no pickle', text('\x89PNG\r\n\x1a\n'), /begins with 0x89|opcode 'P'/],
    ['nothing', new Uint8Array(0), /wants 1 bytes and 0 are left/],
    ['half', good.subarray(0, good.length - 8), /wants|are left|takes a value/],
    [
      'a length beyond the end',
      text('\x80\x02T\xff\xff\xff\x7fabc'),
      /wants 2147483647 bytes and 3 are left/,
    ],
    [
      'a 64-bit length',
      text('\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc'),
      /wants \d+ bytes and 3 are left/,
    ],
    ['bytes behind the end', Uint8Array.of(...good, 0), /1 bytes follow its end/],
    ['values left over', text('\x80\x02NN.'), /1 values are left over/],
    ['a memo that was never filled', text('\x80\x02h\x07.'), /recalls value 7/],
    [
      'a number of a thousand digits',
      text(`\x80\x02L${'9'.repeat(1000)}L\n.`),
      /in place of a number|has a line/,
    ],
    ['a pop of nothing', text('\x80\x020.'), /empty stack/],
    ['a group without its begin', text('\x80\x02t.'), /ends a group that never began/],
    ['text that is not UTF-8', text('\x80\x02X\x01\x00\x00\x00\xff.'), /not UTF-8/],
    ['something else inside', text('\x80\x02N.'), /not the \(bins, issame_list\)/],
    ['an odd number of images', writeBin([IMAGES[0]!], [true], { protocol: 2 }), /has 1 images and 1 pairs/],
    ['no pairs', writeBin([], [], { protocol: 3 }), /has 0 images and 0 pairs/],
    ['numbers for images', text('\x80\x02](K\x01K\x02e](\x88e\x86.'), /image 0 is the number 1/],
    ['words for flags', text('\x80\x02](U\x00U\x00e](U\x01xe\x86.'), /pair 0 has an object in place of True/],
  ])('refuses %s', async (_, pickle, message) => {
    const attempt = decode(pickle);
    await expect(attempt).rejects.toThrow(message);
    await expect(attempt).rejects.toBeInstanceOf(DataError);
  });

  it('ends soon where a pickle repeats itself', () => {
    const opcodes = Uint8Array.from([0x80, 2, ...new Array(6_000_000).fill(0x4e), 0x2e]);
    expect(() => readPickle(opcodes, 'x')).toThrow(/more than 5000000 opcodes/);
    // One text of 100,000 characters, recalled and made bytes of 50,000 times: 5 GB from 1 MB.
    const long = 100_000;
    const length = [long & 255, (long >> 8) & 255, (long >> 16) & 255, 0];
    const head = [0x80, 2, 0x58, ...length, ...new Array(long).fill(0x61), 0x71, 0, 0x30];
    const again = [...text('c_codecs\nencode\n'), 0x68, 0, 0x58, 6, 0, 0, 0, ...text('latin1'), 0x86, 0x52];
    const bomb = Uint8Array.from([...head, ...Array.from({ length: 50_000 }, () => again).flat(), 0x2e]);
    expect(() => readPickle(bomb, 'x')).toThrow(/more copies of its text/);
  });

  it('survives a list that holds itself', async () => {
    await expect(decode(text('\x80\x02]q\x00(h\x00h\x00e.'))).rejects.toThrow(/has 2 images and 2 pairs/);
  });
});

describe('a .bin as a file', () => {
  let root: string;
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'facet-bin-'));
    const images = [await formulaImage(8, 0, 'jpeg'), await formulaImage(8, 1, 'png')];
    writeFileSync(
      join(root, 'lfw.bin'),
      writeBin([...images, ...images], [true, false], { protocol: 2, python2: true }),
    );
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it('is a face set, and pairs with their own images', async () => {
    const path = join(root, 'lfw.bin');
    const faces = await openFaceSet(path, nodeDataHost);
    expect(faces).toMatchObject({ name: 'lfw', format: 'InsightFace verification set (.bin)' });
    expect(await faces.read(1, 8)).toEqual(await decodeImage(await formulaImage(8, 1, 'png'), 8));
    await faces.close();
    const set = await openPairs(path, nodeDataHost);
    expect(set).toMatchObject({ name: 'lfw', folds: 2 });
    expect(set.pairs).toEqual([
      { a: 0, b: 1, same: true, fold: 0 },
      { a: 2, b: 3, same: false, fold: 1 },
    ]);
    expect((await set.faces.read(3, 4)).length).toBe(48);
    await set.close();
    await expect(openPairs(path, nodeDataHost, { images: plainSet({ a: 1 }) })).rejects.toThrow(
      /brings its own images/,
    );
  });
});
