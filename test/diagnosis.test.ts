/** Angles and volumes of features whose answers are known. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagnose, volume } from '../src/experiments/study/diagnosis.ts';

const axis = (dimension: number, at: number, length = 1) =>
  Array.from({ length: dimension }, (_, i) => (i === at ? length : 0));

describe('diagnose', () => {
  test('finds members at right angles to each other, each along its own weight vector', () => {
    // Two members, two images, two identities; features of any length.
    const data = Float32Array.from([axis(4, 0, 3), axis(4, 1, 2), axis(4, 2, 5), axis(4, 3)].flat());
    const weights = { data: Float32Array.from([...data].map((v) => 2 * v)), sets: 2 };
    const found = diagnose({ data, members: 2, count: 2, dimension: 4 }, [0, 1], weights);
    const right = [
      [0, 90],
      [90, 0],
    ];
    expect(found.featureToWeight).toEqual(right);
    expect(found.featureToFeature).toEqual(right);
    expect(found.volume).toBeCloseTo(1, 12);
    expect(found.images).toBe(2);
  });

  test('of shared weight vectors measures every member against the same', () => {
    const half = Math.SQRT1_2;
    const data = Float32Array.from([1, 0, half, half]);
    const found = diagnose({ data, members: 2, count: 1, dimension: 2 }, [0], {
      data: Float32Array.from([1, 0]),
      sets: 1,
    });
    expect(found.featureToWeight.map((row) => row.map((v) => Math.round(v * 1e3) / 1e3))).toEqual([
      [0, 0],
      [45, 45],
    ]);
    expect(found.volume).toBeCloseTo(half, 6);
  });

  test('of one network has no volume', () => {
    const one = { data: Float32Array.from([1, 2]), members: 1, count: 1, dimension: 2 };
    expect(diagnose(one, [0], { data: Float32Array.from([1, 2]), sets: 1 }).volume).toBeNull();
  });

  test('takes the geometric mean of volumes', () => {
    // Angles of 90° and 30° between two members: volumes 1 and 1/2.
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const data = Float32Array.from([1, 0, 1, 0, 0, 1, c, s]);
    const found = diagnose({ data, members: 2, count: 2, dimension: 2 }, [0, 0], {
      data: Float32Array.from([1, 0]),
      sets: 1,
    });
    expect(found.volume).toBeCloseTo(Math.SQRT1_2, 6);
  });
});

test('a volume is the root of the Gram matrix’s determinant', () => {
  const vectors = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 5, max: 9 }))
    .chain(([count, dimension]) =>
      fc.array(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: dimension, maxLength: dimension }),
        { minLength: count, maxLength: count },
      ),
    );
  fc.assert(
    fc.property(vectors, (rows) => {
      const gram = rows.map((a) => rows.map((b) => a.reduce((sum, v, i) => sum + v * b[i]!, 0)));
      const expected = Math.sqrt(Math.max(0, determinant(gram)));
      // A determinant near 0 keeps half the digits of its root.
      expect(volume(rows.map((row) => Float64Array.from(row)))).toBeCloseTo(expected, 6);
    }),
    { seed: 1 },
  );
});

/** By the Leibniz formula: slow, and nothing like Gram–Schmidt. */
function determinant(rows: readonly (readonly number[])[]): number {
  if (rows.length === 0) return 1;
  const [first, ...rest] = rows;
  return first!.reduce((sum, value, column) => {
    const minor = rest.map((row) => row.filter((_, i) => i !== column));
    return sum + (column % 2 ? -1 : 1) * value * determinant(minor);
  }, 0);
}
