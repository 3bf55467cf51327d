/** The report: one page that holds everything it shows and asks the network for nothing. */
import type { Figure } from './chart.ts';
import { drawFigures } from './figures.ts';
import { finding } from './finding.ts';
import { counted, duration, fixed, PIXEL_STEPS, escapeMarkup as text } from './format.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { Example, Results } from './results.ts';
import { blackBoxAttacks, whiteBoxAttacks } from './summary.ts';
import { htmlTable } from './table.ts';
import { blackBoxTable, neverReached, verificationTable, whiteBoxTable } from './tables.ts';

interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/**
 * The whole report as one HTML file: no scripts, no requests (its own content policy forbids them), figures as
 * SVG, images as data URIs. Every name is escaped.
 */
export function renderReport(results: Results): string {
  const found = finding(results);
  const sections = allSections(results).filter((s) => s.body !== '');
  const links = sections.map((s) => `<li><a href="#${s.id}">${text(s.title)}</a></li>`).join('');
  const caveats =
    found.caveats.length === 0
      ? ''
      : `<aside class="caveats" aria-labelledby="caveats"><h2 id="caveats">Read with care</h2><ul>${found.caveats.map((c) => `<li>${text(c)}</li>`).join('')}</ul></aside>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${text(results.name)} – facet</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<p class="kicker">facet · ${text(results.name)} · ${text(readableDate(results.date))} · ${text(duration(results.durationSeconds))} on ${text(results.adapter.name)}</p>
<h1>${text(found.headline)}</h1>
${found.details.map((d) => `<p class="lead">${text(d)}</p>`).join('\n')}
${caveats}
<nav aria-label="Sections"><ul>${links}</ul></nav>
</header>
<main>
${sections.map((s) => `<section aria-labelledby="${s.id}"><h2 id="${s.id}">${text(s.title)}</h2>\n${s.body}\n</section>`).join('\n')}
</main>
<footer><p>Written by facet ${text(results.facetVersion)} from results of schema ${results.schema}, version ${results.version}.</p></footer>
</body>
</html>
`;
}

function allSections(results: Results): Section[] {
  const figures = drawFigures(results);
  return [
    { id: 'defences', title: 'Defences', body: defences(results) },
    {
      id: 'accuracy',
      title: 'Accuracy',
      body: htmlTable(verificationTable(results)) + pair(figures.verification),
    },
    {
      id: 'white-box',
      title: 'White-box robustness',
      body: [
        ...figures.whiteBox.filter((f) => f.id.endsWith('rms')).map(chart),
        ...whiteBoxAttacks(results).map((attack) => htmlTable(whiteBoxTable(results, attack))),
        pair(figures.whiteBox.filter((f) => !f.id.endsWith('rms'))),
      ].join('\n'),
    },
    {
      id: 'black-box',
      title: 'Black-box robustness',
      body: blackBoxAttacks(results)
        .map(
          (attack, i) =>
            chart(figures.blackBox[i]!) + htmlTable(blackBoxTable(results, attack)) + missed(results, attack),
        )
        .join('\n'),
    },
    { id: 'examples', title: 'Examples', body: results.examples.map(example).join('\n') },
    { id: 'training', title: 'Training', body: pair(figures.training) },
    { id: 'settings', title: 'Settings', body: settings(results) },
    { id: 'repeat', title: 'Repeat it', body: repeat(results) },
  ];
}

function chart(figure: Figure): string {
  return (
    `<figure class="chart" id="figure-${figure.id}">${figure.svg}` +
    `<figcaption><strong>${text(figure.title)}.</strong> ${text(figure.caption)}</figcaption></figure>`
  );
}

function pair(figures: readonly Figure[]): string {
  return figures.length === 0 ? '' : `<div class="pair">${figures.map(chart).join('\n')}</div>`;
}

function defences(results: Results): string {
  const rows = results.defences.map((d) => {
    const seeds = `${d.runs.length > 1 ? 'seeds' : 'seed'} ${d.runs.map((r) => r.seed).join(', ')}`;
    return `<dt>${text(d.name)}</dt><dd>${text(d.description)} <span class="spread">${seeds}</span></dd>`;
  });
  const matching = {
    mean: 'the mean of its members’ cosines',
    min: 'the smallest of its members’ cosines',
    concat: 'the cosine of its members’ features, concatenated',
  }[results.matching];
  return `<dl>${rows.join('')}</dl><p>Two images are taken for one person when their similarity is greater than the defence’s threshold; an ensemble’s similarity is ${matching}.</p>`;
}

function missed(results: Results, attack: string): string {
  const lists = neverReached(results, attack);
  if (lists.length === 0) return '';
  const items = lists.map((l) => `<li>${l.distance}: ${l.pairs.map(text).join('; ')}</li>`).join('');
  return `<details><summary>Pairs that never reached a distance</summary><ul>${items}</ul></details>`;
}

