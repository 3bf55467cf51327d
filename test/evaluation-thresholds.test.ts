import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Embeddings,
  MATCHING_RULES,
  measure,
  memberCosine,
  pairSimilarities,
  similarity,
} from '../src/evaluation/matching.ts';
import { impostorScores, thresholdAtFar } from '../src/evaluation/thresholds.ts';

// Networks give 32-bit features, subnormals among them.
const number = fc.float({ min: -3, max: 3, noNaN: true });

function embeddingsOf(members: number, count: number, dimension: number): fc.Arbitrary<Embeddings> {
  const length = members * count * dimension;
  return fc
    .array(number, { minLength: length, maxLength: length })
    .map((data) => ({ data: Float64Array.from(data), members, count, dimension }));
}

describe('matching rules', () => {
  // Two members; images 0 and 1 agree for member 0 (cosine 1) and are orthogonal for member 1 (cosine 0).
  const embeddings = { data: Float64Array.of(1, 0, 2, 0, 0, 3, 3, 0), members: 2, count: 2, dimension: 2 };

  test('of two members that disagree, by hand', () => {
    const score = (rule: (typeof MATCHING_RULES)[number]) => pairSimilarities(rule, embeddings, [0], [1])[0];
    expect(score('mean')).toBe(0.5);
    expect(score('min')).toBe(0);
    // (1·2 + 0) / (√(1 + 9) √(4 + 9)): the longer, disagreeing member weighs more.
    expect(score('concat')).toBeCloseTo(2 / Math.sqrt(130), 12);
  });

  test('agree for one member, are symmetric, and stay within [−1, 1]', () => {
    fc.assert(
      fc.property(embeddingsOf(3, 2, 4), embeddingsOf(1, 2, 4), (three, one) => {
        const measured = measure(three);
        for (const rule of MATCHING_RULES) {
          const score = similarity(rule, measured, 0, measured, 1);
          expect(score).toBeCloseTo(similarity(rule, measured, 1, measured, 0), 12);
          expect(Math.abs(score)).toBeLessThanOrEqual(1 + 1e-12);
        }
        const single = measure(one);
        const mean = similarity('mean', single, 0, single, 1);
        expect(similarity('min', single, 0, single, 1)).toBeCloseTo(mean, 9);
        expect(similarity('concat', single, 0, single, 1)).toBeCloseTo(mean, 9);
        expect(similarity('min', measured, 0, measured, 1)).toBeLessThanOrEqual(
          similarity('mean', measured, 0, measured, 1) + 1e-12,
        );
      }),
    );
  });

  test('a feature vector of norm 0 resembles nothing', () => {
    const data = Float64Array.of(0, 0, 1, 1);
    for (const rule of MATCHING_RULES) {
      expect(pairSimilarities(rule, { data, members: 1, count: 2, dimension: 2 }, [0], [1])[0]).toBe(0);
    }
  });

  test('member cosine: copies 1, orthogonal 0, none for a single network', () => {
    const copies = { data: Float64Array.of(1, 2, 3, 4, 2, 4, 6, 8), members: 2, count: 2, dimension: 2 };
    expect(memberCosine(copies)).toBeCloseTo(1, 12);
    expect(memberCosine(embeddings)).toBeCloseTo(0.5, 12); // Orthogonal on image 0, equal on image 1.
    expect(memberCosine({ ...copies, members: 1, count: 4 })).toBeNull();
  });

  test('refuse data that do not fill the shape, numbers that are not finite, images that are not there', () => {
    const wrong = { data: new Float32Array(5), members: 1, count: 2, dimension: 3 };
    expect(() => measure(wrong)).toThrow('= 6 numbers, got 5');
    const diverged = { data: Float32Array.of(1, 1, 1, Number.NaN), members: 2, count: 1, dimension: 2 };
    expect(() => measure(diverged)).toThrow('image 0 by member 1 are not finite');
    expect(() => pairSimilarities('mean', embeddings, [0], [2])).toThrow('names image 2, but there are 2');
    expect(() => pairSimilarities('mean', embeddings, [0], [1, 0])).toThrow('1 first images and 2 second');
  });
});

