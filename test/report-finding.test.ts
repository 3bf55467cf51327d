import { describe, expect, test } from 'vitest';
import { finding, type Results, terminalTables } from '../src/experiments/report/index.ts';
import { FAKE_DEFENCES, fakeResults } from './support/fake-results.ts';

/** Every pair of each defence succeeding at one RMS (in 1/255), spread by a hundredth so that medians have a spread. */
function sized(results: Results, sizes: Record<string, number>): Results {
  for (const defence of results.defences) {
    for (const [s, run] of defence.runs.entries()) {
      for (const entry of run.whiteBox) {
        for (const [i, pair] of entry.pairs.entries()) {
          const rms = (sizes[defence.name]! * (1 + ((i % 5) - 2) / 100 + s / 1000)) / 255;
          Object.assign(pair, { success: true, rms });
        }
      }
    }
  }
  return results;
}

/** The same for every network along training, all of one accuracy. */
function matchedSized(results: Results, sizes: Record<string, number>): Results {
  for (const defence of results.defences) {
    for (const snapshot of defence.runs.flatMap((run) => run.snapshots)) {
      Object.assign(snapshot, { accuracy: 0.8 });
      for (const [i, pair] of snapshot.whiteBox.pairs.entries()) {
        const rms = (sizes[defence.name]! * (1 + ((i % 5) - 2) / 100)) / 255;
        Object.assign(pair, { success: true, rms });
      }
    }
  }
  return results;
}

/** Question → [how compared, verdict] of each answer. */
function verdicts(results: Results): Record<string, [string, string][]> {
  return Object.fromEntries(
    finding(results).claims.map((claim) => [
      claim.question,
      claim.answers.map(({ at, verdict }): [string, string] => [at, verdict]),
    ]),
  );
}

const ADP = 'Does “adp” bring robustness over “ensemble”?';
const ACCURACY = 'Does “diverse” keep the accuracy of “ensemble”?';
const ROBUST = 'Is “diverse” the most robust, white-box?';
const BLACK_BOX = 'Do fewer black-box examples fool “diverse” than “ensemble”?';

describe('the headline', () => {
  const two = (more: object = {}) =>
    fakeResults({ defences: ['ensemble', 'diverse'], pairs: 60, bare: true, ...more });

  test('says which needs more, and by how much', () => {
    const better = finding(sized(two(), { ensemble: 2, diverse: 3 }));
    expect(better.headline).toBe(
      '“diverse” withstands the attack better: fooling it takes 1.50 times the perturbation that “ensemble” takes',
    );
    expect(better.details[0]).toMatch(
      /^White-box, I-FGSM: ratio .* 1\.50 \(95\u00a0% interval 1\.\d+ to 1\.\d+\)/,
    );
    expect(finding(sized(two(), { ensemble: 4, diverse: 3 })).headline).toContain(
      'less well: fooling it takes only 0.75 times',
    );
  });

  test('says so when there is no clear difference', () => {
    expect(finding(sized(two(), { ensemble: 3, diverse: 3 })).headline).toContain(
      'No clear difference: fooling “diverse” takes 1.00 times',
    );
  });

  test('says when matched accuracy takes it back', () => {
    const better = () => sized(two({ bare: false }), { ensemble: 2, diverse: 3 });
    const same = matchedSized(better(), { ensemble: 2, diverse: 2 });
    expect(finding(same).headline).toMatch(/takes, but at matched accuracy there is no clear difference$/);
    const worse = matchedSized(better(), { ensemble: 3, diverse: 2 });
    expect(finding(worse).headline).toMatch(/takes, but less at matched accuracy$/);
    const also = matchedSized(better(), { ensemble: 2, diverse: 3 });
    expect(finding(also).headline).toMatch(/“ensemble” takes$/);
    expect(finding(also).details[1]).toMatch(/^At matched accuracy, near 80\.0\u00a0%: 1\.50 .*, more\.$/);
  });

  test('of one defence, or of attacks that all failed, still says something true', () => {
    expect(finding(fakeResults({ defences: ['single'], pairs: 5 })).headline).toMatch(
      /“single” verifies .* I-FGSM fools it with a median perturbation/,
    );
    expect(finding(fakeResults({ defences: ['single'], attacks: [] })).headline).toContain(
      'no attack was run',
    );
    expect(finding(fakeResults({ defences: ['ensemble', 'diverse'], attacks: [] })).headline).toContain(
      'no attack was run',
    );
    const held = sized(two(), { ensemble: 2, diverse: 3 });
    for (const pair of held.defences[1]!.runs[0]!.whiteBox[0]!.pairs) pair.success = false;
    expect(finding(held).headline).toContain('cannot be compared');
    expect(terminalTables(held)).toContain('∞');
  });

  test('names what weakens it', () => {
    const results = fakeResults({ defences: ['ensemble', 'diverse'], pairs: 20 });
    results.defences[1]!.runs[0]!.training!.finalAccuracy = 0.6;
    for (const [i, { runs }] of results.defences.entries()) {
      for (const snapshot of runs[0]!.snapshots) snapshot.accuracy = i === 0 ? 0.9 : 0.93;
    }
    const caveats = finding(results).caveats.join('\n');
    for (const part of ['One seed', 'Not matched', 'Roughly matched', 'Only 20 pairs', 'Drawn faces'])
      expect(caveats).toContain(part);
    const several = finding(fakeResults({ seeds: 2, pairs: 20 })).caveats.join('\n');
    expect(several).not.toContain('One seed');
    expect(several).toContain('2 seeds');
  });
});

