/** Alignment, on transforms whose answer is known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ARCFACE_TEMPLATE,
  alignedFaceSet,
  alignFace,
  applySimilarity,
  DataError,
  estimateSimilarity,
  type FivePoints,
  ImageError,
  invertSimilarity,
  type Picture,
  readLandmarks,
  type Similarity,
  templateAt,
  warp,
} from '../src/data/index.ts';
import { drawFace, faceLandmarks } from '../src/data/synthetic/index.ts';
import { decodePicture } from '../src/platform/node-images.ts';
import { formulaImage, formulaPixels, imageNames, plainSet } from './support/data-fixtures.ts';

const turnAndScale = fc.record({
  angle: fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }),
  scale: fc.double({ min: 0.05, max: 20, noNaN: true }),
  x0: fc.double({ min: -500, max: 500, noNaN: true }),
  y0: fc.double({ min: -500, max: 500, noNaN: true }),
});
type TurnAndScale = typeof turnAndScale extends fc.Arbitrary<infer T> ? T : never;

const similarityOf = ({ angle, scale, x0, y0 }: TurnAndScale): Similarity => ({
  a: scale * Math.cos(angle),
  b: scale * Math.sin(angle),
  x0,
  y0,
});

const coordinate = fc.double({ min: -200, max: 200, noNaN: true });
const fivePoints = fc.array(fc.tuple(coordinate, coordinate), { minLength: 5, maxLength: 5 });

/** Solves A·x = y by Gaussian elimination with pivots: an oracle that shares nothing with the closed form. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i]!]);
  const n = rows.length;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let i = column; i < n; i++)
      if (Math.abs(rows[i]![column]!) > Math.abs(rows[pivot]![column]!)) pivot = i;
    [rows[column], rows[pivot]] = [rows[pivot]!, rows[column]!];
    for (let i = 0; i < n; i++) {
      if (i === column) continue;
      const factor = rows[i]![column]! / rows[column]![column]!;
      rows[i] = rows[i]!.map((value, k) => value - factor * rows[column]![k]!);
    }
  }
  return rows.map((row, i) => row[n]! / row[i]!);
}

/** Least squares of (a, b, x0, y0) by the normal equations. */
function oracleSimilarity(from: FivePoints, to: FivePoints): Similarity {
  const equations = from.flatMap(([x, y]) => [
    [x, -y, 1, 0],
    [y, x, 0, 1],
  ]);
  const values = to.flat();
  const normal = [0, 1, 2, 3].map((i) =>
    [0, 1, 2, 3].map((j) => equations.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
  );
  const right = [0, 1, 2, 3].map((i) => equations.reduce((sum, row, k) => sum + row[i]! * values[k]!, 0));
  const [a, b, x0, y0] = solve(normal, right) as [number, number, number, number];
  return { a, b, x0, y0 };
}

describe('estimateSimilarity', () => {
  it('recovers any turn, scale and shift of the template', () => {
    fc.assert(
      fc.property(turnAndScale, (parameters) => {
        const truth = similarityOf(parameters);
        const moved = ARCFACE_TEMPLATE.map(([x, y]) => applySimilarity(truth, x, y));
        const found = estimateSimilarity(ARCFACE_TEMPLATE, moved);
        for (const key of ['a', 'b'] as const) expect(found[key]).toBeCloseTo(truth[key], 9);
        for (const key of ['x0', 'y0'] as const) expect(found[key]).toBeCloseTo(truth[key], 7);
        const back = estimateSimilarity(moved, ARCFACE_TEMPLATE);
        const inverse = invertSimilarity(truth);
        expect(Math.abs(back.a - inverse.a)).toBeLessThan(1e-9 / parameters.scale);
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  it('is the least-squares answer for points that no similarity joins', () => {
    fc.assert(
      fc.property(fivePoints, fivePoints, (from, to) => {
        let found: Similarity;
        try {
          found = estimateSimilarity(from, to);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(DataError);
          return;
        }
        const spread = Math.max(
          ...from.flatMap(([x, y]) => [Math.abs(x - from[0]![0]), Math.abs(y - from[0]![1])]),
        );
        fc.pre(spread > 1);
        const truth = oracleSimilarity(from, to);
        const error = (s: Similarity) =>
          from.reduce((sum, [x, y], i) => {
            const [u, v] = applySimilarity(s, x, y);
            return sum + (u - to[i]![0]) ** 2 + (v - to[i]![1]) ** 2;
          }, 0);
        expect(error(found)).toBeLessThanOrEqual(error(truth) * (1 + 1e-9) + 1e-6);
        for (const nudge of [{ a: 1e-3 }, { b: 1e-3 }, { x0: 1e-2 }, { y0: -1e-2 }]) {
          const [key, by] = Object.entries(nudge)[0]! as [keyof Similarity, number];
          expect(error(found)).toBeLessThanOrEqual(error({ ...found, [key]: found[key] + by }));
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  it('does not mirror, even where that would fit better', () => {
    const mirrored = ARCFACE_TEMPLATE.map(([x, y]): [number, number] => [112 - x, y]);
    const { a, b } = estimateSimilarity(mirrored, ARCFACE_TEMPLATE);
    // A similarity of this form always has determinant a² + b²: what could go wrong is a scale of nothing.
    expect(a * a + b * b).toBeGreaterThan(0.001);
    const [eye] = mirrored.map(([x, y]) =>
      applySimilarity(estimateSimilarity(mirrored, ARCFACE_TEMPLATE), x, y),
    );
    expect(Math.hypot(eye![0] - ARCFACE_TEMPLATE[0]![0], eye![1] - ARCFACE_TEMPLATE[0]![1])).toBeGreaterThan(
      5,
    );
  });

  it.each<[string, FivePoints]>([
    ['points that coincide', Array.from({ length: 5 }, () => [3, 4] as const)],
    ['infinite points', ARCFACE_TEMPLATE.map(([x], i) => [x, i === 2 ? Infinity : 0] as const)],
    ['points that are no numbers', ARCFACE_TEMPLATE.map(([x], i) => [x, i === 2 ? Number.NaN : 0] as const)],
    ['points beyond all pictures', ARCFACE_TEMPLATE.map(([x, y]) => [x * 1e300, y * 1e300] as const)],
    ['too few points', ARCFACE_TEMPLATE.slice(0, 4)],
  ])('refuses %s', (_, points) => {
    expect(() => estimateSimilarity(points, ARCFACE_TEMPLATE)).toThrow(DataError);
  });

  it('refuses a mirror image that leaves no turn to choose', () => {
    const square: FivePoints = [
      [1, 0],
      [-1, 0],
      [0, 1],
      [0, -1],
      [0, 0],
    ];
    const mirrored = square.map(([x, y]) => [-x, y] as const);
    expect(() => estimateSimilarity(square, mirrored)).toThrow(/no turn and scale/);
  });
});

/** A smooth picture of width × height, and the function that it samples. */
const smooth = (x: number, y: number, channel: number): number =>
  128 + 60 * Math.sin(x / 9 + channel) * Math.cos(y / 11) + 50 * Math.cos((x + y) / 17 + channel);
function smoothPicture(width: number, height: number): Picture {
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / 3);
    pixels[i] = Math.round(smooth(pixel % width, Math.floor(pixel / width), i % 3));
  }
  return { width, height, pixels };
}

/** Bilinear interpolation in float64, written as a sum over all pixels near: max(0, 1 − |dx|) · max(0, 1 − |dy|). */
function bilinearOracle({ width, height, pixels }: Picture, u: number, v: number, channel: number): number {
  let sum = 0;
  for (let y = Math.floor(v) - 1; y <= v + 2; y++) {
    for (let x = Math.floor(u) - 1; x <= u + 2; x++) {
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const weight = Math.max(0, 1 - Math.abs(x - u)) * Math.max(0, 1 - Math.abs(y - v));
      sum += weight * pixels[(y * width + x) * 3 + channel]!;
    }
  }
  return sum;
}

/** The largest difference of a square picture's bytes from what they should be. NaN where one is. */
function worst(
  pixels: Uint8Array,
  size: number,
  truth: (x: number, y: number, channel: number) => number,
): number {
  let most = 0;
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / 3);
    most = Math.max(most, Math.abs(pixels[i]! - truth(pixel % size, Math.floor(pixel / size), i % 3)));
  }
  return most;
}

describe('warp', () => {
  const picture = smoothPicture(90, 70);

  it('is bilinear, black outside, for any transform', () => {
    fc.assert(
      fc.property(turnAndScale, fc.integer({ min: 1, max: 16 }), (parameters, size) => {
        const transform = similarityOf({ ...parameters, x0: parameters.x0 / 5, y0: parameters.y0 / 5 });
        const out = warp(picture, transform, size);
        expect(out).toHaveLength(size * size * 3);
        const error = worst(out, size, (x, y, channel) => {
          const [u, v] = applySimilarity(transform, x, y);
          return bilinearOracle(picture, u, v, channel);
        });
        expect(error).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('follows a smooth function where the picture has it', () => {
    const inside = fc.record({
      angle: fc.double({ min: -0.6, max: 0.6, noNaN: true }),
      scale: fc.double({ min: 0.3, max: 1.2, noNaN: true }),
      x0: fc.double({ min: 25, max: 40, noNaN: true }),
      y0: fc.double({ min: 22, max: 32, noNaN: true }),
    });
    fc.assert(
      fc.property(inside, (parameters) => {
        const transform = similarityOf(parameters);
        const error = worst(warp(picture, transform, 20), 20, (x, y, channel) => {
          const [u, v] = applySimilarity(transform, x, y);
          return smooth(u, v, channel);
        });
        // Rounding twice, and h²/8 · (|f_xx| + |f_yy|) of linear interpolation: under 1 + 0.3.
        expect(error).toBeLessThan(1.3);
      }),
      { numRuns: 100, seed: 4 },
    );
  });
});

describe('alignFace', () => {
  it('leaves a face that is aligned as it is, at any size', () => {
    for (const size of [112, 56, 40]) {
      const picture = { width: size, height: size, pixels: formulaPixels(size, 1) };
      expect(alignFace(picture, templateAt(size), size)).toEqual(picture.pixels);
    }
  });

  it('scales the template as a picture is resized', () => {
    // Corners of pixels stay corners: the template on half the pixels is the average of pairs of positions.
    for (const [i, [x, y]] of templateAt(56).entries()) {
      expect(2 * x + 0.5).toBeCloseTo(ARCFACE_TEMPLATE[i]![0], 12);
      expect(2 * y + 0.5).toBeCloseTo(ARCFACE_TEMPLATE[i]![1], 12);
    }
  });

  it('undoes any turn, scale and shift of a face', () => {
    const away = fc.record({
      angle: fc.double({ min: -Math.PI, max: Math.PI, noNaN: true }),
      scale: fc.double({ min: 1, max: 3, noNaN: true }),
      x0: fc.constant(0),
      y0: fc.constant(0),
    });
    const size = 32;
    fc.assert(
      fc.property(away, (parameters) => {
        // A larger picture that shows smooth(S⁻¹(p)) and so has the face at S(template).
        const side = 160;
        const centre = applySimilarity(similarityOf(parameters), 15.5, 15.5);
        const transform = similarityOf({ ...parameters, x0: side / 2 - centre[0], y0: side / 2 - centre[1] });
        const inverse = invertSimilarity(transform);
        const pixels = new Uint8Array(side * side * 3);
        for (let i = 0; i < pixels.length; i++) {
          const pixel = Math.floor(i / 3);
          const [u, v] = applySimilarity(inverse, pixel % side, Math.floor(pixel / side));
          pixels[i] = Math.round(smooth(u, v, i % 3));
        }
        const landmarks = templateAt(size).map(([x, y]) => applySimilarity(transform, x, y));
        const face = alignFace({ width: side, height: side, pixels }, landmarks, size);
        for (let i = 0; i < face.length; i++) {
          const pixel = Math.floor(i / 3);
          expect(Math.abs(face[i]! - smooth(pixel % size, Math.floor(pixel / size), i % 3))).toBeLessThan(
            1.5,
          );
        }
      }),
      { numRuns: 40, seed: 5 },
    );
  });

  it('brings the eyes of a drawn face to the template', () => {
    const request = { seed: 5, identity: 3, shot: 2, size: 112 };
    const picture = { width: 112, height: 112, pixels: drawFace(request) };
    const landmarks = faceLandmarks(request);
    const similarity = estimateSimilarity(landmarks, ARCFACE_TEMPLATE);
    const before = landmarks.map(([x, y], i) =>
      Math.hypot(x - ARCFACE_TEMPLATE[i]![0], y - ARCFACE_TEMPLATE[i]![1]),
    );
    const after = landmarks.map(([x, y], i) => {
      const [u, v] = applySimilarity(similarity, x, y);
      return Math.hypot(u - ARCFACE_TEMPLATE[i]![0], v - ARCFACE_TEMPLATE[i]![1]);
    });
    const sum = (values: readonly number[]) => values.reduce((total, value) => total + value * value, 0);
    expect(sum(after)).toBeLessThan(sum(before));
    expect(alignFace(picture, landmarks, 112)).toHaveLength(112 * 112 * 3);
  });

  it('refuses what is no face or no size', () => {
    const picture = smoothPicture(4, 4);
    expect(() => alignFace(picture, ARCFACE_TEMPLATE.slice(1), 112)).toThrow(
      /expected five landmarks, got 4/,
    );
    expect(() => alignFace(picture, ARCFACE_TEMPLATE, 0)).toThrow(/size must be/);
    expect(() =>
      alignFace(
        picture,
        ARCFACE_TEMPLATE.map(() => [1, 1] as const),
        8,
      ),
    ).toThrow(/no turn and scale/);
  });
});

describe('landmarks', () => {
  const HEADER =
    'image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,left_mouth_x,left_mouth_y,right_mouth_x,right_mouth_y';
  const NUMBERS = ARCFACE_TEMPLATE.flat().join(',');
  const set = plainSet({ ann: 2, bob: 1 });

  it.each([
    ['a header', `${HEADER}\r\nann/ann_0002.png,${NUMBERS}\r\nbob/bob_0001.jpg,${NUMBERS}\r\n`],
    ['no header', `\uFEFFann/ann_0002.png,${NUMBERS}\nbob/bob_0001.jpg,${NUMBERS}`],
    [
      'paths from elsewhere',
      `/photos/ann/ann_0002,${NUMBERS}\nbob_0001.jpg,${NUMBERS}\neve/1.jpg,${NUMBERS}`,
    ],
  ])('are read from a table with %s', (_, text) => {
    const { images, points, skipped } = readLandmarks(text, set, 'points.csv');
    expect([...images]).toEqual([1, 2]);
    expect([...points]).toEqual([
      ...Float32Array.from([...ARCFACE_TEMPLATE.flat(), ...ARCFACE_TEMPLATE.flat()]),
    ]);
    expect(skipped[0]).toEqual({ name: 'ann/ann_0001.jpg', reason: 'has no landmarks' });
    expect(skipped.slice(1).map(({ name }) => name)).toEqual(text.includes('eve') ? ['eve/1.jpg'] : []);
  });

  it('finds columns by their names', () => {
    const columns = HEADER.split(',');
    const values = ['ann/ann_0001.jpg', ...ARCFACE_TEMPLATE.flat().map(String)];
    const order = [3, 0, 10, 7, 1, 2, 9, 8, 4, 6, 5];
    const text = ['score', ...order.map((i) => columns[i]!)].join(',');
    const table = `${text}\n0.99,${order.map((i) => values[i]!).join(',')}`;
    expect([...readLandmarks(table, set, 'points.csv').points]).toEqual([
      ...Float32Array.from(ARCFACE_TEMPLATE.flat()),
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['too few numbers', `ann/ann_0001.jpg,1,2,3\n`, /line 1 has 4 fields; expected 11/],
    ['a word', `ann/ann_0001.jpg,${NUMBERS.replace('38.2946', 'left')}\n`, /line 1 has left_eye_x = "left"/],
    [
      'NaN',
      `${HEADER}\nann/ann_0001.jpg,${NUMBERS.replace('51.6963', 'NaN')}\n`,
      /line 2 has left_eye_y = "NaN"/,
    ],
    ['an image twice', `a.jpg,${NUMBERS}\na.jpg,${NUMBERS}`, /line 2 has a\.jpg again/],
    ['nobody of the set', `eve/1.jpg,${NUMBERS}`, /none of its 1 images is in plain/],
    ['nothing', '', /none of its 0 images/],
  ])('are refused with %s', (_, text, message) => {
    expect(() => readLandmarks(text, set, 'points.csv')).toThrow(message);
    expect(() => readLandmarks(text, set, 'points.csv')).toThrow(DataError);
  });

  it('make a set of photographs a set of aligned faces', async () => {
    const stored = [await formulaImage(120, 0), await formulaImage(120, 1), new Uint8Array(9)];
    const photographs = { ...set, readEncoded: async (index: number) => stored[index]! };
    const shifted = ARCFACE_TEMPLATE.flatMap(([x, y]) => [x + 5, y + 3]);
    const text = [
      `ann/ann_0002,${shifted.join(',')}`,
      `bob/bob_0001,${NUMBERS}`,
      `ann/ann_0001,${'7,'.repeat(9)}7`,
    ].join('\n');
    const aligned = alignedFaceSet(photographs, readLandmarks(text, set, 'points.csv'), decodePicture);
    expect(imageNames(aligned)).toEqual(['ann/ann_0001.jpg', 'ann/ann_0002.jpg', 'bob/bob_0001.jpg']);
    expect([...aligned.labels]).toEqual([0, 0, 1]);
    // A shift by whole pixels cuts a window out.
    const whole = formulaPixels(120, 1);
    const face = await aligned.read(1, 112);
    for (const [x, y] of [
      [0, 0],
      [50, 60],
      [111, 111],
    ] as const) {
      for (let c = 0; c < 3; c++) {
        expect(face[(y * 112 + x) * 3 + c]).toBe(whole[((y + 3) * 120 + x + 5) * 3 + c]);
      }
    }
    await expect(aligned.read(0, 112)).rejects.toThrow(
      /plain: ann\/ann_0001\.jpg: similarity: no turn and scale/,
    );
    await expect(aligned.read(0, 112)).rejects.toBeInstanceOf(ImageError);
    await expect(aligned.read(2, 112)).rejects.toBeInstanceOf(ImageError);
    await expect(aligned.read(3, 112)).rejects.toThrow(/no image 3/);
    expect(aligned.readEncoded).toBeUndefined();
    expect(() => alignedFaceSet(aligned, readLandmarks(text, set, 'x'), decodePicture)).toThrow(
      /cannot be aligned/,
    );
  });
});
