import { describe, expect, test } from 'vitest';
import { wilson } from '../src/evaluation/intervals.ts';
import {
  duration,
  falseAcceptRate,
  fixed,
  listed,
  printable,
  signed,
} from '../src/experiments/report/format.ts';
import { csvTables, markdownTables, type Results, terminalTables } from '../src/experiments/report/index.ts';
import { csvTable, markdownTable, type Table, terminalTable } from '../src/experiments/report/table.ts';
import { FAKE_DEFENCES, fakeResults } from './support/fake-results.ts';

const table: Table = {
  id: 'small',
  title: 'Small',
  note: 'A note.',
  columns: [
    { key: 'name', header: 'name', words: true },
    { key: 'rate', header: 'rate', unit: '%', write: (r) => fixed(r * 100, 1) },
    { key: 'size', header: 'size' },
  ],
  rows: [
    ['a, "b"|\u001b[31m', { value: 0.25, low: 0.1, high: 0.5 }, 3],
    ['c', { value: 0.5, deviation: 0.01 }, Infinity],
    ['d', { value: 0.4, count: 2, of: 5 }, undefined],
  ],
};

describe('one table', () => {
  test('in a terminal: aligned, without control characters', () => {
    expect(terminalTable(table).split('\n')).toEqual([
      'Small',
      '',
      'name                   rate (%)      size',
      '─────────────────────────────────────────',
      'a, "b"|\ufffd[31m  25.0 [10.0, 50.0]         3',
      'c                    50.0 ± 1.0  Infinity',
      'd                    40.0 (2/5)         –',
      '',
      'A note.',
    ]);
  });

  test('as CSV: unrounded, in base units, quoted as RFC 4180 says', () => {
    expect(csvTable(table).split('\r\n')).toEqual([
      'name,rate,rate_low,rate_high,rate_deviation,rate_count,rate_of,size',
      '"a, ""b""|\u001b[31m",0.25,0.1,0.5,,,,3',
      'c,0.5,,,0.01,,,inf',
      'd,0.4,,,,2,5,',
      '',
    ]);
  });

  test('as Markdown: bars escaped', () => {
    expect(markdownTable(table)).toContain('| a, "b"\\|\ufffd[31m | 25.0 [10.0, 50.0] | 3 |');
    expect(markdownTable(table)).toContain('| --- | ---: | ---: |');
  });
});

/** A CSV file's rows as records, by its header. No field of these files has a comma in it. */
function csv(results: Results, file: string): Record<string, string>[] {
  const [head, ...rows] = csvTables(results)[file]!.trim().split('\r\n');
  const keys = head!.split(',');
  return rows.map((row) => Object.fromEntries(row.split(',').map((value, i) => [keys[i]!, value])));
}

/** The first seed's runs, by defence. */
function runsOf(results: Results) {
  return results.defences.map((d) => d.runs[0]!);
}

/** Every pair of each defence succeeding at one RMS (in 1/255), under every attack and rule. */
function oneSize(results: Results, sizes: number[]): Results {
  for (const [d, defence] of results.defences.entries()) {
    for (const pair of defence.runs.flatMap((run) => run.whiteBox.flatMap((w) => w.pairs)))
      Object.assign(pair, { success: true, rms: sizes[d]! / 255 });
  }
  return results;
}

