import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { similarityHistogram } from '../src/evaluation/distribution.ts';
import {
  bootstrap,
  meanInterval,
  median,
  medianInterval,
  medianRatio,
  rateDifference,
  studentQuantile,
  wilson,
} from '../src/evaluation/intervals.ts';
import { areaUnderSuccess, medianSize, successCurve, transferSuccess } from '../src/evaluation/success.ts';

describe('intervals', () => {
  test('Wilson: published values and ends', () => {
    // Newcombe (1998), table I: 81/263 and 15/148.
    expect(wilson(81, 263).low).toBeCloseTo(0.2553, 4);
    expect(wilson(81, 263).high).toBeCloseTo(0.3662, 4);
    expect(wilson(15, 148).low).toBeCloseTo(0.0624, 4);
    expect(wilson(15, 148).high).toBeCloseTo(0.1605, 4);
    expect(wilson(0, 20)).toMatchObject({ value: 0, low: 0 });
    expect(wilson(0, 20).high).toBeCloseTo(0.1611, 4);
    expect(wilson(29, 29).high).toBe(1);
    expect(() => wilson(0, 0)).toThrow('0 of 0');
    expect(() => wilson(3, 2)).toThrow('3 of 2');
  });

  test('Wilson holds its rate and mirrors', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (a, b) => {
        fc.pre(a + b > 0);
        const one = wilson(a, a + b);
        const other = wilson(b, a + b);
        expect(one.low).toBeLessThanOrEqual(one.value + 1e-12);
        expect(one.high).toBeGreaterThanOrEqual(one.value - 1e-12);
        expect(one.low).toBeGreaterThanOrEqual(0);
        expect(one.low).toBeCloseTo(1 - other.high, 12);
      }),
    );
  });

  test.each([
    [1, 12.7062],
    [2, 4.30265],
    [3, 3.18245],
    [9, 2.26216],
    [10, 2.22814],
    [29, 2.04523],
    [120, 1.97993],
    [1000, 1.96234],
  ])('Student quantile of %i degrees of freedom', (freedom, expected) => {
    expect(studentQuantile(freedom)).toBeCloseTo(expected, 4);
  });

  test('mean over seeds', () => {
    const { value, low, high } = meanInterval([1, 2, 3]);
    expect(value).toBe(2);
    expect(high - value).toBeCloseTo(4.30265 / Math.sqrt(3), 4);
    expect(value - low).toBeCloseTo(high - value, 12);
    expect(meanInterval([4])).toEqual({ value: 4, low: Number.NaN, high: Number.NaN });
    expect(() => meanInterval([])).toThrow('got none');
    expect(() => studentQuantile(0)).toThrow('at least 1, got 0');
  });

  test('medians, with pairs that never gave way', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([1, Infinity, Infinity, 2])).toBe(Infinity);
    expect(median([Infinity, Infinity])).toBe(Infinity);
    expect(median([])).toBeNaN();
  });

  test('bootstrap: seeded, holds the value, and as wide as theory says', () => {
    const values = Float64Array.from({ length: 200 }, (_, i) => (i * 73) % 200);
    const one = medianInterval(values, { seed: 5 });
    expect(medianInterval(values, { seed: 5 })).toEqual(one);
    expect(medianInterval(values, { seed: 6 })).not.toEqual(one);
    expect(one.value).toBe(99.5);
    // The order statistics at n/2 ± 1.96 √n/2: 100 ± 13.9.
    expect(one.low).toBeGreaterThan(80);
    expect(one.low).toBeLessThan(92);
    expect(one.high).toBeGreaterThan(107);
    expect(one.high).toBeLessThan(120);
    expect(() => bootstrap(0, () => 0, { seed: 1 })).toThrow('at least one item');
  });

  test('paired ratio and difference', () => {
    const b = Float64Array.from({ length: 50 }, (_, i) => 1 + (i % 7));
    const doubled = medianRatio(
      b.map((v) => 2 * v),
      b,
      { seed: 1 },
    );
    expect(doubled).toEqual({ value: 2, low: 2, high: 2 }); // Resampled pair by pair: no spread at all.
    expect(medianRatio([Infinity, Infinity], [Infinity, Infinity], { seed: 1 }).low).toBeNaN();
    const difference = rateDifference([1, 1, 0, 0], [0, 0, 0, 0], { seed: 1 });
    expect(difference.value).toBe(0.5);
    expect(difference.low).toBeGreaterThanOrEqual(0);
    expect(() => medianRatio([1], [1, 2], { seed: 1 })).toThrow('1 and 2 values');
  });
});

