import { describe, expect, it } from 'vitest';
import {
  Batches,
  CENTRED,
  CounterRandom,
  IMAGENET,
  loadFaces,
  normalisationTable,
  philox,
} from '../src/data/index.ts';
import type { LoadedFaces } from '../src/data/load.ts';
import { formulaPixels, plainSet } from './support/data-fixtures.ts';

function faces(count: number, size = 4): LoadedFaces {
  const stride = size * size * 3;
  const pixels = new Uint8Array(count * stride);
  for (let i = 0; i < count; i++) pixels.set(formulaPixels(size, i), i * stride);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 5);
  return { size, pixels, labels, indices: Int32Array.from(labels.keys()), skipped: [] };
}

function copy(batches: Batches, epoch: number, step: number) {
  const { images, labels, rows, fresh } = batches.read(epoch, step);
  return { images: images.slice(), labels: [...labels], rows: [...rows], fresh };
}

describe('philox', () => {
  // The known answers that the authors of Philox publish for ten rounds of 4×32.
  it.each([
    [
      [0, 0],
      [0, 0, 0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [-1, -1],
      [-1, -1, -1, -1],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('of key %j', (key, counter, answer) => {
    const out = new Uint32Array(4);
    philox(key as [number, number], counter, out);
    expect([...out]).toEqual(answer);
  });

  it('shuffles evenly', () => {
    const places = Array.from({ length: 5 }, () => new Array<number>(5).fill(0));
    for (let lane = 0; lane < 5000; lane++) {
      const order = new CounterRandom(9, 1, lane).shuffle([0, 1, 2, 3, 4]);
      for (const [place, item] of order.entries()) places[item]![place]!++;
    }
    // 16 degrees of freedom: 39 is exceeded once in a thousand seeds.
    const chi = places.flat().reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(39);
  });

  it('gives each stream, lane and seed numbers of its own', () => {
    const draws = [
      [1, 1, 0],
      [2, 1, 0],
      [2 ** 32 + 1, 1, 0],
      [1, 2, 0],
      [1, 1, 1],
    ].map(([seed, stream, lane]) => {
      const random = new CounterRandom(seed!, stream!, lane!);
      return Array.from({ length: 6 }, () => random.below(2 ** 40)).join(' ');
    });
    expect(new Set(draws.flatMap((draw) => draw.split(' '))).size).toBe(30);
  });

  it('refuses a seed that is not a whole number', () => {
    expect(() => new CounterRandom(-1, 1)).toThrow(/seed must be/);
    expect(() => new CounterRandom(0.5, 1)).toThrow(/seed must be/);
  });
});

describe('Batches', () => {
  it('gives each face once an epoch, in a new order each time', () => {
    const batches = new Batches(faces(12), { batchSize: 4, seed: 1 });
    expect(batches.stepsPerEpoch).toBe(3);
    const epochs = [0, 1].map((epoch) => [0, 1, 2].flatMap((step) => copy(batches, epoch, step).rows));
    for (const rows of epochs) expect(rows.toSorted((a, b) => a - b)).toEqual([...Array(12).keys()]);
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  it('is a function of seed, epoch and step, whatever was asked before', () => {
    const straight = new Batches(faces(13), { batchSize: 4, seed: 2 });
    const history = [0, 1, 2].flatMap((epoch) => [0, 1, 2].map((step) => copy(straight, epoch, step)));
    const resumed = new Batches(faces(13), { batchSize: 4, seed: 2 });
    expect(copy(resumed, 2, 1)).toEqual(history[7]);
    expect(copy(resumed, 0, 2)).toEqual(history[2]);
    expect(copy(resumed, 2, 1)).toEqual(history[7]);
    expect(copy(new Batches(faces(13), { batchSize: 4, seed: 3 }), 2, 1)).not.toEqual(history[7]);
  });

  it('normalises, mirrors half of the faces, and keeps labels with their pictures', () => {
    const table = faces(300, 5);
    const batches = new Batches(table, { batchSize: 300, seed: 4 });
    const { images, labels, rows } = batches.read(0, 0);
    let mirrored = 0;
    for (const [i, row] of rows.entries()) {
      expect(labels[i]).toBe(table.labels[row]);
      const pixel = (flip: boolean, at: number) => {
        const [y, x, c] = [Math.floor(at / 15), Math.floor(at / 3) % 5, at % 3];
        return (table.pixels[row * 75 + (y * 5 + (flip ? 4 - x : x)) * 3 + c]! - 127.5) * 0.0078125;
      };
      const got = [...images.subarray(i * 75, (i + 1) * 75)];
      const [plain, flipped] = [false, true].map((flip) => got.map((_, at) => pixel(flip, at)));
      const flip = got.some((value, at) => value !== plain![at]);
      mirrored += flip ? 1 : 0;
      expect(got).toEqual(flip ? flipped : plain);
    }
    expect(mirrored).toBeGreaterThan(110);
    expect(mirrored).toBeLessThan(190);
  });

  it('mirrors other faces in the next epoch', () => {
    const batches = new Batches(faces(64), { batchSize: 64, shuffle: false });
    expect(copy(batches, 0, 0).rows).toEqual(copy(batches, 1, 0).rows);
    expect(copy(batches, 0, 0).images).not.toEqual(copy(batches, 1, 0).images);
  });

  it('mirrors a face alike whatever the batch size', () => {
    const seen = [3, 6].map((batchSize) => {
      const batches = new Batches(faces(6), { batchSize, seed: 5 });
      const byRow = new Map<number, Float32Array>();
      for (let step = 0; step < batches.stepsPerEpoch; step++) {
        const { images, rows } = copy(batches, 1, step);
        for (const [i, row] of rows.entries()) byRow.set(row, images.slice(i * 48, (i + 1) * 48));
      }
      return byRow;
    });
    for (const [row, image] of seen[0]!) expect(seen[1]!.get(row)).toEqual(image);
  });

  it('drops or wraps the last batch', () => {
    const drop = new Batches(faces(10), { batchSize: 4, shuffle: false });
    expect(drop.stepsPerEpoch).toBe(2);
    expect(() => drop.read(0, 2)).toThrow(/no step 2; an epoch has steps 0 to 1/);
    const wrap = new Batches(faces(10), { batchSize: 4, shuffle: false, flip: false, last: 'wrap' });
    expect(wrap.stepsPerEpoch).toBe(3);
    expect(copy(wrap, 0, 1)).toMatchObject({ rows: [4, 5, 6, 7], fresh: 4 });
    expect(copy(wrap, 0, 2)).toMatchObject({ rows: [8, 9, 0, 1], fresh: 2 });
    const few = new Batches(faces(2), { batchSize: 5, shuffle: false, last: 'wrap' });
    expect(copy(few, 0, 0)).toMatchObject({ rows: [0, 1, 0, 1, 0], fresh: 2 });
  });

  it('refuses a table that gives no batch', () => {
    expect(() => new Batches(faces(3), { batchSize: 4 })).toThrow(/3 faces give no batch of 4/);
    expect(() => new Batches(faces(3), { batchSize: 0 })).toThrow(/positive whole number/);
    expect(() => new Batches(faces(0), { batchSize: 1, last: 'wrap' })).toThrow(/0 faces/);
  });

  it('reuses its own buffers, and fills those it is given', () => {
    const batches = new Batches(faces(8), { batchSize: 4 });
    const other = batches.allocate();
    const first = batches.read(0, 0);
    expect(batches.read(0, 1, other)).toBe(other);
    expect(batches.read(0, 1)).toBe(first);
    expect(first).toEqual(other);
  });

  it('takes what loadFaces gives', async () => {
    const loaded = await loadFaces(plainSet({ ann: 2, bob: 2 }), { size: 2 });
    const { images, labels } = new Batches(loaded, { batchSize: 4, shuffle: false }).read(0, 0);
    expect([...labels]).toEqual([0, 0, 1, 1]);
    expect(images[12]).toBe((1 - 127.5) / 128);
  });
});

describe('normalisationTable', () => {
  it('has the published constants', () => {
    const centred = normalisationTable(CENTRED);
    expect([centred[0], centred[255], centred[512]]).toEqual([-0.99609375, 0.99609375, -0.99609375]);
    const imagenet = normalisationTable(IMAGENET);
    expect(imagenet[128]).toBeCloseTo((128 / 255 - 0.485) / 0.229, 5);
    expect(imagenet[256 + 7]).toBeCloseTo((7 / 255 - 0.456) / 0.224, 5);
    expect(imagenet[512 + 255]).toBeCloseTo((1 - 0.406) / 0.225, 5);
  });
});
