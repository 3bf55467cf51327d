import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError, generatePairs, readLfwPairs } from '../src/data/index.ts';
import { plainSet } from './support/data-fixtures.ts';

const SET = plainSet({ Ann_A: 3, Bob: 1, Cid: 2, Dan: 1 });

/** Two folds of one pair of each kind. */
const GOOD = 'Ann_A\t1\t3\nAnn_A\t2\tBob\t1\nCid\t1\t2\nDan\t1\tCid\t2\n';

describe('readLfwPairs', () => {
  const expected = [
    { a: 0, b: 2, same: true, fold: 0 },
    { a: 1, b: 3, same: false, fold: 0 },
    { a: 4, b: 5, same: true, fold: 1 },
    { a: 6, b: 5, same: false, fold: 1 },
  ];

  it.each([
    ['the official form', `2\t1\n${GOOD}`],
    ['Windows line endings and blanks', `\uFEFF2\t1 \r\n${GOOD.replaceAll('\n', ' \t\r\n')}\r\n`],
    ['spaces between fields', `2 1\n${GOOD.replaceAll('\t', '  ')}`],
  ])('reads %s', (_, text) => {
    expect(readLfwPairs(text, SET)).toEqual({ pairs: expected, folds: 2 });
  });

  it('reads a list of one fold', () => {
    const { pairs, folds } = readLfwPairs('1\nAnn_A 1 2\nBob 1 Dan 1\n', SET);
    expect(folds).toBe(1);
    expect(pairs).toHaveLength(2);
  });

  it.each<[string, string, RegExp]>([
    ['an empty list', '', /line 1 should say how many folds/],
    ['a missing header', GOOD, /line 1 should say how many folds.*got "Ann_A 1 3"/],
    ['a header of no folds', `0 1\n${GOOD}`, /line 1 should say/],
    [
      'a header that lies',
      `10\t300\n${GOOD}`,
      /line 1 promises 10 folds.*6000 lines; got 4, the last at line 5/,
    ],
    [
      'a different pair for a same one',
      '1 1\nBob 1 Dan 1\nBob 1 Dan 1',
      /line 2 has 4 fields; expected "name image image"/,
    ],
    [
      'a same pair for a different one',
      '1 1\nCid 1 2\n\nCid 1 2',
      /line 4 has 3 fields; expected "name image name image"/,
    ],
    ['a number that is none', '1 1\nCid 1 two\nBob 1 Dan 1', /line 2 has an image number.*"Cid 1 two"/],
    ['an image with itself', '1 1\nCid 1 1\nBob 1 Dan 1', /line 2 pairs an image with itself/],
    ['a person with themself', '1 1\nCid 1 2\nCid 1 Cid 2', /line 3 pairs a person with themself/],
    [
      'absent images',
      '1 1\nCid 1 7\nEve 1 Dan 1',
      /plain lacks 2 of the images.*: Cid\/Cid_0007, Eve\/Eve_0001/,
    ],
  ])('refuses %s', (_, text, message) => {
    expect(() => readLfwPairs(text, SET)).toThrow(message);
    expect(() => readLfwPairs(text, SET)).toThrow(DataError);
  });
});

describe('generatePairs', () => {
  it('is balanced, without repeats, with folds of different people, and the same each time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 30 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 10 }),
        fc.nat(),
        (counts, folds, half, seed) => {
          const set = plainSet(Object.fromEntries(counts.map((count, i) => [`p${i}`, count])));
          const options = { folds, pairsPerFold: half * 2, seed };
          let list: ReturnType<typeof generatePairs>;
          try {
            list = generatePairs(set, options);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(DataError);
            return;
          }
          const homes = new Map<number, number>();
          const seen = new Set<string>();
          for (const { a, b, same, fold } of list.pairs) {
            const [p, q] = [set.labels[a]!, set.labels[b]!];
            expect(a).toBeLessThan(b);
            expect(p === q).toBe(same);
            for (const person of [p, q]) {
              expect(homes.get(person) ?? fold).toBe(fold);
              homes.set(person, fold);
            }
            seen.add(`${a} ${b}`);
          }
          expect(seen.size).toBe(folds * half * 2);
          for (let fold = 0; fold < folds; fold++) {
            expect(list.pairs.filter((pair) => pair.fold === fold && pair.same)).toHaveLength(half);
          }
          expect(generatePairs(set, options)).toEqual(list);
        },
      ),
      { numRuns: 200, seed: 3 },
    );
  });

  it('gives every pair there is when all are asked for', () => {
    const { pairs } = generatePairs(plainSet({ a: 3, b: 1 }), { folds: 1, pairsPerFold: 6, seed: 1 });
    expect(new Set(pairs.map(({ a, b }) => `${a} ${b}`)).size).toBe(6);
  });

  it('counts people alike, however many images they have', () => {
    const set = plainSet({
      rich: 200,
      ...Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`p${i}`, 4])),
    });
    const { pairs } = generatePairs(set, { folds: 1, pairsPerFold: 200, seed: 5 });
    const rich = pairs.filter((pair) => pair.same && set.labels[pair.a] === 0);
    expect(rich.length).toBeLessThan(12);
  });

  it('deals people with several images evenly, so that no fold is left with singles', () => {
    const singles = Array.from({ length: 40 }, (_, i) => [`single${i}`, 1]);
    const set = plainSet({ ...Object.fromEntries(singles), a: 3, b: 3, c: 3, d: 3 });
    for (let seed = 0; seed < 20; seed++) {
      expect(generatePairs(set, { folds: 4, pairsPerFold: 6, seed }).pairs).toHaveLength(24);
    }
  });

  it('changes with the seed, and ends where one person holds nearly every pair', () => {
    const set = plainSet({ rich: 100, poor: 2, alone: 1 });
    const draw = (seed: number) => generatePairs(set, { folds: 1, pairsPerFold: 400, seed }).pairs;
    expect(draw(1)).toHaveLength(400);
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('says what a set that is too small can give', () => {
    expect(() => generatePairs(SET, { folds: 2, pairsPerFold: 20, seed: 0 })).toThrow(
      /too small for 2 folds of 10 same and 10 different pairs: the 2 identities of fold 0 give \d+ and \d+/,
    );
    expect(() => generatePairs(SET, { folds: 2, pairsPerFold: 3, seed: 0 })).toThrow(/positive even number/);
  });
});