describe('success against size', () => {
  const sizes = [0, 2, 2, 4, Infinity];

  test('counts sizes up to and including the point', () => {
    const curve = successCurve(sizes, [0, 1, 2, 3.9, 4, 100]);
    expect(curve.map((p) => p.successes)).toEqual([1, 1, 3, 3, 4, 4]);
    expect(curve[2]).toMatchObject({ size: 2, pairs: 5, rate: 0.6 });
    expect(curve[2]!.low).toBe(wilson(3, 5).low);
    expect(medianSize(sizes)).toBe(2);
    expect(medianSize([1, Infinity, Infinity])).toBe(Infinity);
  });

  test('never falls, and its area is that of a fine staircase', () => {
    const size = fc.oneof(fc.double({ min: 0, max: 12, noNaN: true }), fc.constant(Infinity));
    fc.assert(
      fc.property(fc.array(size, { minLength: 1, maxLength: 30 }), (list) => {
        const steps = 4000;
        const at = Array.from({ length: steps }, (_, i) => ((i + 0.5) / steps) * 10);
        const curve = successCurve(list, at);
        expect(curve.every((p, i) => i === 0 || p.rate >= curve[i - 1]!.rate)).toBe(true);
        const area = curve.reduce((sum, p) => sum + p.rate, 0) / steps;
        expect(areaUnderSuccess(list, 10)).toBeCloseTo(area, 3);
      }),
      { numRuns: 30 },
    );
  });

  test('area at its ends', () => {
    expect(areaUnderSuccess([0, 0], 5)).toBe(1);
    expect(areaUnderSuccess([Infinity, 9], 5)).toBe(0);
    expect(areaUnderSuccess([2.5], 5)).toBe(0.5);
  });

  test('refuses no pairs, sizes below 0, an endless range', () => {
    expect(() => successCurve([], [1])).toThrow('got none');
    expect(() => medianSize([1, -2])).toThrow('pair 1 is -2');
    expect(() => areaUnderSuccess([1], Infinity)).toThrow('got Infinity');
  });
});

describe('black-box success', () => {
  test('pairs that never came so near are failures, and named', () => {
    const points = transferSuccess(
      [1, 0.4],
      [
        { name: 'a→b', success: [false, true] },
        { name: 'b→c', success: [true, true] },
        { name: 'c→d', success: [false, null] },
        { name: 'd→e', success: [false, false] },
      ],
    );
    expect(points[0]).toMatchObject({ distance: 1, reached: 4, successes: 1, rate: 0.25, neverReached: [] });
    expect(points[1]).toMatchObject({ distance: 0.4, pairs: 4, reached: 3, successes: 2, rate: 0.5 });
    expect(points[1]!.rateOfReached).toBeCloseTo(2 / 3, 12);
    expect(points[1]!.neverReached).toEqual(['c→d']);
    expect(points[1]!.low).toBe(wilson(2, 4).low);
  });

  test('refuses no pairs, and outcomes that do not match the distances', () => {
    expect(() => transferSuccess([1], [])).toThrow('got none');
    expect(() => transferSuccess([1, 0.5], [{ name: 'a→b', success: [true] }])).toThrow('a→b has 1 outcomes');
  });
});

describe('similarity histogram', () => {
  test('a bin holds its lower edge; the last both; beyond ±1 counts at the ends', () => {
    const scores = Float64Array.of(-1, -0.5, 0, 0.49, 0.5, 1, 1.0000001, -1.2);
    const same = [false, false, false, true, true, true, true, false];
    const { edges, same: one, different } = similarityHistogram(scores, same, 4);
    expect(edges).toEqual([-1, -0.5, 0, 0.5, 1]);
    expect(different).toEqual([2, 1, 1, 0]);
    expect(one).toEqual([0, 0, 1, 3]);
  });

  test('refuses NaN, lists of unequal length, no bins', () => {
    expect(() => similarityHistogram(Float64Array.of(Number.NaN), [true])).toThrow('pair 0 is NaN');
    expect(() => similarityHistogram(new Float64Array(2), [true])).toThrow('2 scores and 1 labels');
    expect(() => similarityHistogram(new Float64Array(1), [true], 0)).toThrow('at least 1, got 0');
  });
});
