/** The report viewer without a page: what it makes of a file, and its state. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type RenderedReport, renderResults } from '../src/demos/report-viewer/render.ts';
import { INITIAL_STATE, reduce } from '../src/demos/report-viewer/state.ts';
import { newDocument, type Results, renderReport } from '../src/experiments/report/index.ts';
import { fakeResults } from './support/fake-results.ts';

const results = fakeResults({ seeds: 2, pairs: 12 });
const rendered = (text: string) => renderResults(text, 'results.json', newDocument());

describe('a file', () => {
  it('becomes the report that the run itself writes', () => {
    const { kicker, headline, summary, sections, pictures } = rendered(JSON.stringify(results));
    const whole = renderReport(results);
    expect(sections.length).toBeGreaterThan(8);
    for (const { title, body } of sections) {
      expect(whole, title).toContain(body);
      expect(whole).toContain(`>${title}</h2>`);
    }
    expect(whole).toContain(summary);
    expect(whole).toContain(headline.replaceAll('"', '&quot;'));
    expect(kicker).toContain(results.adapter.name);
    expect(pictures).toBe(results.examples.length);
  });

  it.each([
    ['', /results\.json is not JSON.*results\.json that a facet run wrote/],
    ['{"schema": ', /results\.json is not JSON/],
    ['[]', /expected results of schema "facet-results", got none/],
    ['{"adapter": "x", "results": []}', /expected results of schema "facet-results", got none/],
    ['{"schema": "facet-results", "version": 1}', /expected version 2 of the results schema, got 1/],
    ['{"schema": "facet-results", "version": 2}', /not valid results: name: .*; and \d+ more/],
  ])('that is none says why: %s', (text, message) => {
    expect(() => rendered(text)).toThrow(message);
  });

  it('cannot bring markup of its own', () => {
    const evil = '<img src=x onerror=alert(1)>';
    const hostile: Results = { ...results, name: evil, notes: [evil], command: evil };
    const { summary, sections } = rendered(JSON.stringify(hostile));
    const html = summary + sections.map(({ body }) => body).join('');
    expect(html).not.toContain(evil);
    expect(html).toContain('&lt;img src=x');
  });

  it('that is shown as an example is a run’s own, and small enough to load', () => {
    const text = readFileSync('src/demos/recorded/results.json', 'utf8');
    expect(text.length).toBeLessThan(300_000);
    const { sections } = rendered(text);
    expect(sections.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['accuracy', 'white-box', 'black-box', 'examples']),
    );
  });
});

describe('the state', () => {
  const report = { headline: 'a' } as RenderedReport;
  const reading = reduce(INITIAL_STATE, { kind: 'open', turn: 1, name: 'results.json' });

  it('shows what was read, or says what is wrong', () => {
    expect(reduce(reading, { kind: 'rendered', turn: 1, report })).toMatchObject({ kind: 'shown', report });
    expect(reduce(reading, { kind: 'failed', turn: 1, message: 'damaged' })).toEqual({
      kind: 'failed',
      name: 'results.json',
      message: 'damaged',
    });
  });

  it('ignores what comes too late: an older file of the same name, or one that was cancelled', () => {
    const second = reduce(reading, { kind: 'open', turn: 2, name: 'results.json' });
    expect(reduce(second, { kind: 'rendered', turn: 1, report })).toBe(second);
    expect(reduce(second, { kind: 'failed', turn: 1, message: 'damaged' })).toBe(second);
    const closed = reduce(second, { kind: 'close' });
    expect(reduce(closed, { kind: 'rendered', turn: 2, report })).toEqual({ kind: 'empty' });
  });
});
