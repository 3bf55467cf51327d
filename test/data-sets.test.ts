import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DataError,
  describeFaceSet,
  ImageError,
  loadFaces,
  memorySource,
  mergeFaceSets,
  openFaceSet,
  parseIdentityList,
  prefixIdentities,
  requireTrainable,
  subset,
  tarFaceSet,
} from '../src/data/index.ts';
import { decodeImage, nodeDataHost } from '../src/platform/node-images.ts';
import { formulaImage, imageNames, plainSet, type TarPart, writeTar } from './support/data-fixtures.ts';

describe('subset', () => {
  const set = plainSet({ ann: 3, bob: 1, cid: 2, dan: 5 });

  it('filters, numbers anew, and reads the right pictures', async () => {
    const part = subset(set, {
      exclude: ['ann', 'nobody'],
      minImagesPerIdentity: 2,
      maxImagesPerIdentity: 3,
    });
    expect(part.identities).toEqual(['cid', 'dan']);
    expect([...part.labels]).toEqual([0, 0, 1, 1, 1]);
    expect(part.imageName(2)).toBe('dan/dan_0001.jpg');
    expect((await part.read(2, 1))[0]).toBe(6);
    await expect(part.read(5, 1)).rejects.toThrow(/no image 5; expected .* 0 to 4/);
    await expect(part.read(0, 0)).rejects.toThrow(/size must be/);
  });

  it('keeps the first identities after the other filters', () => {
    expect(subset(set, { minImagesPerIdentity: 2, maxIdentities: 2 }).identities).toEqual(['ann', 'cid']);
    expect(subset(set, { onlyIdentities: ['dan', 'bob'] }).identities).toEqual(['bob', 'dan']);
  });

  it('says which filter emptied it, and which names it does not know', () => {
    expect(() => subset(set, { minImagesPerIdentity: 9 })).toThrow(
      /no identity is left of 4: 4 passed.*0 of those/,
    );
    expect(() => subset(set, { onlyIdentities: ['ann', 'ana'] })).toThrow(/lacks: ana/);
    expect(() => subset(set, { maxIdentities: 1.5 })).toThrow(/maxIdentities must be a whole number/);
  });
});

describe('whole sets', () => {
  it('merges, and refuses people who are in both', async () => {
    const merged = mergeFaceSets([plainSet({ ann: 2 }, 'one'), plainSet({ bob: 1, cid: 1 }, 'two')]);
    expect(merged.name).toBe('one+two');
    expect([...merged.labels]).toEqual([0, 0, 1, 2]);
    expect((await merged.read(3, 1))[0]).toBe(1);
    expect(() => mergeFaceSets([plainSet({ ann: 1 }, 'one'), plainSet({ ann: 1 }, 'two')])).toThrow(
      /1 identity names.*ann \(in one and two\)/,
    );
  });

  it('renames people, so that two sets can number theirs alike', async () => {
    const [one, two] = [plainSet({ 0: 1, 1: 2 }, 'one'), plainSet({ 0: 2 }, 'two')];
    expect(() => mergeFaceSets([one, two])).toThrow(/or rename them with prefixIdentities/);
    const merged = mergeFaceSets([one, prefixIdentities(two, 'two-')]);
    expect(merged.identities).toEqual(['0', '1', 'two-0']);
    expect([...merged.labels]).toEqual([0, 1, 1, 2, 2]);
    expect(merged.imageName(4)).toBe('0/0_0002.jpg');
    expect((await merged.read(4, 1))[0]).toBe(1);
  });

  it('hands out stored files through subsets and merges, where all have them', async () => {
    const stored = {
      ...plainSet({ ann: 3 }, 'one'),
      readEncoded: async (index: number) => Uint8Array.of(index),
    };
    const drawn = plainSet({ bob: 1 }, 'two');
    const part = subset(stored, { maxImagesPerIdentity: 2 });
    const whole = mergeFaceSets([part, { ...stored, identities: ['cid'] }]);
    expect(await part.readEncoded?.(1)).toEqual(Uint8Array.of(1));
    expect(await whole.readEncoded?.(4)).toEqual(Uint8Array.of(2));
    await expect(whole.readEncoded?.(5)).rejects.toThrow(/no image 5/);
    expect(subset(drawn, {}).readEncoded).toBeUndefined();
    expect(mergeFaceSets([stored, drawn]).readEncoded).toBeUndefined();
  });

  it('counts, and names who has too few images to train on', () => {
    const set = plainSet({ ann: 3, bob: 1, cid: 2, dan: 5 });
    expect(describeFaceSet(set)).toEqual({
      name: 'plain',
      identities: 4,
      images: 11,
      fewest: 1,
      median: 2.5,
      most: 5,
      singles: ['bob'],
    });
    expect(() => requireTrainable(set)).toThrow(/1 of 4 identities have fewer than 2 images: bob/);
    expect(() => requireTrainable(subset(set, { minImagesPerIdentity: 2 }))).not.toThrow();
  });
});

