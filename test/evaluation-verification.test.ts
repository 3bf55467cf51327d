import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tarAtFar, thinRoc, verify } from '../src/evaluation/verification.ts';

/** A verification problem with many ties: scores on a coarse grid. */
const problems = fc
  .array(fc.record({ score: fc.integer({ min: -8, max: 8 }), same: fc.boolean(), fold: fc.nat(3) }), {
    minLength: 4,
    maxLength: 40,
  })
  .filter((pairs) => new Set(pairs.map((p) => p.fold)).size > 1 && new Set(pairs.map((p) => p.same)).size > 1)
  .map((pairs) => ({
    scores: Float64Array.from(pairs, (p) => p.score / 8),
    same: pairs.map((p) => p.same),
    fold: Int32Array.from(pairs, (p) => p.fold),
  }));

/** Fold accuracies by trying every candidate threshold on every pair: nothing sorted, nothing shared. */
function bruteForceFolds(scores: Float64Array, same: boolean[], fold: Int32Array): number[] {
  const accuracy = (pairs: number[], threshold: number) =>
    pairs.filter((i) => scores[i]! > threshold === same[i]).length / pairs.length;
  const all = [...scores.keys()];
  return [...new Set(fold)]
    .sort((a, b) => a - b)
    .map((held) => {
      const train = all.filter((i) => fold[i] !== held);
      const distinct = [...new Set(train.map((i) => scores[i]!))].sort((a, b) => a - b);
      const gaps = distinct.slice(1).map((to, i) => ({ from: distinct[i]!, to }));
      const measured = gaps.map((gap) => ({ ...gap, a: accuracy(train, (gap.from + gap.to) / 2) }));
      const most = Math.max(...measured.map(({ a }) => a));
      const [all0, none] = [accuracy(train, -Infinity), accuracy(train, Infinity)];
      let threshold = none > all0 ? Infinity : -Infinity;
      if (most >= Math.max(all0, none)) {
        // The middle of the best gaps by length.
        const good = measured.filter(({ a }) => a === most);
        const half = good.reduce((sum, { from, to }) => sum + to - from, 0) / 2;
        const before = (i: number) => good.slice(0, i).reduce((sum, { from, to }) => sum + to - from, 0);
        const index = good.findLastIndex((_, i) => before(i) <= half);
        threshold = good[index]!.from + (half - before(index));
      }
      return accuracy(
        all.filter((i) => fold[i] === held),
        threshold,
      );
    });
}

describe('k-fold accuracy', () => {
  test('two folds worked by hand', () => {
    // Fold 0 alone suggests .5 (between .4 and .6), fold 1 alone suggests .3 (between .2 and .4).
    const scores = Float64Array.of(0.6, 0.4, 0.9, 0.1, 0.4, 0.2, 0.9, 0.1);
    const same = [true, false, true, false, true, false, true, false];
    const fold = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1);
    const result = verify(scores, same, fold);
    expect(result.folds[0]!.threshold).toBeCloseTo(0.3, 12);
    expect(result.folds[1]!.threshold).toBeCloseTo(0.5, 12);
    // Fold 0 at .3 takes the stranger of .4; fold 1 at .5 turns away the match of .4.
    expect(result.folds.map((f) => f.accuracy)).toEqual([0.75, 0.75]);
    expect(result.accuracy).toBe(0.75);
    expect(result.deviation).toBe(0);
  });

  test('deviation is over the population of folds, standard error over the sample', () => {
    // Separable at 0, but for one inverted pair of each kind in fold 1.
    const scores = Float64Array.of(1, -1, 1, -1, 1, -1, 1, -1, -1, 1);
    const same = [1, 0, 1, 0, 1, 0, 1, 0, 1, 0].map(Boolean);
    const fold = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1, 1, 1);
    const { folds, accuracy, deviation, standardError } = verify(scores, same, fold);
    expect(folds.map((f) => f.accuracy)).toEqual([1, 4 / 6]);
    expect(accuracy).toBeCloseTo(5 / 6, 12);
    expect(deviation).toBeCloseTo(1 / 6, 12);
    expect(standardError).toBeCloseTo(Math.sqrt(1 / 18) / Math.sqrt(2), 12);
  });

  test('takes the middle of equally accurate thresholds', () => {
    // Fold 1 is right from .2 to .3, wrong by one from .3 to .4, and right again from .4 to .8.
    const scores = Float64Array.of(0.2, 0.3, 0.4, 0.8, 0.5, 0.1);
    const same = [false, true, false, true, true, false];
    const fold = Int32Array.of(1, 1, 1, 1, 0, 0);
    // Best gaps .2 to .3 and .4 to .8: half of their length of .5 ends at .4 + .15.
    expect(verify(scores, same, fold).folds[0]!.threshold).toBeCloseTo(0.55, 12);
  });

  test('equals trying every threshold on every pair', () => {
    fc.assert(
      fc.property(problems, ({ scores, same, fold }) => {
        const expected = bruteForceFolds(scores, same, fold);
        expect(verify(scores, same, fold).folds.map((f) => f.accuracy)).toEqual(expected);
      }),
    );
  });

  test('does not depend on the order of the pairs, nor on scale and offset', () => {
    fc.assert(
      fc.property(problems, ({ scores, same, fold }) => {
        const result = verify(scores, same, fold);
        const reversed = verify(scores.slice().reverse(), same.slice().reverse(), fold.slice().reverse());
        const moved = verify(
          scores.map((s) => 4 * s + 2),
          Uint8Array.from(same, Number),
          fold,
        );
        for (const other of [reversed, moved]) {
          expect(other.folds.map((f) => f.accuracy)).toEqual(result.folds.map((f) => f.accuracy));
          expect(other.eer).toBe(result.eer);
        }
      }),
    );
  });
});

