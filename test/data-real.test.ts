/** The readers on the data sets that the study uses, where they are. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeFaceSet, loadFaces, openFaceSet, readLfwPairs, subset } from '../src/data/index.ts';
import { nodeDataHost } from '../src/platform/node-images.ts';
import { realData } from './support/data-fixtures.ts';

const lfw = realData('lfw/lfw_112.tar');
const pairs = realData('lfw/pairs.txt');
const celeba = realData('train/celeba_112.tar');
const glint = realData('train/glint_112.tar');

describe('real data', () => {
  it.skipIf(!lfw || !pairs)('LFW is whole, and its 6000 pairs are all there', async () => {
    const set = await openFaceSet(lfw!, nodeDataHost);
    expect(describeFaceSet(set)).toMatchObject({ identities: 5749, images: 13233, most: 530 });
    expect(set.skipped).toEqual([]);
    const list = readLfwPairs(readFileSync(pairs!, 'utf8'), set);
    expect(list.folds).toBe(10);
    expect(list.pairs).toHaveLength(6000);
    for (const { a, b, same } of list.pairs) {
      expect(set.labels[a] === set.labels[b]).toBe(same);
    }
    const faces = await loadFaces(set, { size: 112, indices: [0, 6000, 13232] });
    expect(faces.skipped).toEqual([]);
    expect(faces.pixels.some((byte) => byte > 200)).toBe(true);
    await set.close();
  });

  it.skipIf(!celeba)('CelebA has the identities that training counts on', async () => {
    const set = await openFaceSet(celeba!, nodeDataHost);
    expect(describeFaceSet(set)).toMatchObject({ identities: 299, images: 6147 });
    expect(subset(set, { minImagesPerIdentity: 15 }).identities).toHaveLength(231);
    await set.close();
  });

  it.skipIf(!glint)('Glint has its 24 people', async () => {
    const set = await openFaceSet(glint!, nodeDataHost);
    expect(describeFaceSet(set)).toMatchObject({ identities: 24, images: 4194 });
    await set.close();
  });
});