describe('the study', () => {
  const results = fakeResults();

  test('tables name every defence, with units', () => {
    for (const text of [terminalTables(results), markdownTables(results)]) {
      for (const { name } of results.defences) expect(text).toContain(name);
      expect(text).toContain('median RMS (1/255)');
      expect(text).toContain('accuracy (%)');
      expect(text).toContain('flip-sum accuracy (%)');
      expect(text).toMatch(/14 pairs of 120 at\s0\.2/);
      expect(text).toContain('too few pairs to tell at 0.1 % and 0.01 %');
    }
  });

  test('a terminal gets the main tables, files get all', () => {
    const full = fakeResults({ defences: FAKE_DEFENCES, attacks: ['I-FGSM', 'BIM'], pairs: 12 });
    expect(terminalTables(full)).toMatch(/\n9 more tables in the report and as CSV\.\n$/);
    expect(terminalTables(full)).not.toContain('White-box attack: BIM');
    expect(Object.keys(csvTables(full))).toEqual([
      'verification.csv',
      'white-box-all.csv',
      'white-box-i-fgsm.csv',
      'white-box-bim.csv',
      'black-box-i-fgsm.csv',
      'matched-accuracy.csv',
      'ablation.csv',
      'ablation-effects.csv',
      'diagnosis.csv',
      'slopes.csv',
      'transfer-i-fgsm.csv',
      'matching-rules.csv',
      'left-out.csv',
      'white-box-pairs.csv',
      'black-box-pairs.csv',
      'left-out-pairs.csv',
      'snapshots.csv',
      'training.csv',
      'roc.csv',
      'angles.csv',
      'attack-curves.csv',
    ]);
    expect(Object.keys(csvTables(fakeResults({ defences: ['single'], pairs: 5, bare: true })))).toEqual([
      'verification.csv',
      'white-box-i-fgsm.csv',
      'black-box-i-fgsm.csv',
      'white-box-pairs.csv',
      'black-box-pairs.csv',
      'roc.csv',
    ]);
    expect(csvTables(fakeResults({ seeds: 3, pairs: 30 }))['verification.csv']).toContain('accuracy_low');
  });

  test('no table holds a number that is none', () => {
    const full = fakeResults({ defences: FAKE_DEFENCES, seeds: 3, attacks: ['I-FGSM', 'BIM'], pairs: 12 });
    for (const text of [...Object.values(csvTables(full)), markdownTables(full)]) {
      expect(text).not.toMatch(/NaN|undefined|Infinity/);
    }
  });

  test('attacks of names that give one file name stay apart', () => {
    const files = Object.keys(
      csvTables(fakeResults({ defences: ['single'], attacks: ['C&W', 'C/W', 'all'], pairs: 5, bare: true })),
    );
    expect(files.slice(1, 5)).toEqual([
      'white-box-all.csv',
      'white-box-c-w.csv',
      'white-box-c-w-2.csv',
      'white-box-all-2.csv',
    ]);
  });
});