describe('thresholds on a grid', () => {
  test('InsightFace’s: the strictest of equally accurate ones', () => {
    // Squared distances of fold 1: matches .203 and .407, impostors .8 and 1.2: right from .41 to .80.
    const cosine = (squaredDistance: number) => 1 - squaredDistance / 2;
    const scores = Float64Array.from([0.203, 0.407, 0.8005, 1.2, 0.5, 1.5], cosine);
    const same = [true, true, false, false, true, false];
    const fold = Int32Array.of(1, 1, 1, 1, 0, 0);
    const { folds } = verify(scores, same, fold, { thresholds: 'insightface' });
    expect(folds[0]!.threshold).toBeCloseTo(cosine(0.41), 12);
    expect(folds[0]!.accuracy).toBe(0.5);
  });

  test('of cosines: takes the middle one', () => {
    // Fold 1 is right from .2 on and before .3.
    const scores = Float64Array.of(0.1995, 0.3005, 0.5, 0.1);
    const same = [false, true, true, false];
    const { folds } = verify(scores, same, Int32Array.of(1, 1, 0, 0), { thresholds: 'grid' });
    expect(folds[0]!.threshold).toBeCloseTo(0.25, 12);
  });

  test.each([
    ['insightface', Array.from({ length: 400 }, (_, i) => 1 - (i * 0.01) / 2), () => 0],
    [
      'grid',
      Array.from({ length: 2001 }, (_, i) => 1 - i * 0.001),
      (count: number) => Math.ceil(count / 2) - 1,
    ],
  ] as const)('%s equals trying all of it on every fold', (thresholds, grid, chosen) => {
    const cosines = fc.array(
      fc.record({ score: fc.double({ min: -1, max: 1, noNaN: true }), fold: fc.nat(2), same: fc.boolean() }),
      { minLength: 8, maxLength: 60 },
    );
    fc.assert(
      fc.property(cosines, (drawn) => {
        // Both kinds of pair, three folds.
        const pairs = [
          ...drawn,
          { score: 0.5, fold: 0, same: true },
          { score: 0.1, fold: 1, same: false },
          { score: 0.3, fold: 2, same: true },
        ];
        const expected = [0, 1, 2].map((held) => {
          const rest = pairs.filter(({ fold }) => fold !== held);
          const right = grid.map(
            (threshold) => rest.filter(({ score, same }) => score > threshold === same).length,
          );
          const most = Math.max(...right);
          const best = grid.filter((_, i) => right[i] === most);
          return best[chosen(best.length)];
        });
        const { folds } = verify(
          Float64Array.from(pairs, ({ score }) => score),
          pairs.map(({ same }) => same),
          Int32Array.from(pairs, ({ fold }) => fold),
          { thresholds },
        );
        expect(folds.map(({ threshold }) => threshold)).toEqual(expected);
      }),
    );
  });
});