describe('threshold at a false accept rate', () => {
  test('is the score that one accept too many would need', () => {
    const scores = Float64Array.from({ length: 100 }, (_, i) => i); // 0 … 99
    expect(thresholdAtFar(scores, 0.01)).toBe(98); // Only 99 is greater.
    expect(thresholdAtFar(scores, 0.29)).toBe(70); // 29 are greater, though 0.29 · 100 is 28.999… in float64.
    expect(thresholdAtFar(scores, 0.015)).toBe(98);
  });

  test('accepts fewer where scores tie', () => {
    expect(thresholdAtFar(Float64Array.of(1, 2, 3, 3, 3, 0, 0, 0, 0, 0), 0.2)).toBe(3);
  });

  test('is the smallest that holds the rate', () => {
    const grid = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(
        fc.array(grid, { minLength: 10, maxLength: 60 }),
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        (list, far) => {
          const scores = Float64Array.from(list);
          const rate = (threshold: number) => list.filter((s) => s > threshold).length / list.length;
          const threshold = thresholdAtFar(scores, far);
          expect(rate(threshold)).toBeLessThanOrEqual(far);
          expect(rate(threshold - 1e-9)).toBeGreaterThan(far);
        },
      ),
    );
  });

  test('says how many pairs a rate needs', () => {
    expect(() => thresholdAtFar(new Float64Array(50), 0.001)).toThrow(
      'needs at least 1000 pairs of different people, got 50',
    );
    expect(() => thresholdAtFar(new Float64Array(50), 1)).toThrow('between 0 and 1, got 1');
    expect(() => thresholdAtFar({ count: 1000, top: new Float64Array(5) }, 0.01)).toThrow(
      '11 highest scores, got 5',
    );
    expect(() => thresholdAtFar(Float64Array.of(1, Number.NaN, 0), 0.5)).toThrow('hold NaN');
  });
});

describe('impostor scores', () => {
  const identities = ['ann', 'ann', 'bob', 'cy', 'bob', 'dee', 'cy'];

  test('are the similarities of all pairs of different people, highest first', () => {
    fc.assert(
      fc.property(
        embeddingsOf(2, identities.length, 3),
        fc.constantFrom(...MATCHING_RULES),
        (embeddings, rule) => {
          const expected: number[] = [];
          for (const [i, who] of identities.entries()) {
            for (const [j, other] of identities.entries()) {
              if (j > i && who !== other) expected.push(pairSimilarities(rule, embeddings, [i], [j])[0]!);
            }
          }
          expected.sort((a, b) => b - a);
          const all = impostorScores(embeddings, identities, rule, { far: 1 });
          expect(all.count).toBe(18);
          expect([...all.top]).toEqual(expected);
          // Of 18 pairs at 30 %, five may be accepted, and the sixth highest is the threshold.
          const some = impostorScores(embeddings, identities, rule, { far: 0.3 });
          expect([...some.top]).toEqual(expected.slice(0, 6));
          expect(thresholdAtFar(some, 0.3)).toBe(thresholdAtFar(Float64Array.from(expected), 0.3));
        },
      ),
    );
  });

  test('of a sample: about as many as asked, seeded, and alike in distribution', () => {
    const count = 600;
    const data = Float32Array.from({ length: count * 4 }, (_, i) => Math.sin(i * 78.233) * 3);
    const embeddings = { data, members: 1, count, dimension: 4 };
    const labels = Array.from({ length: count }, (_, i) => i % 100);
    const sampled = (seed: number) =>
      impostorScores(embeddings, labels, 'mean', { far: 0.1, sample: { pairs: 20_000, seed } });
    const one = sampled(1);
    expect(Math.abs(one.count - 20_000)).toBeLessThan(1000);
    expect(sampled(1)).toEqual(one);
    expect(sampled(2).top).not.toEqual(one.top);
    const exact = thresholdAtFar(impostorScores(embeddings, labels, 'mean', { far: 0.1 }), 0.1);
    expect(thresholdAtFar(one, 0.1)).toBeCloseTo(exact, 1);
  });

  test('refuse sets without strangers', () => {
    const embeddings = { data: new Float32Array(4).fill(1), members: 1, count: 2, dimension: 2 };
    expect(() => impostorScores(embeddings, [7, 7], 'mean', { far: 0.1 })).toThrow(
      'all 2 images show one person',
    );
    expect(() => impostorScores(embeddings, [7], 'mean', { far: 0.1 })).toThrow('2 images and 1 identities');
  });
});