describe('claims', () => {
  const sizes = { single: 1, ensemble: 2, adp: 2, diverse: 3 };
  const four = (more: object = {}) =>
    fakeResults({ defences: ['single', 'ensemble', 'adp', 'diverse'], pairs: 40, ...more });

  test('are answered at own thresholds and at matched accuracy', () => {
    const results = matchedSized(sized(four(), sizes), { ...sizes, adp: 2.5, diverse: 2.4 });
    for (const { runs } of results.defences) {
      runs[0]!.verification.accuracy = 0.9;
      for (const pair of runs[0]!.blackBox[0]!.pairs) pair.success = [false, false, true, true, true, true];
    }
    for (const pair of results.defences[3]!.runs[0]!.blackBox[0]!.pairs) pair.success.fill(false);
    expect(verdicts(results)).toEqual({
      [ADP]: [
        ['own thresholds', 'no clear difference'],
        ['matched accuracy', 'yes'],
      ],
      // 0.9 and 0.9 of 1200 pairs: the interval is wider than a point.
      [ACCURACY]: [['the end of training', 'no clear difference']],
      [ROBUST]: [
        ['own thresholds', 'yes'],
        ['matched accuracy', 'no'],
      ],
      [BLACK_BOX]: [['own thresholds', 'yes']],
    });
    const words = finding(results).claims.flatMap((claim) => claim.answers.map((answer) => answer.words));
    expect(words[0]).toMatch(/^Fooling “adp” takes 1\.00 times .* I-FGSM\.$/);
    expect(words[1]).toMatch(
      /^1\.25 times .*: “adp” at 80\.0\u00a0% after 1 epoch, “ensemble” at 80\.0\u00a0%/,
    );
    expect(words[3]).toMatch(/“single” 3\.00 \[.*“ensemble” 1\.50 \[.*“adp” 1\.50/);
    expect(words[4]).toMatch(/^“adp” withstood more\. /);
    expect(words[5]).toMatch(/0\.0\u00a0% .* fool “diverse”, 66\.7\u00a0% fool “ensemble”: −66\.7 points/);
  });

  test('accuracy is kept when no more than a point can be lost, and lost when clearly lower', () => {
    const accuracies = (diverse: number, pairs: number) => {
      const results = four({ bare: true });
      for (const { name, runs } of results.defences) {
        Object.assign(runs[0]!.verification, { pairs, accuracy: name === 'diverse' ? diverse : 0.9 });
      }
      return verdicts(results)[ACCURACY]![0]![1];
    };
    expect(accuracies(0.9, 20_000)).toBe('yes');
    expect(accuracies(0.92, 6000)).toBe('yes');
    expect(accuracies(0.9, 600)).toBe('no clear difference');
    expect(accuracies(0.87, 6000)).toBe('no');
  });

  test('the most robust is clearly above every other', () => {
    const robust = (of: Record<string, number>) =>
      verdicts(sized(four({ bare: true }), { ...sizes, ...of }))[ROBUST]![0]![1];
    expect(robust({})).toBe('yes');
    expect(robust({ adp: 3 })).toBe('no clear difference');
    expect(robust({ adp: 3.5 })).toBe('no');
  });

  test('over seeds the spread of seeds decides', () => {
    expect(verdicts(sized(four({ seeds: 3, bare: true }), sizes))[ROBUST]).toEqual([
      ['own thresholds', 'yes'],
    ]);
    const uneven = sized(four({ seeds: 2, bare: true }), sizes);
    for (const pair of uneven.defences[3]!.runs[0]!.whiteBox[0]!.pairs) pair.rms /= 4;
    expect(verdicts(uneven)[ROBUST]).toEqual([['own thresholds', 'no clear difference']]);
  });

  test('where a median is infinite, the area under the curve decides', () => {
    const held = sized(four({ bare: true }), sizes);
    for (const pair of held.defences[2]!.runs[0]!.whiteBox[0]!.pairs) pair.success = false;
    const [own] = finding(held).claims[0]!.answers;
    expect(own).toMatchObject({ at: 'own thresholds', verdict: 'yes' });
    expect(own!.words).toContain('The median cannot be compared');
  });

  test('of several attacks the strongest counts, each is named', () => {
    const both = sized(four({ attacks: ['I-FGSM', 'BIM'], bare: true }), sizes);
    expect(finding(both).claims[0]!.answers[0]!.words).toMatch(
      /strongest of all attacks; by attack: I-FGSM 1\.00, BIM 1\.00\.$/,
    );
  });

  test('about defences that were not run there are none', () => {
    expect(Object.keys(verdicts(fakeResults({ defences: ['single', 'shared'], pairs: 5 })))).toEqual([]);
    expect(Object.keys(verdicts(fakeResults({ defences: ['ensemble', 'adp'], pairs: 5 })))).toEqual([ADP]);
    expect(Object.keys(verdicts(fakeResults({ defences: ['single', 'diverse'], pairs: 5 })))).toEqual([
      'Does “diverse” keep the accuracy of “single”?',
      ROBUST,
      'Do fewer black-box examples fool “diverse” than “single”?',
    ]);
    expect(
      Object.keys(verdicts(fakeResults({ defences: ['adp', 'ensemble', 'diverse'], attacks: [] }))),
    ).toEqual([ACCURACY]);
    expect(Object.keys(verdicts(fakeResults({ defences: FAKE_DEFENCES, pairs: 12 })))).toEqual([
      ADP,
      ACCURACY,
      ROBUST,
      BLACK_BOX,
    ]);
  });
});