describe('ROC', () => {
  test('perfect, useless and inverted scores', () => {
    const same = [true, true, false, false];
    const fold = Int32Array.of(0, 1, 0, 1);
    const measured = (scores: number[]) => {
      const { auc, eer } = verify(Float64Array.from(scores), same, fold);
      return { auc, eer };
    };
    expect(measured([0.9, 0.8, 0.1, 0.2])).toEqual({ auc: 1, eer: 0 });
    expect(measured([0.5, 0.5, 0.5, 0.5])).toEqual({ auc: 0.5, eer: 0.5 });
    expect(measured([0.1, 0.2, 0.9, 0.8])).toEqual({ auc: 0, eer: 1 });
  });

  test('area is the share of (match, impostor) pairs in the right order, ties half', () => {
    fc.assert(
      fc.property(problems, ({ scores, same, fold }) => {
        let won = 0;
        let contests = 0;
        for (const [i, a] of scores.entries()) {
          for (const [j, b] of scores.entries()) {
            if (!same[i] || same[j]) continue;
            contests++;
            won += a > b ? 1 : a === b ? 0.5 : 0;
          }
        }
        expect(verify(scores, same, fold).auc).toBeCloseTo(won / contests, 12);
      }),
    );
  });

  test('each point is the rates at its threshold, and both rates rise from 0 to 1', () => {
    fc.assert(
      fc.property(problems, ({ scores, same, fold }) => {
        const { roc } = verify(scores, same, fold);
        const rate = (kind: boolean, threshold: number) => {
          const of = [...scores.keys()].filter((i) => same[i] === kind);
          return of.filter((i) => scores[i]! > threshold).length / of.length;
        };
        for (const [i, threshold] of roc.thresholds.entries()) {
          expect(roc.far[i]).toBeCloseTo(rate(false, threshold), 12);
          expect(roc.tar[i]).toBeCloseTo(rate(true, threshold), 12);
        }
        expect([roc.far[0], roc.tar[0], roc.far.at(-1), roc.tar.at(-1)]).toEqual([0, 0, 1, 1]);
      }),
    );
  });

  test('a strictly rising transform of the scores changes no rate', () => {
    fc.assert(
      fc.property(problems, ({ scores, same, fold }) => {
        const before = verify(scores, same, fold);
        const after = verify(scores.map(Math.atan), same, fold);
        expect(after.roc.far).toEqual(before.roc.far);
        expect(after.roc.tar).toEqual(before.roc.tar);
        expect(after.auc).toBe(before.auc);
        expect(after.eer).toBe(before.eer);
        expect(after.tarAtFar.map((p) => p.tar)).toEqual(before.tarAtFar.map((p) => p.tar));
      }),
    );
  });

  test('the equal error rate lies between the rates around the crossing', () => {
    fc.assert(
      fc.property(problems, ({ scores, same, fold }) => {
        const { roc, eer } = verify(scores, same, fold);
        const crossing = roc.far.findIndex((far, i) => 1 - roc.tar[i]! <= far);
        expect(eer).toBeGreaterThanOrEqual(roc.far[crossing - 1]! - 1e-12);
        expect(eer).toBeLessThanOrEqual(roc.far[crossing]! + 1e-12);
      }),
    );
  });

  test('the true accept rate is the best whose false accept rate is allowed', () => {
    // Impostors .1 to 1.0, matches at .05 above each of the upper five.
    const impostors = Array.from({ length: 10 }, (_, i) => (i + 1) / 10);
    const matches = [0.65, 0.75, 0.85, 0.95, 1.05];
    const { roc } = verify(
      Float64Array.from([...impostors, ...matches]),
      [...impostors.map(() => false), ...matches.map(() => true)],
      Int32Array.from({ length: 15 }, (_, i) => i % 2),
    );
    // One impostor of ten allowed: the lowest threshold is .95 if it need not be an impostor's, .9 is.
    expect(tarAtFar(roc, 0.1)).toEqual({ far: 0.1, tar: 2 / 5, threshold: 0.9, resolved: true });
    expect(tarAtFar(roc, 0.35)).toMatchObject({ tar: 4 / 5, threshold: 0.7 });
    // Ten impostors cannot show a rate of 1 %: the point given has no false accept at all.
    expect(tarAtFar(roc, 0.01)).toEqual({ far: 0.01, tar: 1 / 5, threshold: 1, resolved: false });
    expect(tarAtFar(roc, 1).tar).toBe(1);
    expect(() => tarAtFar(roc, 0)).toThrow('(0, 1], got 0');
  });

  test('thinned, it keeps its ends and its order', () => {
    const n = 5000;
    const scores = Float64Array.from({ length: n }, (_, i) => Math.sin(i * 12.9898) + (i % 2));
    const { roc } = verify(
      scores,
      Uint8Array.from(scores, (_, i) => i % 2),
      Int32Array.from(scores, (_, i) => i % 10),
    );
    const thin = thinRoc(roc, 100);
    expect(thin.length).toBeLessThanOrEqual(100);
    expect(thin.length).toBeGreaterThan(60);
    expect(thin[0]).toEqual({ far: 0, tar: 0 });
    expect(thin.at(-1)).toEqual({ far: 1, tar: 1 });
    expect(thin.every((p, i) => i === 0 || p.far >= thin[i - 1]!.far)).toBe(true);
  });
});

describe('refuses', () => {
  const fold = Int32Array.of(0, 1);
  test.each([
    [
      'lists of unequal length',
      [0.1, 0.2, 0.3],
      [true, false],
      fold,
      '3 scores, 2 labels and 2 fold numbers',
    ],
    ['NaN', [0.1, Number.NaN], [true, false], fold, 'pair 1 is NaN'],
    ['one kind of pair', [0.1, 0.2], [true, true], fold, 'got 2 and 0'],
    ['one fold', [0.1, 0.2], [true, false], Int32Array.of(3, 3), 'at least 2 folds'],
  ])('%s', (_, scores, same, folds, message) => {
    expect(() => verify(Float32Array.from(scores), same, folds)).toThrow(message);
  });
});