describe('numbers are those of the pairs', () => {
  const two = (more: object = {}) =>
    fakeResults({ defences: ['ensemble', 'diverse'], pairs: 4, bare: true, ...more });

  test('white-box: medians, area, ratio', () => {
    const known = oneSize(two(), [2, 3]);
    for (const run of runsOf(known)) {
      for (const [i, pair] of run.whiteBox[0]!.pairs.entries()) {
        Object.assign(pair, { linf: [4, 4, 8, 8][i]! / 255, l2: [1, 2, 3, 4][i]! });
      }
    }
    const [base, other] = csv(known, 'white-box-i-fgsm.csv');
    const number = (row: typeof base, key: string) => Number(row![key]);
    expect(number(base, 'pairs')).toBe(4);
    expect(number(base, 'median_rms') * 255).toBeCloseTo(2, 9);
    expect(number(other, 'median_rms') * 255).toBeCloseTo(3, 9);
    expect(number(other, 'median_rms_low') * 255).toBeCloseTo(3, 9);
    expect(number(base, 'median_linf') * 255).toBeCloseTo(6, 9);
    expect(number(base, 'median_l2')).toBe(2.5);
    // The axis ends at 1.1 times the 95th percentile of the defence that needs most, 3.3.
    expect(number(base, 'area')).toBeCloseTo(1 - 2 / 3.3, 9);
    expect(number(other, 'rms_ratio')).toBeCloseTo(1.5, 9);
    expect(base!.rms_ratio).toBe('');
    expect(csv(known, 'white-box-pairs.csv')).toHaveLength(2 * 4);
    expect(csv(known, 'black-box-pairs.csv')).toHaveLength(2 * 4 * 6);
  });

  test('white-box: a network that stands alone has no ratio to itself', () => {
    const [only] = csv(fakeResults({ defences: ['ensemble'], pairs: 4, bare: true }), 'white-box-i-fgsm.csv');
    expect(Object.keys(only!)).toContain('median_rms');
    expect(Object.keys(only!).filter((key) => key.startsWith('rms_ratio'))).toEqual([]);
  });

  test('pooled: for each pair the attack that got by with the least, norm by norm', () => {
    const known = two({ attacks: ['A', 'B'] });
    for (const run of runsOf(known)) {
      const [a, b] = run.whiteBox;
      for (const [i, pair] of a!.pairs.entries())
        Object.assign(pair, { success: i !== 3, rms: [2, 8, 5, 1][i]! / 255, l2: [2, 8, 5, 1][i]! });
      for (const [i, pair] of b!.pairs.entries())
        Object.assign(pair, { success: i !== 0, rms: [1, 6, 7, 9][i]! / 255, l2: [1, 9, 3, 9][i]! });
      // Whatever order an attack's pairs are in.
      b!.pairs.reverse();
    }
    const [row] = csv(known, 'white-box-all.csv');
    // By RMS 2 6 5 9, by L2 2 8 3 9: a pair that one attack failed on has the other's size.
    expect(Number(row!.pairs)).toBe(4);
    expect(Number(row!.success)).toBe(1);
    expect(Number(row!.success_low)).toBeCloseTo(wilson(4, 4).low, 12);
    expect(Number(row!.median_rms) * 255).toBeCloseTo(5.5, 9);
    expect(Number(row!.median_l2)).toBeCloseTo(5.5, 9);
  });

  test('pooled: a pair that withstood every attack counts, one that only some were tried on does not', () => {
    const known = two({ attacks: ['A', 'B'] });
    for (const run of runsOf(known)) {
      for (const entry of run.whiteBox) entry.pairs[0]!.success = false;
      run.whiteBox[1]!.pairs.pop();
    }
    const [row] = csv(known, 'white-box-all.csv');
    expect(Number(row!.pairs)).toBe(3);
    expect(Number(row!.success)).toBeCloseTo(2 / 3, 12);
  });

  test('pooled: only attacks that every defence went through', () => {
    const known = two({ attacks: ['A', 'B', 'C'] });
    known.defences[1]!.runs[0]!.whiteBox.pop();
    expect(csv(known, 'white-box-all.csv').map((row) => row.pairs)).toEqual(['4', '4']);
    known.defences[1]!.runs[0]!.whiteBox.pop();
    expect(csvTables(known)['white-box-all.csv']).toBeUndefined();
  });

  test('several seeds: ratios average by logarithm', () => {
    const known = two({ seeds: 2 });
    for (const [d, defence] of known.defences.entries()) {
      for (const [s, run] of defence.runs.entries()) {
        for (const pair of run.whiteBox[0]!.pairs)
          Object.assign(pair, { success: true, rms: d === 0 ? 0.02 : [0.04, 0.01][s]! });
      }
    }
    const [, other] = csv(known, 'white-box-i-fgsm.csv');
    expect(Number(other!.rms_ratio)).toBeCloseTo(1, 9);
    expect(Number(other!.rms_ratio_low) * Number(other!.rms_ratio_high)).toBeCloseTo(1, 6);
  });

  test('pairs that are left out count nowhere, and are counted and named', () => {
    const known = oneSize(two(), [2, 3]);
    const [pair] = known.defences[0]!.runs[0]!.whiteBox[0]!.pairs;
    Object.assign(pair!, { success: false });
    known.defences[0]!.runs[0]!.blackBox[0]!.pairs[0]!.success.fill(true);
    const { source, target } = pair!;
    known.leftOut = [
      { seed: 1, source, target, acceptedBy: ['diverse'] },
      { seed: 1, source: 'x', target: 'y', acceptedBy: ['ensemble', 'diverse'] },
      { seed: 2, source, target, acceptedBy: ['diverse'] },
    ];
    expect(csv(known, 'white-box-i-fgsm.csv')[0]).toMatchObject({ pairs: '3', success: '1' });
    expect(csv(known, 'black-box-i-fgsm.csv')[0]).toMatchObject({ pairs: '3' });
    expect(csv(known, 'left-out.csv')).toEqual([
      { defence: 'ensemble', seed_1: '1' },
      { defence: 'diverse', seed_1: '2' },
      { defence: 'any of them', seed_1: '2' },
    ]);
    expect(csv(known, 'left-out-pairs.csv')[1]).toEqual({
      seed: '1',
      source: 'x',
      target: 'y',
      accepted_by: 'ensemble diverse',
    });
  });

  test('black-box: a pair that never came near is a failure, counted once per surrogate', () => {
    const known = two({ seeds: 2 });
    for (const run of known.defences.flatMap((d) => d.runs)) {
      const [attack] = run.blackBox;
      for (const [i, pair] of attack!.pairs.entries())
        pair.success = [false, false, false, i < 2, i < 3 ? true : null, null];
    }
    const [row] = csv(known, 'black-box-i-fgsm.csv');
    expect(row).toMatchObject({
      pairs: '8',
      success_at_1: '0',
      'success_at_0.4': '0.5',
      'success_at_0.3': '0.75',
    });
    expect(markdownTables(known)).toContain('2 pairs of 8 at 0.3 and 8 pairs of 8 at 0.2');
  });

  test('flip-sum: only of defences that have it', () => {
    const known = two();
    known.defences[1]!.runs[0]!.flipSum = { accuracy: 0.9, deviation: 0.01 };
    expect(csv(known, 'verification.csv').map((row) => [row.flip_sum, row.flip_sum_deviation])).toEqual([
      ['', ''],
      ['0.9', '0.01'],
    ]);
    expect(csvTables(two())['verification.csv']).not.toContain('flip_sum');
  });

  test('matching rules: a row each, one for a single network, robust by the rule it was attacked under', () => {
    const known = fakeResults({ defences: ['single', 'ensemble'], pairs: 4 });
    for (const [i, entry] of runsOf(known)[1]!.whiteBox.entries()) {
      for (const pair of entry.pairs) Object.assign(pair, { success: true, rms: (3 + i) / 255 });
    }
    const rows = csv(known, 'matching-rules.csv');
    expect(rows.map((row) => `${row.defence} ${row.rule}`)).toEqual([
      'single any',
      'ensemble mean',
      'ensemble min',
      'ensemble concat',
    ]);
    expect(rows.map((row) => Math.round(Number(row['median_rms_i-fgsm']) * 255))).toEqual([
      expect.any(Number),
      3,
      4,
      0,
    ]);
    expect(rows[3]!['median_rms_i-fgsm']).toBe('');
    // The main table is by the study's rule.
    expect(Number(csv(known, 'white-box-i-fgsm.csv')[1]!.median_rms) * 255).toBeCloseTo(3, 9);
  });

  test('transfer: shares with their counts, over seeds', () => {
    const known = fakeResults({ defences: ['ensemble', 'diverse'], pairs: 4, seeds: 2 });
    for (const [s, entry] of known.transfer.entries()) {
      entry.shown = [4, s === 0 ? 2 : 0];
      entry.accepted = [
        [4, 1],
        [0, s === 0 ? 2 : 0],
      ];
    }
    expect(csv(known, 'transfer-i-fgsm.csv')).toEqual([
      {
        crafted_on: 'ensemble',
        accepted_by_ensemble: '1',
        accepted_by_ensemble_count: '8',
        accepted_by_ensemble_of: '8',
        accepted_by_diverse: '0.25',
        accepted_by_diverse_count: '2',
        accepted_by_diverse_of: '8',
      },
      {
        crafted_on: 'diverse',
        accepted_by_ensemble: '0',
        accepted_by_ensemble_count: '0',
        accepted_by_ensemble_of: '2',
        accepted_by_diverse: '1',
        accepted_by_diverse_count: '2',
        accepted_by_diverse_of: '2',
      },
    ]);
  });

  test('slopes: means over seeds, none for a defence that was not measured, no table without any', () => {
    const known = fakeResults({ defences: ['single', 'ensemble', 'diverse'], seeds: 2, pairs: 4 });
    const slopes = (gap: number) => ({
      pairs: 4,
      gap,
      member: 1,
      joint: 0.5,
      cosine: 0.25,
      firstOrder: 2 * gap,
    });
    for (const [s, run] of known.defences[1]!.runs.entries()) run.slopes = slopes([0.2, 0.4][s]!);
    for (const run of known.defences[2]!.runs) run.slopes = null;
    const rows = csv(known, 'slopes.csv');
    expect(rows.map((row) => row.defence)).toEqual(['single', 'ensemble']);
    expect(rows[0]!.gradient_cosine).toBe('');
    expect(Number(rows[1]!.gap)).toBeCloseTo(0.3, 12);
    expect(Number(rows[1]!.first_order_l2)).toBeCloseTo(0.6, 12);
    for (const run of known.defences.flatMap(({ runs }) => runs)) run.slopes = null;
    expect(csvTables(known)['slopes.csv']).toBeUndefined();
  });

  test('diagnosis: own weight vectors, others’, between members; shared vectors in one column too', () => {
    const known = fakeResults({ defences: ['ensemble', 'diverse'], pairs: 4 });
    const [one, other] = runsOf(known);
    one!.diagnosis = {
      images: 10,
      featureToWeight: [
        [30, 80],
        [90, 40],
      ],
      featureToFeature: [
        [0, 70],
        [70, 0],
      ],
      volume: 0.9,
    };
    other!.diagnosis = { ...one!.diagnosis, featureToWeight: [[50], [52]] };
    expect(csv(known, 'diagnosis.csv')).toMatchObject([
      { own_weights: '35', other_weights: '85', between_members: '70', volume: '0.9' },
      { own_weights: '51', other_weights: '', between_members: '70' },
    ]);
  });

  /** Networks along training of given accuracies, each fooled at one RMS (in 1/255). */
  function alongTraining(results: Results, curves: [accuracy: number, rms: number][][]): Results {
    for (const [d, points] of curves.entries()) {
      const { snapshots } = results.defences[d]!.runs[0]!;
      snapshots.splice(points.length);
      for (const [i, [accuracy, rms]] of points.entries()) {
        Object.assign(snapshots[i]!, { epoch: i + 1, accuracy });
        for (const pair of snapshots[i]!.whiteBox.pairs)
          Object.assign(pair, { success: true, rms: rms / 255 });
      }
    }
    return results;
  }

  test('matched accuracy: the highest that all attain, each at its nearest network', () => {
    const known = alongTraining(fakeResults({ defences: ['single', 'ensemble', 'diverse'], pairs: 10 }), [
      [
        [0.7, 9],
        [0.8, 8],
      ],
      [
        [0.75, 8],
        [0.82, 6],
        [0.9, 4],
      ],
      [
        [0.6, 9],
        [0.79, 9],
        [0.85, 5],
      ],
    ]);
    const rows = csv(known, 'matched-accuracy.csv');
    expect(rows.map((row) => [row.epoch, row.accuracy, row.final_accuracy])).toEqual([
      ['2', '0.8', '0.8'],
      ['2', '0.82', '0.9'],
      ['2', '0.79', '0.85'],
    ]);
    const rounded = (key: string) => rows.map((row) => Number(Number(row[key]).toFixed(9)));
    expect(rows.map((row) => Math.round(Number(row.median_rms) * 255))).toEqual([8, 6, 9]);
    expect(rounded('rms_ratio')).toEqual([1.333333333, 0, 1.5]);
    expect(rounded('final_rms_ratio')).toEqual([2, 0, 1.25]);
    expect(markdownTables(known)).toContain('Compared at an accuracy of 80.0 %');
    expect(markdownTables(known)).toContain('the furthest is 2.0 points off');
  });

  test('ablation: parts side by side, and what each does', () => {
    const known = oneSize(
      fakeResults({ defences: ['ensemble', 'shared', 'diverse-unshared', 'diverse'], pairs: 6 }),
      [2, 3, 4, 9],
    );
    for (const [i, { verification }] of runsOf(known).entries())
      verification.accuracy = [0.8, 0.82, 0.81, 0.86][i]!;
    const parts = csv(known, 'ablation.csv');
    expect(parts.map((row) => [row.defence, row.weight_vectors, row.diversity_term])).toEqual([
      ['ensemble', 'separate', 'no'],
      ['shared', 'shared', 'no'],
      ['diverse-unshared', 'separate', 'yes'],
      ['diverse', 'shared', 'yes'],
    ]);
    expect(parts.map((row) => Math.round(Number(row.median_rms) * 255))).toEqual([2, 3, 4, 9]);
    const effects = csvTables(known)['ablation-effects.csv']!;
    const numbers = effects
      .trim()
      .split('\r\n')
      .slice(1)
      .map((line) => line.replace(/^"[^"]*",/, '').split(','))
      .map(([compared, accuracy, , , ratio]) => [
        compared,
        Number(Number(accuracy).toFixed(6)),
        Number(Number(ratio).toFixed(6)),
      ]);
    expect(numbers).toEqual([
      ['shared / ensemble', 0.02, 1.5],
      ['diverse / diverse-unshared', 0.05, 2.25],
      ['diverse-unshared / ensemble', 0.01, 2],
      ['diverse / shared', 0.04, 3],
    ]);
    expect(csvTables(fakeResults({ defences: ['ensemble', 'diverse'], pairs: 4 }))).not.toHaveProperty([
      'ablation.csv',
    ]);
  });
});

describe('numbers for people', () => {
  test.each([
    [fixed(-0.001, 2), '0.00'],
    [fixed(-1.5, 1), '−1.5'],
    [signed(1.25, 1), '+1.3'],
    [signed(-0.01, 1), '0.0'],
    [signed(0.01, 1), '0.0'],
    [listed(['a', 'b', 'c']), 'a, b and c'],
    [listed([]), ''],
    [fixed(Number.NaN, 1), '–'],
    [fixed(-Infinity, 1), '−∞'],
    [falseAcceptRate(1e-3), '0.1 %'],
    [falseAcceptRate(1e-4), '0.01 %'],
    [duration(59.4), '59 s'],
    [duration(200), '3 min 20 s'],
    [duration(7500), '2 h 5 min'],
    [duration(3600), '1 h'],
    [printable('a\u0007b\u009b'), 'a\ufffdb\ufffd'],
  ])('%s', (written, expected) => {
    expect(written).toBe(expected);
  });
});
