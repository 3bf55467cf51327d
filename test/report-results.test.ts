import { describe, expect, test } from 'vitest';
import { parseResults, type Results, ResultsError } from '../src/experiments/report/index.ts';
import { fakeResults } from './support/fake-results.ts';

/** Results as they come back from a file, changed. */
function changed(change: (results: Results) => void): unknown {
  const results = fakeResults({ defences: ['single', 'diverse'], pairs: 5 });
  change(results);
  return JSON.parse(JSON.stringify(results));
}

test('results survive the way through a file', () => {
  const results = fakeResults({ seeds: 2, pairs: 10 });
  expect(parseResults(JSON.parse(JSON.stringify(results)), 'results.json')).toEqual(results);
});

describe('refuses, naming the file and the remedy:', () => {
  const run = (r: Results) => r.defences[0]!.runs[0]!;
  test.each<[string, unknown, RegExp]>([
    [
      'no object',
      7,
      /^runs\/a\.json: expected results of schema "facet-results", got none; give the results\.json/,
    ],
    ['another schema', { schema: 'other', version: 1 }, /schema "facet-results", got "other"/],
    [
      'a later version',
      changed((r) => Object.assign(r, { version: 3 })),
      /version 2 of the results schema, got 3;.*that wrote it/,
    ],
    ['no version', { schema: 'facet-results' }, /version 2 of the results schema, got none/],
    [
      'a missing field',
      changed((r) => Object.assign(r, { command: undefined })),
      /not valid results: command: /,
    ],
    [
      'an accuracy in %',
      changed((r) => Object.assign(run(r).verification, { accuracy: 85 })),
      /defences\.0\.runs\.0\.verification\.accuracy/,
    ],
    ['no pairs', changed((r) => void run(r).whiteBox[0]!.pairs.splice(0)), /whiteBox\.0\.pairs/],
    [
      'distances out of order',
      changed((r) => void run(r).blackBox[0]!.distances.reverse()),
      /each distance nearer than the one before/,
    ],
    [
      'a missing outcome',
      changed((r) => void run(r).blackBox[0]!.pairs[0]!.success.pop()),
      /one outcome per distance/,
    ],
    [
      'one name twice',
      changed((r) => Object.assign(r.defences[0]!, { name: 'diverse' })),
      /one name of its own/,
    ],
    [
      'distances that differ between runs',
      changed((r) => {
        run(r).blackBox[0]!.distances.pop();
        for (const pair of run(r).blackBox[0]!.pairs) pair.success.pop();
      }),
      /one list of distances for all runs/,
    ],
    [
      'an image from the network',
      changed((r) => Object.assign(r.examples[0]!, { adversarial: 'https://example.org/a.png' })),
      /data URI/,
    ],
    ['a date in words', changed((r) => Object.assign(r, { date: 'yesterday' })), /not valid results: date/],
  ])('%s', (_, json, message) => {
    expect(() => parseResults(json, 'runs/a.json')).toThrow(ResultsError);
    expect(() => parseResults(json, 'runs/a.json')).toThrow(message);
  });

  test('many mistakes: the first, and how many more', () => {
    const json = changed((r) => {
      for (const d of r.defences) Object.assign(d.runs[0]!.verification, { eer: -1, auc: 2 });
    });
    expect(() => parseResults(json, 'a.json')).toThrow(/; and 1 more; the file is damaged/);
  });
});