describe('parseIdentityList', () => {
  const readText = async () => '\uFEFF# leaks\r\n7398\r\n\r\n 7261 \r\n7398\r\n';

  it('reads commas and files', async () => {
    expect(await parseIdentityList(' 7398, 7261,7398', readText)).toEqual(['7398', '7261']);
    expect(await parseIdentityList('@leaks.txt', readText)).toEqual(['7398', '7261']);
  });

  it('refuses a list of no one', async () => {
    await expect(parseIdentityList(' , ', readText)).rejects.toThrow(/names no one/);
  });
});

describe('readers', () => {
  let root: string;
  let png: Uint8Array;
  let jpeg: Uint8Array;
  let webp: Uint8Array;
  let parts: TarPart[];

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'facet-sets-'));
    [png, jpeg, webp] = await Promise.all([
      formulaImage(16, 0, 'png'),
      formulaImage(16, 1, 'jpeg'),
      formulaImage(16, 2, 'webp'),
    ]);
    parts = [
      { name: './bob/2.JPEG', data: jpeg },
      { name: './bob/1.png', data: png },
      { name: './ann/1.webp', data: webp },
      { name: './README.md', data: 'hello' },
      { name: './bob/._1.png', data: 'resource fork' },
    ];
    for (const { name, data } of parts) {
      mkdirSync(join(root, 'folder', name, '..'), { recursive: true });
      writeFileSync(join(root, 'folder', name), data!);
    }
    symlinkSync(join(root, 'folder', 'ann'), join(root, 'folder', 'zoe'));
    writeFileSync(join(root, 'set.tar'), writeTar(parts));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  it.each(['folder', 'set.tar'])('opens a %s, sorted, with what it passed over', async (name) => {
    const set = await openFaceSet(join(root, name), nodeDataHost);
    expect(set.name).toBe(name.replace('.tar', ''));
    expect(set.identities).toEqual(['ann', 'bob']);
    expect(imageNames(set)).toEqual(['ann/1.webp', 'bob/1.png', 'bob/2.JPEG']);
    expect(set.skipped.map((s) => s.name).sort()).toEqual(
      name === 'folder' ? ['README.md', 'bob/._1.png', 'zoe'] : ['README.md', 'bob/._1.png'],
    );
    expect(await set.read(1, 16)).toEqual(await decodeImage(png, 16));
    expect(await set.read(2, 8)).toEqual(await decodeImage(jpeg, 8));
    await set.close();
  });

  it('says what is wrong with a path', async () => {
    await expect(openFaceSet(join(root, 'nothing'), nodeDataHost)).rejects.toThrow(/nothing at this path/);
    await expect(openFaceSet('/dev/null', nodeDataHost)).rejects.toThrow(/neither a file nor a folder/);
    writeFileSync(join(root, 'cut.tar'), writeTar(parts).subarray(0, 1500));
    await expect(openFaceSet(join(root, 'cut.tar'), nodeDataHost)).rejects.toThrow(/cut\.tar: cut short/);
  });

  it('looks through one folder around all identities', async () => {
    const wrapped = parts.map((part) => ({ ...part, name: part.name.replace('./', 'lfw/') }));
    const set = await tarFaceSet(memorySource(writeTar(wrapped), 'lfw.tar'), decodeImage);
    expect(imageNames(set)).toEqual(['ann/1.webp', 'bob/1.png', 'bob/2.JPEG']);
  });

  it('numbers identities in the order of their names, however they were packed', async () => {
    const entries = ['b/1.png', 'a-b/1.png', 'a/2.png', 'B/1.png', 'a/1.png'].map((name) => ({
      name,
      data: png,
    }));
    const set = await tarFaceSet(memorySource(writeTar(entries)), decodeImage);
    expect(set.identities).toEqual(['B', 'a', 'a-b', 'b']);
    expect(imageNames(set)).toEqual(['B/1.png', 'a/1.png', 'a/2.png', 'a-b/1.png', 'b/1.png']);
  });

  it.each<[string, TarPart[], RegExp]>([
    ['a path upwards', [{ name: 'ann/../../1.png' }], /"ann\/\.\.\/\.\.\/1\.png" points outside/],
    ['an absolute path', [{ name: '/etc/1.png' }], /points outside/],
    ['a Windows drive', [{ name: 'C:\\ann\\1.png' }], /points outside/],
    ['a path twice', [{ name: 'ann/1.png' }, { name: './ann//1.png' }], /ann\/1\.png is there twice/],
    [
      'a picture of no one',
      [{ name: 'ann/1.png' }, { name: '1.png' }],
      /1 of 2 images are not at identity\/image: 1\.png/,
    ],
    ['nothing', [{ name: 'README' }], /no images;.*1 other entries: README/],
  ])('refuses %s', async (_, entries, message) => {
    await expect(tarFaceSet(memorySource(writeTar(entries)), decodeImage)).rejects.toThrow(message);
  });

  it('loads in the order asked for, and skips, names and counts damaged pictures', async () => {
    const entries = [
      { name: 'ann/1.png', data: png },
      { name: 'ann/2.jpg', data: jpeg.subarray(0, jpeg.length / 2) },
      { name: 'bob/1.jpg', data: jpeg },
      { name: 'bob/2.jpg', data: 'not a picture' },
    ];
    const set = await tarFaceSet(memorySource(writeTar(entries), 'set.tar'), decodeImage);
    const progress: number[] = [];
    const faces = await loadFaces(set, {
      size: 16,
      indices: [3, 2, 1, 0],
      onProgress: (done, total) => progress.push(done / total),
    });
    expect(progress).toEqual([0.25, 0.5, 0.75, 1]);
    expect([...faces.labels]).toEqual([1, 0]);
    expect([...faces.indices]).toEqual([2, 0]);
    expect(faces.pixels.length).toBe(2 * 16 * 16 * 3);
    expect(faces.pixels.subarray(16 * 16 * 3)).toEqual(await decodeImage(png, 16));
    expect(faces.skipped.map((s) => s.name)).toEqual(['bob/2.jpg', 'ann/2.jpg']);
    expect(faces.skipped[0]!.reason).toMatch(/set\.tar: bob\/2\.jpg: not a JPEG/);
    await expect(loadFaces(set, { size: 16, indices: [1, 3] })).rejects.toThrow(/none of 2 images/);
    await expect(loadFaces(set, { size: 16, indices: [4] })).rejects.toThrow(/no image 4/);
  });

  it('does not take a failing disk for damaged pictures', async () => {
    const set = { ...plainSet({ ann: 20 }), read: async () => Promise.reject(new DataError('disk gone')) };
    await expect(loadFaces(set, { size: 4 })).rejects.toThrow('disk gone');
    await expect(
      loadFaces({ ...set, read: async () => Promise.reject(new ImageError('bad')) }, { size: 4 }),
    ).rejects.toThrow(/none of 20/);
  });
});