function example(shown: Example): string {
  const faces = [
    {
      image: shown.source.image,
      alt: `Source image, ${shown.source.name}`,
      title: 'Source',
      about: shown.source.name,
    },
    {
      image: shown.adversarial,
      alt: 'Adversarial image',
      title: 'Adversarial',
      about: `taken for ${shown.target.name}`,
    },
    {
      image: shown.perturbation,
      alt: 'Perturbation',
      title: 'Perturbation',
      about: `× ${shown.amplification}, around grey`,
    },
    {
      image: shown.target.image,
      alt: `Target image, ${shown.target.name}`,
      title: 'Target',
      about: shown.target.name,
    },
  ];
  if (!shown.success) faces[1]!.about = `not taken for ${shown.target.name}`;
  const items = faces.map(
    (f) =>
      `<li><img src="${text(f.image)}" alt="${text(f.alt)}"${f.title === 'Perturbation' ? ' class="pixels"' : ''}>` +
      `<span><strong>${f.title}</strong></span><span>${text(f.about)}</span></li>`,
  );
  const steps = (size: number) => `${fixed(size * PIXEL_STEPS, 2)}/255`;
  return (
    `<figure class="example"><ul class="faces">${items.join('')}</ul><figcaption><strong>${text(shown.attack)} on ${text(shown.defence)}</strong>` +
    ` (seed ${shown.seed}): ${shown.success ? 'fooled' : 'not fooled'} after ${counted(shown.iterations, 'step')}, ` +
    `L∞ ${steps(shown.linf)}, RMS ${steps(shown.rms)}, L2 ${fixed(shown.l2, 2)} in [0, 1] pixels.</figcaption></figure>`
  );
}

function settings(results: Results): string {
  const { train, test } = results.data;
  const set = (s: typeof train) =>
    `${s.name}: ${counted(s.identities, 'identity', 'identities')}, ${counted(s.images, 'image')}${s.synthetic ? ', drawn' : ''}`;
  const whole = settingsTable('The study', [
    ['training faces', set(train)],
    ['test faces', set(test)],
    ['matching', results.matching],
    ...flat(results.settings),
  ]);
  const perDefence = results.defences.map((d) => settingsTable(d.name, flat(d.settings)));
  const first = results.defences.flatMap((d) => d.runs.slice(0, 1));
  const perAttack = new Map<string, [string, string][]>();
  for (const run of first) {
    for (const w of run.whiteBox) perAttack.set(`${w.attack}, white-box`, flat(w.settings));
    for (const b of run.blackBox) {
      const surrogate: [string, string][] = [
        ['surrogate', `${b.surrogate.name}: ${b.surrogate.description}, seed ${b.surrogate.seed}`],
        ['distances', b.distances.join(', ')],
      ];
      perAttack.set(`${b.attack}, black-box`, [...surrogate, ...flat(b.settings)]);
    }
  }
  const notes =
    results.notes.length === 0
      ? ''
      : `<h3>Notes</h3><ul>${results.notes.map((n) => `<li>${text(n)}</li>`).join('')}</ul>`;
  const attacks = [...perAttack].map(([name, rows]) => settingsTable(name, rows));
  return `${notes}${whole}<details><summary>Settings of each defence and attack</summary>${[...perDefence, ...attacks].join('')}</details>`;
}

function settingsTable(title: string, rows: [string, string][]): string {
  if (rows.length === 0) return '';
  const body = rows.map(
    ([key, value]) => `<tr><th scope="row">${text(key)}</th><td>${text(value)}</td></tr>`,
  );
  return `<table class="settings"><caption><strong>${text(title)}</strong></caption><tbody>${body.join('')}</tbody></table>`;
}

/** Nested settings as dotted names. */
function flat(value: Results['settings'], prefix = ''): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const name = prefix === '' ? key : `${prefix}.${key}`;
    if (typeof inner === 'object' && inner !== null && !Array.isArray(inner)) return flat(inner, name);
    return [[name, typeof inner === 'string' ? inner : JSON.stringify(inner)]];
  });
}

function repeat(results: Results): string {
  const { adapter } = results;
  const kind = adapter.kind === 'software' ? 'software adapter' : 'GPU';
  return (
    `<pre tabindex="0"><code>${text(results.command)}</code></pre>` +
    `<p>The same adapter and seed give the same numbers. This ran on ${text(adapter.name)} (${kind}, ${text(adapter.driver)}) ` +
    `with facet ${text(results.facetVersion)}, and took ${duration(results.durationSeconds)}.</p>`
  );
}

/** 2020-01-02T03:04:05Z as 2 January 2020, in UTC whatever the machine's zone. */
function readableDate(date: string): string {
  return new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
}
