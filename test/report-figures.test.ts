import { DOMParser } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { seriesStyles } from '../src/experiments/report/chart.ts';
import { figures, renderReport } from '../src/experiments/report/index.ts';
import { fakeResults } from './support/fake-results.ts';
import { assertWellFormed } from './support/well-formed.ts';

const results = fakeResults({ seeds: 2, attacks: ['ifgsm', 'bim'], pairs: 30 });
const drawn = figures(results);

describe('figures', () => {
  test('are those of the study, with several attacks pooled too', () => {
    expect(Object.keys(drawn)).toEqual([
      'white-box-ifgsm-rms',
      'white-box-ifgsm-linf',
      'white-box-bim-rms',
      'white-box-bim-linf',
      'white-box-all-rms',
      'white-box-all-linf',
      'black-box-ifgsm',
      'training-loss',
      'training-accuracy',
      'roc',
      'similarities',
    ]);
  });

  test.each(Object.entries(drawn))('%s is well-formed, named, labelled, and draws numbers only', (_, svg) => {
    assertWellFormed(svg);
    expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
    expect(svg).toMatch(/<title id="[^"]+">[^<]+<\/title><desc id="[^"]+">[^<]+<\/desc>/);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    for (const { name } of results.defences) expect(svg).toContain(`>${name}</text>`);
  });

  test('are the same for the same results', () => {
    const again = figures(results);
    expect(Object.keys(drawn).filter((id) => again[id] !== drawn[id])).toEqual([]);
  });

  test('read in grey: no two defences share both dash and marker, up to sixty of them', () => {
    const looks = seriesStyles(Array.from({ length: 60 }, (_, i) => `d${i}`)).map(
      (s) => `${s.dash} ${s.symbol} ${s.color}`,
    );
    expect(new Set(looks).size).toBe(60);
    const eight = seriesStyles(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
    expect(new Set(eight.map((s) => s.dash)).size).toBe(8);
    expect(new Set(eight.map((s) => s.symbol)).size).toBe(8);
  });

  test('black-box points stand where the rates say', () => {
    const known = fakeResults({ defences: ['single'], pairs: 10 });
    const attack = known.defences[0]!.runs[0]!.blackBox[0]!;
    for (const [i, pair] of attack.pairs.entries()) pair.success = [0, 2, 4, 6, 8, 10].map((n) => i < n);
    const svg = new DOMParser().parseFromString(figures(known)['black-box-ifgsm']!, 'image/svg+xml');
    const dots = [...svg.querySelectorAll('[aria-label="dot"] *')].map(position);
    const ticks = [...svg.querySelectorAll('[aria-label="y-axis tick label"] text')];
    const height = (label: string) => position(ticks.find((t) => t.textContent === label)!).y;
    expect(dots).toHaveLength(6);
    for (const [i, label] of ['0%', '20%', '40%', '60%', '80%', '100%'].entries()) {
      expect(dots[i]!.y).toBeCloseTo(height(label), 3);
    }
    // Nearer is further right, at the distances' own spacing: 1, .8, .6, .4, .3, .2.
    const [a, b, , c, d] = dots.map((p) => p.x);
    expect((b! - a!) / (d! - c!)).toBeCloseTo(2, 3);
  });

  test('one failed attack, one pair, no recorded training, no attack at all', () => {
    const poor = fakeResults({ defences: ['single'], pairs: 1 });
    const run = poor.defences[0]!.runs[0]!;
    run.whiteBox[0]!.pairs[0]!.success = false;
    run.training.points = [];
    expect(Object.keys(figures(poor))).not.toContain('training-loss');
    for (const svg of Object.values(figures(poor))) expect(svg).not.toMatch(/NaN|Infinity/);
    run.whiteBox = [];
    run.blackBox = [];
    expect(Object.keys(figures(poor))).toEqual(['roc', 'similarities']);
    const page = renderReport(poor);
    expect(page).not.toContain('id="white-box"');
    expect(page).not.toContain('undefined');
  });
});

describe('report', () => {
  const page = renderReport(results);

  test('asks the network for nothing and runs no script', () => {
    // References of any kind are to the page itself or to data; namespaces are names, not requests.
    const references = [...page.matchAll(/(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)/g)].map((m) => m[1]!);
    expect(references.length).toBeGreaterThan(8);
    expect(references.filter((r) => !/^(#|data:image\/png;base64,)/.test(r))).toEqual([]);
    expect(page).not.toContain('<script');
    expect(page).toContain("default-src 'none'");
  });

  test('is well-formed and has one heading of the first level, captions, scopes, alternatives', () => {
    assertWellFormed(page);
    expect(page.match(/<h1/g)).toHaveLength(1);
    const tables = page.match(/<table/g)!.length;
    expect(page.match(/<caption/g)).toHaveLength(tables);
    expect(page.match(/<img /g)!.length).toBe(page.match(/<img [^>]*alt="[^"]+"/g)!.length);
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]!);
    expect(new Set(ids).size).toBe(ids.length);
    const pointed = [...page.matchAll(/(?:href="#|aria-labelledby="|url\(#)([^")]+)/g)].flatMap((m) =>
      m[1]!.split(' '),
    );
    expect(pointed.filter((id) => !ids.includes(id))).toEqual([]);
  });

  test('shows the command, every setting, every note', () => {
    expect(page).toContain(`<code>${results.command}</code>`);
    for (const text of [
      'network.embedding',
      'train.weightDecay',
      'imaginary 1.2.3',
      'seed 99',
      'a/1.png',
      'mean of its members',
    ]) {
      expect(page).toContain(text);
    }
  });

  test('takes no name for markup', () => {
    const hostile = fakeResults({ defences: ['single'], pairs: 5 });
    const bad = '"><script>alert(1)</script><!-- & \u0000';
    Object.assign(hostile, { name: bad, command: bad, notes: [bad] });
    Object.assign(hostile.adapter, { name: bad, driver: bad });
    Object.assign(hostile.data.test, { name: bad });
    Object.assign(hostile.settings, { [bad]: bad });
    Object.assign(hostile.defences[0]!, { name: bad, description: bad });
    Object.assign(hostile.examples[0]!, {
      attack: bad,
      source: { ...hostile.examples[0]!.source, name: bad },
    });
    const run = hostile.defences[0]!.runs[0]!;
    run.whiteBox[0]!.attack = bad;
    Object.assign(run.blackBox[0]!, { attack: bad, distanceMeasure: bad });
    for (const pair of run.blackBox[0]!.pairs) Object.assign(pair, { source: bad, target: bad });
    const written = renderReport(hostile);
    assertWellFormed(written);
    expect(written).not.toContain('<script');
    for (const svg of Object.values(figures(hostile))) assertWellFormed(svg);
  });
});

/** Where an SVG element stands: its cx/cy or its translation. */
function position(element: Element): { x: number; y: number } {
  const move = /translate\(([-\d.]+),\s*([-\d.]+)\)/.exec(element.getAttribute('transform') ?? '');
  if (move) return { x: Number(move[1]), y: Number(move[2]) };
  return { x: Number(element.getAttribute('cx')), y: Number(element.getAttribute('cy')) };
}
