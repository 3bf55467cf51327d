/** Synthetic faces: pure, aligned, varied, and told apart by more than their pixels' mean. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contactSheet,
  drawFace,
  drawIdentity,
  faceLandmarks,
  syntheticFaceSet,
  syntheticPairs,
  TEMPLATE,
} from '../src/data/synthetic/index.ts';

const base = { seed: 1, identity: 3, shot: 2, size: 56 };

function correlation(a: Uint8Array, b: Uint8Array): number {
  const mean = (x: Uint8Array): number => x.reduce((s, v) => s + v, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]! - ma, b[i]! - mb];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

function luminance(face: Uint8Array, size: number, x: number, y: number): number {
  const at = (Math.round(y) * size + Math.round(x)) * 3;
  return (face[at]! + face[at + 1]! + face[at + 2]!) / 3;
}

describe('drawFace', () => {
  it('gives the same bytes for the same request, whatever was drawn before', () => {
    const first = drawFace(base);
    drawFace({ ...base, identity: 99 });
    expect(drawFace(base)).toEqual(first);
  });

  it('gives other bytes for another seed, identity or shot', () => {
    const face = drawFace(base);
    for (const other of [{ seed: 2 }, { identity: 4 }, { shot: 3 }, { identity: 3 + 2 ** 32 }]) {
      expect(drawFace({ ...base, ...other })).not.toEqual(face);
    }
  });

  it('holds for any identity, shot and size: right length, not blank', () => {
    const index = fc.oneof(fc.nat(), fc.maxSafeNat());
    fc.assert(
      fc.property(index, index, index, fc.integer({ min: 16, max: 128 }), (seed, identity, shot, size) => {
        const face = drawFace({ seed, identity, shot, size });
        expect(face).toHaveLength(size * size * 3);
        const mean = face.reduce((s, v) => s + v, 0) / face.length;
        const spread = Math.sqrt(face.reduce((s, v) => s + (v - mean) ** 2, 0) / face.length);
        expect(spread).toBeGreaterThan(4);
      }),
      { numRuns: 60, seed: 5 },
    );
  });

  it.each([
    [24, 96],
    [32, 64],
    [56, 112],
    [40, 120],
  ])('shows the same picture at %i and %i pixels', (small, large) => {
    const k = large / small;
    for (let identity = 0; identity < 6; identity++) {
      const one = drawFace({ ...base, identity, size: small });
      const other = drawFace({ ...base, identity, size: large });
      const shrunk = new Uint8Array(one.length);
      for (let y = 0; y < small; y++) {
        for (let x = 0; x < small; x++) {
          for (let c = 0; c < 3; c++) {
            let sum = 0;
            for (let j = 0; j < k; j++) {
              for (let i = 0; i < k; i++) sum += other[((y * k + j) * large + x * k + i) * 3 + c]!;
            }
            shrunk[(y * small + x) * 3 + c] = sum / (k * k);
          }
        }
      }
      expect(correlation(one, shrunk)).toBeGreaterThan(0.93);
    }
  });

  it.each([
    ['seed', -1],
    ['identity', 1.5],
    ['shot', Number.NaN],
    ['size', 8],
    ['size', 2000],
    ['variation', 2],
  ])('refuses %s = %d and names it', (name, value) => {
    expect(() => drawFace({ ...base, [name]: value })).toThrow(new RegExp(`${name} must be .*got ${value}`));
  });
});

describe('alignment', () => {
  it("lands a frontal face's points near the template", () => {
    for (let identity = 0; identity < 40; identity++) {
      const points = faceLandmarks({ seed: 9, identity, shot: 0, size: 112, variation: 0 });
      for (const [k, [x, y]] of points.entries()) {
        expect(Math.hypot(x - TEMPLATE[k]![0], y - TEMPLATE[k]![1])).toBeLessThan(7);
      }
    }
  });

  it('keeps turned faces in place too', () => {
    let total = 0;
    for (let shot = 0; shot < 100; shot++) {
      const points = faceLandmarks({ seed: 9, identity: shot % 10, shot, size: 112 });
      total += Math.hypot(points[0]![0] - TEMPLATE[0]![0], points[0]![1] - TEMPLATE[0]![1]);
    }
    expect(total / 100).toBeLessThan(7);
  });

  it('draws dark irises where it says the eyes are', () => {
    let darker = 0;
    const people = 30;
    for (let identity = 0; identity < people; identity++) {
      const request = { seed: 4, identity, shot: 0, size: 112, variation: 0 };
      const face = drawFace(request);
      const [left, right] = faceLandmarks(request);
      const [lx, ly] = left!;
      const [rx, ry] = right!;
      const eyes = Math.min(luminance(face, 112, lx, ly), luminance(face, 112, rx, ry));
      // Against the cheeks below them.
      const cheeks = (luminance(face, 112, lx, ly + 18) + luminance(face, 112, rx, ry + 18)) / 2;
      if (eyes < cheeks) darker++;
    }
    expect(darker).toBeGreaterThan(people * 0.9);
  });
});

describe('identities', () => {
  it('keep their traits, and differ from each other', () => {
    expect(drawIdentity(1, 7)).toEqual(drawIdentity(1, 7));
    const people = Array.from({ length: 300 }, (_, i) => drawIdentity(1, i));
    expect(new Set(people.map((p) => JSON.stringify({ ...p, texture: 0 }))).size).toBe(300);
    expect(new Set(people.map((p) => p.hair.style)).size).toBeGreaterThan(9);
    expect(new Set(people.map((p) => p.beard.style)).size).toBe(6);
    const bearded = people.filter((p) => p.beard.style !== 'none');
    expect(bearded.every((p) => p.masculinity > 0.5 && p.age > 18)).toBe(true);
  });

  it('are closer to themselves than to others, but not by pixels alone', () => {
    // Frontal pairs in even light must be easy; shots as they come must not be.
    const gap = (variation: number): number => {
      let wins = 0;
      const people = 40;
      for (let identity = 0; identity < people; identity++) {
        const face = (id: number, shot: number): Uint8Array =>
          drawFace({ seed: 6, identity: id, shot, size: 32, variation });
        const anchor = face(identity, 0);
        if (correlation(anchor, face(identity, 1)) > correlation(anchor, face(identity + people, 1))) wins++;
      }
      return wins / people;
    };
    expect(gap(0)).toBeGreaterThan(0.8);
    expect(gap(1)).toBeLessThan(0.95);
  });
});

describe('syntheticFaceSet', () => {
  const set = syntheticFaceSet({ seed: 3, identities: 4, shotsPerIdentity: 3, firstIdentity: 10, size: 24 });

  it('reads what drawFace draws, in order', async () => {
    expect(set.identities).toHaveLength(4);
    expect(set.labels).toHaveLength(12);
    expect(set.labels[7]).toBe(2);
    expect(set.imageName(7)).toBe('synthetic-3-12/1');
    const expected = drawFace({ seed: 3, identity: 12, shot: 1, size: 24 });
    expect(await set.read(7, 24)).toEqual(expected);
    expect(await set.read(7, 30)).toEqual(drawFace({ seed: 3, identity: 12, shot: 1, size: 30 }));
  });

  it('keeps its own copy of what it remembers', async () => {
    const first = await set.read(0, 24);
    const untouched = first.slice();
    first.fill(0);
    expect(await set.read(0, 24)).toEqual(untouched);
  });

  it('refuses images and options that do not exist', async () => {
    await expect(set.read(12, 24)).rejects.toThrow(/no image 12/);
    await expect(set.read(0, 8)).rejects.toThrow(/size must be/);
    expect(() => syntheticFaceSet({ seed: 0, identities: 0, shotsPerIdentity: 1 })).toThrow(
      /identities must be/,
    );
  });
});

describe('syntheticPairs', () => {
  const options = { seed: 2, identities: 20, shots: 4, folds: 5, pairsPerFold: 12 };

  it('is balanced, true, and splits people between folds', () => {
    const { pairs, folds } = syntheticPairs(options);
    expect(folds).toBe(5);
    expect(pairs).toHaveLength(60);
    const person = (image: number): number => Math.floor(image / options.shots);
    const foldOf = new Map<number, number>();
    for (const { a, b, same, fold } of pairs) {
      expect(a).not.toBe(b);
      expect(person(a) === person(b)).toBe(same);
      for (const image of [a, b]) {
        expect(image).toBeLessThan(80);
        expect(foldOf.get(person(image)) ?? fold).toBe(fold);
        foldOf.set(person(image), fold);
      }
    }
    for (let fold = 0; fold < folds; fold++) {
      const inside = pairs.filter((pair) => pair.fold === fold);
      expect(inside).toHaveLength(12);
      expect(inside.filter((pair) => pair.same)).toHaveLength(6);
    }
    expect(syntheticPairs(options)).toEqual({ pairs, folds });
  });

  it('says so when there are too few people', () => {
    expect(() => syntheticPairs({ ...options, identities: 9 })).toThrow(
      /at least 10 identities of 2 shots, got 9/,
    );
  });
});

describe('contactSheet', () => {
  it('places each face whole', () => {
    const sheet = contactSheet({ seed: 1, firstIdentity: 5, identities: 2, shots: 3, size: 32 });
    expect(sheet.pixels).toHaveLength(sheet.width * sheet.height * 3);
    const face = drawFace({ seed: 1, identity: 6, shot: 2, size: 32 });
    // The last face ends one gap before the lower right corner.
    const [x, y] = [sheet.width - 34, sheet.height - 34];
    for (const line of [0, 31]) {
      const at = ((y + line) * sheet.width + x) * 3;
      expect(sheet.pixels.subarray(at, at + 96)).toEqual(face.subarray(line * 96, line * 96 + 96));
    }
  });

  it('refuses a sheet too large to be meant', () => {
    const options = { seed: 1, firstIdentity: 0, identities: 900, shots: 900, size: 112 };
    expect(() => contactSheet(options)).toThrow(/900 rows of 900 faces.*at most 16777216 pixels/);
  });
});
