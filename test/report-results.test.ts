import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseResults, type Results, ResultsError, resultsSchema } from '../src/experiments/report/index.ts';
import { FAKE_DEFENCES, fakeResults } from './support/fake-results.ts';

/** Results as they come back from a file, changed. */
function changed(change: (results: Results) => void): unknown {
  const results = fakeResults({ defences: ['single', 'diverse'], pairs: 5 });
  change(results);
  return JSON.parse(JSON.stringify(results));
}

test('results survive the way through a file', () => {
  for (const options of [
    { seeds: 2, pairs: 10, defences: FAKE_DEFENCES },
    { defences: ['single'], pairs: 3, bare: true },
    { defences: ['single'], attacks: [] },
  ]) {
    const results = fakeResults(options);
    expect(parseResults(JSON.parse(JSON.stringify(results)), 'results.json')).toEqual(results);
  }
});

/** Every field of a JSON schema, `defences[].runs[].seed`, with what it may hold. */
function fieldsOf(schema: unknown, path = ''): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { properties, items, anyOf } = schema as Record<string, unknown>;
  return [
    ...Object.entries((properties ?? {}) as object).flatMap(([key, inner]) => {
      const name = path === '' ? key : `${path}.${key}`;
      return [name, ...fieldsOf(inner, name)];
    }),
    ...(items === undefined ? [] : fieldsOf(items, `${path}[]`)),
    ...((anyOf as unknown[] | undefined) ?? []).flatMap((inner) => fieldsOf(inner, path)),
  ];
}

test('docs/results-schema.md says what every field is, and of no other', () => {
  const fields = fieldsOf(z.toJSONSchema(resultsSchema, { io: 'input' }));
  expect(fields).toContain('defences[].runs[].whiteBox[].pairs[].rms');
  const page = readFileSync(new URL('../docs/results-schema.md', import.meta.url), 'utf8');
  // Rows of tables, | `field` | … |, under a line that says where the fields stand: At `defences[].runs[]`:
  let at = [''];
  const documented = page.split('\n').flatMap((line) => {
    if (line.startsWith('#')) at = [''];
    if (line.startsWith('At `')) at = [...line.split(':')[0]!.matchAll(/`([^`]+)`/g)].map((m) => m[1]!);
    const row = /^\| `([^`]+)` \|/.exec(line)?.[1];
    return row === undefined ? [] : at.map((place) => (place === '' ? row : `${place}.${row}`));
  });
  expect([...documented].sort()).toEqual([...new Set(fields)].sort());
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
      'an earlier version, whatever is in it',
      { schema: 'facet-results', version: 1, defences: [] },
      /^runs\/a\.json: expected version 2 of the results schema, got 1; .*or run the study again$/,
    ],
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
      'a seed twice',
      changed((r) => void r.defences[0]!.runs.push(structuredClone(run(r)))),
      /every seed of a defence once/,
    ],
    [
      'an attack twice by one rule',
      changed((r) => void run(r).whiteBox.push(structuredClone(run(r).whiteBox[0]!))),
      /one white-box entry per attack and rule/,
    ],
    [
      'a transfer table without a row',
      changed((r) => void r.transfer[0]!.accepted.pop()),
      /a row and a column for each defence/,
    ],
    [
      'more accepted than shown',
      changed((r) => void r.transfer[0]!.accepted[0]!.fill(999)),
      /no more examples accepted than were shown/,
    ],
    [
      'angles in rows of different lengths',
      changed((r) => void r.defences[1]!.runs[0]!.diagnosis!.featureToWeight[0]!.pop()),
      /featureToWeight: expected rows of equal length/,
    ],
    [
      'a panel with too few labels',
      changed((r) => void r.directions!.panels[0]!.labels.pop()),
      /one feature vector per label/,
    ],
    [
      'a panel that lacks a weight vector',
      changed((r) => void r.directions!.panels[0]!.weights[0]!.pop()),
      /a weight vector for every label/,
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
