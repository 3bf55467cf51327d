import { DOMParser } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { type SeriesStyle, seriesStyles } from '../src/experiments/report/chart.ts';
import { figures, renderReport } from '../src/experiments/report/index.ts';
import { DEFENCE_NAMES } from '../src/experiments/study/defences.ts';
import { FAKE_DEFENCES, fakeResults } from './support/fake-results.ts';
import { assertWellFormed } from './support/well-formed.ts';

const results = fakeResults({ seeds: 2, attacks: ['I-FGSM', 'BIM'], pairs: 30 });
const drawn = figures(results);

function parsed(svg: string): Document {
  return new DOMParser().parseFromString(svg, 'image/svg+xml') as unknown as Document;
}

/** Where an SVG element stands: its cx/cy or its translation. */
function position(element: Element): { x: number; y: number } {
  const move = /translate\(([-\d.]+),\s*([-\d.]+)\)/.exec(element.getAttribute('transform') ?? '');
  if (move) return { x: Number(move[1]), y: Number(move[2]) };
  return { x: Number(element.getAttribute('cx')), y: Number(element.getAttribute('cy')) };
}

describe('figures', () => {
  test('are those of the study, with several attacks pooled too', () => {
    expect(Object.keys(drawn)).toEqual([
      ...['all', 'i-fgsm', 'bim'].flatMap((id) =>
        ['rms', 'linf', 'l2'].map((norm) => `white-box-${id}-${norm}`),
      ),
      'black-box-i-fgsm',
      'robustness-accuracy',
      'attack-loss-i-fgsm',
      'attack-loss-bim',
      'feature-weight-angles',
      'directions',
      'transfer-i-fgsm',
      'training-loss',
      'training-accuracy',
      'roc',
      'similarities',
    ]);
  });

  test('are drawn of as many defences as there are', () => {
    const defences = ['single', 'ensemble', 'adp', 'shared', 'diverse', 'sixth', 'seventh', 'eighth'];
    const many = fakeResults({ defences, pairs: 8 });
    for (const { runs } of many.defences) {
      for (const { whiteBox } of runs) {
        for (const entry of whiteBox) entry.curve = Array.from({ length: 30 }, (_, step) => 1 / (1 + step));
      }
    }
    for (const svg of Object.values(figures(many))) assertWellFormed(svg);
  });

  test.each(Object.entries(drawn))(
    '%s is well-formed, named, labelled, and draws numbers only',
    (id, svg) => {
      assertWellFormed(svg);
      expect(svg).toContain('xmlns="http://www.w3.org/2000/svg"');
      const title = /<title id="[^"]+">([^<]+)<\/title><desc id="[^"]+">[^<]+<\/desc>/.exec(svg)![1];
      expect(svg).toContain(`px">${title}</text>`);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      if (id === 'directions') return;
      for (const { name } of results.defences) expect(svg).toContain(`>${name}</text>`);
    },
  );

  test('eight defences are drawn as well', () => {
    const many = figures(fakeResults({ defences: FAKE_DEFENCES, pairs: 12 }));
    for (const svg of Object.values(many)) {
      assertWellFormed(svg);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    }
    for (const name of FAKE_DEFENCES) expect(many['robustness-accuracy']).toContain(`>${name}</text>`);
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

  test('a defence looks the same in every study, and another takes none of its looks', () => {
    const look = ({ color, dash, symbol }: SeriesStyle) => ({ color, dash, symbol });
    const all = seriesStyles(DEFENCE_NAMES);
    expect(new Set(all.map((s) => s.symbol)).size).toBe(DEFENCE_NAMES.length);
    for (const [i, name] of DEFENCE_NAMES.entries()) {
      expect(look(seriesStyles([name])[0]!)).toEqual(look(all[i]!));
      const mixed = seriesStyles(['mine', name, 'yours']).map(look);
      expect(mixed[1]).toEqual(look(all[i]!));
      expect(new Set(mixed.map((s) => s.symbol)).size).toBe(3);
    }
    expect(new Set(seriesStyles(['single', 'single']).map((s) => s.symbol)).size).toBe(2);
  });

  test('black-box points stand where the rates say', () => {
    const known = fakeResults({ defences: ['single'], pairs: 10 });
    const attack = known.defences[0]!.runs[0]!.blackBox[0]!;
    for (const [i, pair] of attack.pairs.entries()) pair.success = [0, 2, 4, 6, 8, 10].map((n) => i < n);
    const svg = parsed(figures(known)['black-box-i-fgsm']!);
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

  test('a name for which there is no room is shortened, not cut off at the edge', () => {
    const name = 'mobilefacenet_y1.safetensors';
    const { similarities } = figures(fakeResults({ defences: [name], pairs: 8 }));
    const texts = [...parsed(similarities!).querySelectorAll('text')].map((text) => text.textContent);
    expect(texts).toContain('mobilefacenet_y1.sa…');
    expect(texts).not.toContain(name);
  });

  test('robustness against accuracy: networks along training stand where they were measured', () => {
    const known = fakeResults({ defences: ['single'], pairs: 10 });
    const { snapshots } = known.defences[0]!.runs[0]!;
    snapshots.splice(3);
    for (const [i, snapshot] of snapshots.entries()) {
      Object.assign(snapshot, { epoch: 2 * (i + 1), accuracy: [0.7, 0.8, 0.9][i]! });
      for (const pair of snapshot.whiteBox.pairs) {
        Object.assign(pair, { success: true, rms: [8, 6, 4][i]! / 255 });
      }
    }
    const svg = parsed(figures(known)['robustness-accuracy']!);
    const dots = [...svg.querySelectorAll('[aria-label="dot"] *')].map(position);
    const at = (axis: 'x' | 'y', label: string) => {
      const ticks = [...svg.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`)];
      return position(ticks.find((t) => t.textContent === label)!)[axis];
    };
    expect(dots.map((dot) => dot.x)).toEqual([
      expect.closeTo(at('x', '70'), 3),
      expect.closeTo(at('x', '80'), 3),
      expect.closeTo(at('x', '90'), 3),
    ]);
    expect(dots.map((dot) => dot.y)).toEqual([
      expect.closeTo(at('y', '8'), 3),
      expect.closeTo(at('y', '6'), 3),
      expect.closeTo(at('y', '4'), 3),
    ]);
    const epochs = [...svg.querySelectorAll('[aria-label="text"] text')].map((t) => t.textContent);
    expect(epochs).toEqual(['2', '4', '6']);
  });

  test('squares hold their numbers, darker where there is more', () => {
    const known = fakeResults({ defences: ['ensemble', 'diverse'], pairs: 10 });
    known.transfer[0]!.shown = [10, 8];
    known.transfer[0]!.accepted = [
      [10, 5],
      [2, 8],
    ];
    const svg = parsed(figures(known)['transfer-i-fgsm']!);
    const texts = [...svg.querySelectorAll('[aria-label="text"] text')].map((t) => t.textContent);
    expect(texts).toEqual(expect.arrayContaining(['100', '50', '25', '100']));
    const red = [...svg.querySelectorAll('[aria-label="cell"] rect')].map((r) =>
      Number(/rgb\((\d+)/.exec(r.getAttribute('fill')!)![1]),
    );
    expect(red[0]).toBe(red[3]);
    expect(red[0]).toBeLessThan(red[1]!);
    expect(red[1]).toBeLessThan(red[2]!);

    Object.assign(known.defences[0]!.runs[0]!.diagnosis!, {
      featureToWeight: [
        [30, 90],
        [88, 31],
      ],
    });
    const angles = figures(known)['feature-weight-angles']!;
    for (const text of ['30°', '31°', '88°', '90°']) expect(angles).toContain(`>${text}</text>`);
  });

  test('directions: members differ in shape, arrows are numbered, one set of them where it is shared', () => {
    const svg = parsed(drawn.directions!);
    const arrows = [...svg.querySelectorAll('[aria-label="arrow"] path')];
    // Two members of five identities each, and one shared set.
    expect(arrows).toHaveLength(15);
    const labels = [...svg.querySelectorAll('[aria-label="text"] text')].map((t) => t.textContent);
    for (const identity of ['1', '2', '3', '4', '5']) {
      expect(labels.filter((label) => label === identity)).toHaveLength(3);
    }
    expect(labels).toContain('accuracy 97 %, volume 0.58');
    expect(drawn.directions).toContain('>member 2</text>');
  });

  test('one failed attack, one pair, no recorded training, no attack at all', () => {
    const poor = fakeResults({ defences: ['single'], pairs: 1, bare: true });
    const run = poor.defences[0]!.runs[0]!;
    run.whiteBox[0]!.pairs[0]!.success = false;
    expect(Object.keys(figures(poor))).not.toContain('training-loss');
    for (const svg of Object.values(figures(poor))) expect(svg).not.toMatch(/NaN|Infinity/);
    run.whiteBox = [];
    run.blackBox = [];
    expect(Object.keys(figures(poor))).toEqual(['roc', 'similarities']);
  });

  test('a network along training that withstands more than half of its attacks is not drawn', () => {
    const held = fakeResults({ defences: ['single', 'diverse'], pairs: 10 });
    for (const pair of held.defences[0]!.runs[0]!.snapshots[0]!.whiteBox.pairs) pair.success = false;
    const svg = figures(held)['robustness-accuracy']!;
    expect(svg).not.toMatch(/NaN|Infinity/);
    expect(parsed(svg).querySelectorAll('[aria-label="dot"] *')).toHaveLength(9);
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

  test('has its sections in order, and leaves out those without numbers', () => {
    const sections = (html: string) =>
      [...html.matchAll(/<section aria-labelledby="([^"]+)"/g)].map((m) => m[1]);
    const full = fakeResults({ defences: FAKE_DEFENCES, pairs: 12 });
    expect(sections(renderReport(full))).toEqual([
      'accuracy',
      'white-box',
      'black-box',
      'matched',
      'ablation',
      'diagnosis',
      'transfer',
      'rules',
      'examples',
      'training',
      'left-out',
      'settings',
      'repeat',
    ]);
    const bare = renderReport(fakeResults({ defences: ['single'], pairs: 5, bare: true }));
    expect(sections(bare)).toEqual(['accuracy', 'white-box', 'black-box', 'settings', 'repeat']);
    expect(bare).not.toContain('undefined');
    const nothing = renderReport(fakeResults({ defences: ['single'], attacks: [], bare: true }));
    expect(sections(nothing)).toEqual(['accuracy', 'settings', 'repeat']);
    assertWellFormed(bare);
  });

  test('shows the command, every setting, every note, and names pairs that no comparison counts', () => {
    expect(page).toContain(`<code>${results.command}</code>`);
    for (const text of [
      'network.embedding',
      'train.weightDecay',
      'imaginary 1.2.3',
      'seeds 99, 100',
      'a/1.png',
      'mean of its members',
      'I-FGSM, along training',
      'person 0 → person 3 of 0;',
      'person 1 → person 10 of 1001 <span class="spread">seed 1, for single, ensemble</span>',
    ]) {
      expect(page).toContain(text);
    }
  });

  test('a network that was trained elsewhere has no training to tell of', () => {
    const given = fakeResults({ defences: ['single'], pairs: 5, bare: true });
    given.data.train = null;
    given.defences[0]!.runs[0]!.training = null;
    const html = renderReport(given);
    assertWellFormed(html);
    expect(html).not.toMatch(/undefined|NaN|training accuracy|training never saw|training faces/);
    expect(html).toContain('1,200 pairs of invented faces, seed 2. Accuracy');
  });

  test('dodging: an image that is no longer taken for its own person', () => {
    const dodging = fakeResults({ defences: ['single'], pairs: 5 });
    expect(renderReport(dodging)).toContain('<span>taken for person &amp; 7</span>');
    dodging.goal = 'dodge';
    const [fooled] = renderReport(dodging).match(/<figure class="example">.*?<\/figure>/s)!;
    expect(fooled).toContain('<strong>Same person</strong>');
    expect(fooled).toContain('<span>not taken for person &amp; 7</span>');
    expect(fooled).toContain(': fooled after');
    expect(renderReport(dodging)).toContain('Pairs of one person that a defence takes for two as they are.');
  });

  test('names hundreds of pairs, and says where thousands are', () => {
    const many = fakeResults({ defences: ['single'], pairs: 5, bare: true });
    many.leftOut = Array.from({ length: 302 }, (_, i) => ({
      seed: 1,
      source: `a${i}`,
      target: `b${i}`,
      acceptedBy: ['single'],
    }));
    const html = renderReport(many);
    expect(html).toContain('The 302 pairs by name');
    expect(html).toContain('a299 → b299');
    expect(html).not.toContain('a300 → b300');
    expect(html).toContain('… and 2 others, in tables/left-out-pairs.csv');
  });

  test('settings that differ between defences are shown for each', () => {
    const differing = fakeResults({ defences: ['single', 'diverse'], pairs: 5 });
    differing.defences[1]!.runs[0]!.whiteBox[0]!.settings = { step: 1 };
    const html = renderReport(differing);
    expect(html).toContain('I-FGSM, white-box, on single');
    expect(html).toContain('I-FGSM, white-box, on diverse');
    expect(html).not.toContain('I-FGSM, black-box, on');
  });

  test('takes no name for markup', () => {
    const hostile = fakeResults({ defences: ['single', 'diverse'], pairs: 5 });
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
    Object.assign(hostile.transfer[0]!, { attack: bad, defences: [bad, 'diverse'] });
    Object.assign(hostile.leftOut[0]!, { source: bad, acceptedBy: [bad] });
    Object.assign(hostile.directions!.panels[0]!, { name: bad, title: bad });
    for (const { runs } of hostile.defences) {
      const run = runs[0]!;
      for (const entry of [...run.whiteBox, ...run.snapshots.map((s) => s.whiteBox)]) entry.attack = bad;
      Object.assign(run.blackBox[0]!, { attack: bad, distanceMeasure: bad });
      Object.assign(run.blackBox[0]!.surrogate, { name: bad, description: bad });
      for (const pair of run.blackBox[0]!.pairs) Object.assign(pair, { source: bad, target: bad });
    }
    const written = renderReport(hostile);
    assertWellFormed(written);
    expect(written).not.toContain('<script');
    for (const svg of Object.values(figures(hostile))) assertWellFormed(svg);
  });
});
