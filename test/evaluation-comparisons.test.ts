import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bootstrap,
  meanRatioInterval,
  median,
  medianInterval,
  medianRatio,
  rateDifference,
  rateGap,
} from '../src/evaluation/intervals.ts';
import { matchAccuracy } from '../src/evaluation/matched.ts';

const curve = (...accuracies: number[]) => accuracies.map((accuracy, i) => ({ accuracy, epoch: i + 1 }));

describe('matched accuracy', () => {
  test('is the highest that all attain, and each gives its nearest point', () => {
    const { accuracy, chosen } = matchAccuracy([
      curve(0.6, 0.8, 0.9, 0.94),
      curve(0.5, 0.7, 0.86),
      curve(0.7, 0.84, 0.89),
    ]);
    expect(accuracy).toBe(0.86);
    expect(chosen.map((p) => p.epoch)).toEqual([3, 3, 2]);
  });

  test('is not the last accuracy: a defence that got worse again counts by its best', () => {
    const { accuracy, chosen } = matchAccuracy([curve(0.9, 0.7), curve(0.8, 0.95)]);
    expect(accuracy).toBe(0.9);
    expect(chosen.map((p) => p.epoch)).toEqual([1, 2]);
  });

  test('of points equally near the first is taken', () => {
    expect(matchAccuracy([curve(0.75), curve(0.5, 1)]).chosen.map((p) => p.epoch)).toEqual([1, 1]);
    expect(matchAccuracy([curve(0.5, 0.75, 0.75)]).chosen[0]!.epoch).toBe(2);
  });

  test('no point of any curve lies nearer than the one chosen', () => {
    const accuracies = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(fc.array(accuracies, { minLength: 1, maxLength: 6 }), (lists) => {
        const curves = lists.map((list) => curve(...list));
        const { accuracy, chosen } = matchAccuracy(curves);
        for (const [i, points] of curves.entries()) {
          expect(Math.max(...points.map((p) => p.accuracy))).toBeGreaterThanOrEqual(accuracy);
          for (const point of points) {
            const nearest = Math.abs(chosen[i]!.accuracy - accuracy);
            expect(Math.abs(point.accuracy - accuracy)).toBeGreaterThanOrEqual(nearest);
          }
        }
        expect(chosen.some((p) => p.accuracy === accuracy)).toBe(true);
      }),
    );
  });

  test('refuses no curves, no points, no number', () => {
    expect(() => matchAccuracy([])).toThrow('at least one curve');
    expect(() => matchAccuracy([curve(0.5), []])).toThrow('curve 1 has no points');
    expect(() => matchAccuracy([curve(Number.NaN)])).toThrow('curve 0 is NaN');
  });
});

describe('comparing rates and ratios', () => {
  test("difference of two rates: Newcombe's published intervals", () => {
    // Newcombe (1998), table II, method 10: 56/70 − 48/80, 9/10 − 3/10, 10/10 − 0/10.
    const of = (a: number, m: number, b: number, n: number) =>
      rateGap({ successes: a, trials: m }, { successes: b, trials: n });
    expect(of(56, 70, 48, 80)).toMatchObject({ value: expect.closeTo(0.2, 12) });
    expect(of(56, 70, 48, 80).low).toBeCloseTo(0.0524, 4);
    expect(of(56, 70, 48, 80).high).toBeCloseTo(0.3339, 4);
    expect(of(9, 10, 3, 10).low).toBeCloseTo(0.1705, 4);
    expect(of(9, 10, 3, 10).high).toBeCloseTo(0.809, 4);
    expect(of(10, 10, 0, 10).low).toBeCloseTo(0.6075, 4);
    expect(of(10, 10, 0, 10).high).toBe(1);
  });

  test('mean of ratios: by logarithm', () => {
    const { value, low, high } = meanRatioInterval([2, 0.5]);
    expect(value).toBeCloseTo(1, 12);
    expect(low * high).toBeCloseTo(1, 9);
    expect(low).toBeGreaterThan(0);
    expect(meanRatioInterval([3])).toMatchObject({ value: expect.closeTo(3, 12), low: Number.NaN });
    for (const bad of [0, Infinity, -1]) expect(() => meanRatioInterval([1, bad])).toThrow(`got ${bad}`);
  });
});

describe('values that belong together are resampled together', () => {
  test('copies of every value change nothing', () => {
    const values = Float64Array.from({ length: 41 }, (_, i) => (i * 17) % 41);
    const other = values.map((v) => 3 + v ** 1.1);
    const twice = (list: Float64Array) => Float64Array.from([...list, ...list]);
    const groups = [...values.keys(), ...values.keys()];
    const plain = { seed: 3 };
    const grouped = { seed: 3, groups };
    // Twice 41 values have a mean of two middle values; those are one and the same.
    expect(medianInterval(twice(values), grouped)).toEqual(medianInterval(values, plain));
    expect(medianRatio(twice(values), twice(other), grouped)).toEqual(medianRatio(values, other, plain));
    const rates = values.map((v) => v % 2);
    const zeros = rates.map(() => 0);
    expect(rateDifference(twice(rates), twice(zeros), grouped)).toEqual(rateDifference(rates, zeros, plain));
    // Were the copies taken for values of their own, the interval would be narrower.
    const width = (i: { low: number; high: number }) => i.high - i.low;
    expect(width(medianInterval(twice(values), plain))).toBeLessThan(width(medianInterval(values, plain)));
  });

  test('the median of every resample is that of its values', () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant(Infinity));
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 12 }), fc.integer(), (values, seed) => {
        const medians: number[] = [];
        bootstrap(
          values.length,
          (times) => {
            medians.push(median(values.flatMap((v, i) => new Array<number>(times[i]!).fill(v))));
            return 0;
          },
          { seed, resamples: 50 },
        );
        const drawn = medians.slice(1).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        const { value: whole, low, high } = medianInterval(values, { seed, resamples: 50 });
        expect(whole).toBe(medians[0]);
        expect([low, high]).toEqual([drawn[1], drawn[48]]);
      }),
      { numRuns: 60 },
    );
  });

  test('each value needs a group', () => {
    expect(() => medianInterval([1, 2], { seed: 1, groups: [0] })).toThrow('2 values and 1 groups');
  });
});
