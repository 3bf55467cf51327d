import { describe, expect, test } from 'vitest';
import { duration, falseAcceptRate, fixed, printable } from '../src/experiments/report/format.ts';
import {
  csvTables,
  finding,
  markdownTables,
  type Results,
  terminalTables,
} from '../src/experiments/report/index.ts';
import { csvTable, markdownTable, type Table, terminalTable } from '../src/experiments/report/table.ts';
import { fakeResults } from './support/fake-results.ts';

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
    ['d', undefined, undefined],
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
      'd                             –         –',
      '',
      'A note.',
    ]);
  });

  test('as CSV: unrounded, in base units, quoted as RFC 4180 says', () => {
    expect(csvTable(table).split('\r\n')).toEqual([
      'name,rate,rate_low,rate_high,rate_deviation,size',
      '"a, ""b""|\u001b[31m",0.25,0.1,0.5,,3',
      'c,0.5,,,0.01,inf',
      'd,,,,,',
      '',
    ]);
  });

  test('as Markdown: bars escaped', () => {
    expect(markdownTable(table)).toContain('| a, "b"\\|\ufffd[31m | 25.0 [10.0, 50.0] | 3 |');
    expect(markdownTable(table)).toContain('| --- | ---: | ---: |');
  });
});

describe('the study', () => {
  const results = fakeResults();

  test('tables name every defence, with units', () => {
    for (const text of [terminalTables(results), markdownTables(results)]) {
      for (const { name } of results.defences) expect(text).toContain(name);
      expect(text).toContain('median RMS (1/255)');
      expect(text).toContain('accuracy (%)');
      expect(text).toContain('14 pairs at 0.2');
      expect(text).toContain('too few pairs to tell at 0.1 % and 0.01 %');
    }
  });

  test('medians, ratios and black-box rates are those of the pairs', () => {
    const known = oneSize(fakeResults({ defences: ['ensemble', 'diverse'], pairs: 4 }), [2, 3]);
    const rows = csvTables(known)
      ['white-box-ifgsm.csv']!.trim()
      .split('\r\n')
      .map((line) => line.split(','));
    const column = (name: string) => rows[0]!.indexOf(name);
    const of = (row: number, name: string) =>
      Number(rows[row]![column(name)]) * (name === 'rms_ratio' ? 1 : 255);
    expect(of(1, 'median_rms')).toBeCloseTo(2, 9);
    expect(of(2, 'median_rms')).toBeCloseTo(3, 9);
    expect(of(2, 'median_rms_low')).toBeCloseTo(3, 9);
    expect(of(2, 'rms_ratio')).toBeCloseTo(1.5, 9);
    expect(rows[1]![column('rms_ratio')]).toBe('');
    expect(csvTables(known)['white-box-pairs.csv']!.trim().split('\r\n')).toHaveLength(1 + 2 * 4);
    expect(csvTables(known)['black-box-pairs.csv']!.trim().split('\r\n')).toHaveLength(1 + 2 * 4 * 6);
  });

  test('several seeds and attacks: a table per attack, intervals over seeds', () => {
    const files = csvTables(fakeResults({ seeds: 3, attacks: ['ifgsm', 'bim'], pairs: 30 }));
    expect(Object.keys(files)).toEqual([
      'verification.csv',
      'white-box-ifgsm.csv',
      'white-box-bim.csv',
      'black-box-ifgsm.csv',
      'white-box-pairs.csv',
      'black-box-pairs.csv',
      'training.csv',
      'roc.csv',
    ]);
    expect(files['verification.csv']).toContain('accuracy_low');
  });
});

describe('the finding', () => {
  const two = () => fakeResults({ defences: ['ensemble', 'diverse'], pairs: 60 });

  test('says which needs more, and by how much', () => {
    expect(finding(oneSize(two(), [2, 3])).headline).toBe(
      '“diverse” withstands the attack better: fooling it takes 1.50 times the perturbation that “ensemble” takes',
    );
    expect(finding(oneSize(two(), [4, 3])).headline).toContain('less well: fooling it takes only 0.75 times');
  });

  test('says so when there is no clear difference', () => {
    expect(finding(oneSize(two(), [3, 3])).headline).toContain(
      'No clear difference: fooling “diverse” takes 1.00 times',
    );
  });

  test('names what weakens it', () => {
    const results = fakeResults({ defences: ['ensemble', 'diverse'], pairs: 20 });
    results.defences[1]!.runs[0]!.training.finalAccuracy = 0.6;
    const caveats = finding(results).caveats.join('\n');
    for (const part of ['One seed', 'Not matched', 'Only 20 pairs', 'Drawn faces'])
      expect(caveats).toContain(part);
    expect(finding(fakeResults({ seeds: 2 })).caveats.join()).not.toContain('One seed');
  });

  test('of one defence, or of attacks that all failed, still says something true', () => {
    expect(finding(fakeResults({ defences: ['single'] })).headline).toMatch(
      /“single” verifies .* median perturbation/,
    );
    expect(finding(fakeResults({ defences: ['single'], attacks: [] })).headline).toContain(
      'no attack was run',
    );
    const held = oneSize(two(), [2, 3]);
    for (const pair of held.defences[1]!.runs[0]!.whiteBox[0]!.pairs) pair.success = false;
    expect(finding(held).headline).toContain('cannot be compared');
    expect(terminalTables(held)).toContain('∞');
  });
});

describe('numbers for people', () => {
  test.each([
    [fixed(-0.001, 2), '0.00'],
    [fixed(-1.5, 1), '−1.5'],
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

/** Every pair of each defence succeeding at one RMS (in 1/255). */
function oneSize(results: Results, sizes: number[]): Results {
  for (const [d, defence] of results.defences.entries()) {
    for (const pair of defence.runs[0]!.whiteBox[0]!.pairs)
      Object.assign(pair, { success: true, rms: sizes[d]! / 255 });
  }
  return results;
}
