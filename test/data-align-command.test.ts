/** `facet data align`: from photographs and landmarks to a folder that is a face set. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ARCFACE_TEMPLATE, alignFace, openFaceSet, TEMPLATE_SIZE } from '../src/data/index.ts';
import { main } from '../src/experiments/cli.ts';
import { decodePicture, nodeDataHost } from '../src/platform/node-images.ts';
import { writeTar } from './support/data-fixtures.ts';

/** A face of which every pixel is known, and where its landmarks are: the template, shifted. */
const SHIFT = [20, 30] as const;
const SIDE = 176;
const points = ARCFACE_TEMPLATE.map(([x, y]) => [x + SHIFT[0], y + SHIFT[1]]);
const valueAt = (x: number, y: number): number => (3 * x + 5 * y) % 256;

async function photograph(): Promise<Uint8Array> {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) pixels.fill(valueAt(x, y), (y * SIDE + x) * 3, (y * SIDE + x) * 3 + 3);
  return sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
    .png()
    .toBuffer();
}

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'facet-align-'));
  const png = await photograph();
  const files = [
    { name: 'ann/1.png', data: png },
    { name: 'ann/1.jpg', data: await sharp(png).jpeg().toBuffer() },
    { name: 'bob/x/1.png', data: png },
    { name: 'bob/2.png', data: png.subarray(0, 90) },
  ];
  await writeFile(join(root, 'photos.tar'), writeTar(files));
  const line = (name: string) => `${name},${points.flat().join(',')}\n`;
  await writeFile(join(root, 'points.csv'), files.map(({ name }) => line(name)).join(''));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(root, { recursive: true, force: true });
});

async function align(...more: string[]): Promise<{ code: number; out: string; errors: string }> {
  const [out, errors]: [string[], string[]] = [[], []];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0);
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => errors.push(String(text)) > 0);
  const words = [
    'data',
    'align',
    join(root, 'photos.tar'),
    '--landmarks',
    join(root, 'points.csv'),
    '--loose',
  ];
  try {
    const code = await main([...words, '--out', join(root, 'faces'), ...more]);
    return { code, out: out.join(''), errors: errors.join('') };
  } finally {
    vi.restoreAllMocks();
  }
}

describe('facet data align', () => {
  it('writes a face set whose pixels are the photograph’s, shifted', async () => {
    const { code, out } = await align('--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ written: 3, kept: 0, passedOver: 1, size: TEMPLATE_SIZE });
    expect(JSON.parse(out).first[0].name).toBe('bob/2.png');
    const set = await openFaceSet(join(root, 'faces'), nodeDataHost);
    try {
      expect(set.identities).toEqual(['ann', 'bob_x']);
      expect(Array.from(set.labels.keys(), (i) => set.imageName(i)).sort()).toEqual([
        'ann/1.png',
        'ann/1~2.png',
        'bob_x/1.png',
      ]);
      const face = await set.read(2, TEMPLATE_SIZE);
      // Well inside, since a whole-numbered shift needs no interpolation but for rounding.
      let furthest = 0;
      for (let y = 0; y < TEMPLATE_SIZE; y++)
        for (let x = 0; x < TEMPLATE_SIZE; x++) {
          const known = valueAt(x + SHIFT[0], y + SHIFT[1]);
          furthest = Math.max(furthest, Math.abs(face[(y * TEMPLATE_SIZE + x) * 3]! - known));
        }
      expect(furthest).toBeLessThanOrEqual(1);
    } finally {
      await set.close();
    }
  });

  it('goes on where it was stopped, and never mixes two runs', async () => {
    await align();
    const file = join(root, 'faces', 'ann', '1.png');
    const first = await readFile(file);
    await rm(file);
    expect((await align()).errors).toMatch(
      /expected an empty folder or none, got one with ann in it; .*--resume/,
    );
    expect((await align('--resume')).out).toMatch(/1 faces? of 112×112 pixels, 2 were there/);
    expect(await readFile(file)).toEqual(first);
    expect(await readdir(join(root, 'faces', 'ann'))).toEqual(['1.png', '1~2.png']);
  });

  it('takes another size, as the aligner does', async () => {
    await align('--size', '56');
    const { pixels, width } = await decodePicture(await readFile(join(root, 'faces', 'bob_x', '1.png')));
    expect(width).toBe(56);
    const landmarks = points as unknown as Parameters<typeof alignFace>[1];
    expect([...pixels]).toEqual([...alignFace(await decodePicture(await photograph()), landmarks, 56)]);
  });

  it('says where it cannot write', async () => {
    await writeFile(join(root, 'faces'), 'a file');
    expect(await align()).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/faces: cannot be written to \(ENOTDIR\); choose another --out/),
    });
    await rm(join(root, 'faces'));
    await mkdir(join(root, 'faces'));
    expect(await align()).toMatchObject({ code: 0 });
  });
});
