/** The sections of the report, in order. One without anything to show has an empty body, and is left out. */
import { blackBoxAttacks, neverReached } from './black-box.ts';
import { type Figure, swatch } from './chart.ts';
import { drawFigures, type Figures } from './figures.ts';
import { counted, escapeMarkup as text, unbroken } from './format.ts';
import type { Matched } from './matched.ts';
import { examples } from './page-examples.ts';
import { repeat, settings } from './page-settings.ts';
import type { Results } from './results.ts';
import { pairName } from './summary.ts';
import { htmlTable, type Table } from './table.ts';
import { makeTables, type Tables } from './tables.ts';

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: string;
}

/** Every section that has something to show. */
export function sectionsOf(results: Results, matched: Matched | undefined, document: Document): Section[] {
  const figures = drawFigures(results, document, matched);
  const tables = makeTables(results, matched);
  const sections: Section[] = [
    {
      id: 'accuracy',
      title: 'Accuracy',
      body: defences(results) + htmlTable(tables.verification) + pair(figures.verification),
    },
    { id: 'white-box', title: 'White-box robustness', body: whiteBox(figures, tables) },
    { id: 'black-box', title: 'Black-box robustness', body: blackBox(results, figures, tables) },
    {
      id: 'matched',
      title: 'At matched accuracy',
      body: charts([figures.matched]) + made([tables.matched]),
    },
    { id: 'ablation', title: 'Ablation', body: made([tables.ablation, tables.effects]) },
    {
      id: 'diagnosis',
      title: 'Diagnosis',
      body: made([tables.diagnosis, tables.slopes]) + charts([figures.angles, figures.directions]),
    },
    {
      id: 'transfer',
      title: 'Transfer between defences',
      body: charts(figures.transfer) + details('The numbers behind it, with counts', made(tables.transfer)),
    },
    { id: 'rules', title: 'Matching rules', body: made([tables.rules]) },
    { id: 'examples', title: 'Examples', body: examples(results) },
    { id: 'training', title: 'Training', body: pair(figures.training) },
    {
      id: 'left-out',
      title: 'Pairs left out',
      body: made([tables.leftOut]) + namedLeftOut(results),
    },
    { id: 'settings', title: 'Settings', body: settings(results) },
    { id: 'repeat', title: 'Repeat it', body: repeat(results) },
  ];
  return sections.filter((section) => section.body !== '');
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
  return (
    `<dl>${rows.join('')}</dl><p>Two images are taken for one person when their similarity is greater than the ` +
    `defence’s threshold; an ensemble’s similarity is ${matching}.</p>`
  );
}

function whiteBox(figures: Figures, tables: Tables): string {
  const [first, ...others] = figures.whiteBox;
  if (first === undefined) return '';
  const pooled = tables.pooled !== undefined;
  const each = (pooled ? others : []).map(
    (attack, i) =>
      `<h3>${text(attack.group.label)}</h3>${chart(attack.rms)}${made([tables.whiteBox[i]])}${pair([attack.linf, attack.l2])}`,
  );
  // Attacks that not all defences went through have no pool; each then stands by itself.
  const alone = pooled
    ? chart(first.rms) + made([tables.pooled]) + pair([first.linf, first.l2])
    : figures.whiteBox
        .map((attack, i) => chart(attack.rms) + made([tables.whiteBox[i]]) + pair([attack.linf, attack.l2]))
        .join('\n');
  return (
    alone +
    details(`Each attack by itself: ${others.map((o) => o.group.label).join(', ')}`, each.join('\n')) +
    details('How the attacks make their way', pair(figures.attackLoss))
  );
}

function blackBox(results: Results, figures: Figures, tables: Tables): string {
  const missed = blackBoxAttacks(results).map(({ attack }) => {
    const lists = neverReached(results, attack);
    const items = lists.map((list) => {
      const names = list.pairs.slice(0, MOST_NAMES).map(({ pair }) => text(pair));
      return `<li>${list.distance}: ${names.join('; ')}${more(list.pairs.length, 'black-box-pairs.csv')}</li>`;
    });
    const title = `Pairs that never came as near as a distance (${attack})`;
    return details(title, items.length === 0 ? '' : `<ul>${items.join('')}</ul>`);
  });
  return figures.blackBox
    .map((figure, i) => chart(figure) + made([tables.blackBox[i]]) + (missed[i] ?? ''))
    .join('\n');
}

function namedLeftOut({ leftOut }: Results): string {
  const items = leftOut
    .slice(0, MOST_NAMES)
    .map(
      (pair) =>
        `<li>${text(pairName(pair))} <span class="spread">seed ${pair.seed}, for ${pair.acceptedBy.map(text).join(', ')}</span></li>`,
    );
  const rest = more(leftOut.length, 'left-out-pairs.csv');
  const title = `The ${counted(leftOut.length, 'pair')} by name`;
  return details(
    title,
    items.length === 0 ? '' : `<ul>${items.join('')}</ul>${rest === '' ? '' : `<p>${rest}</p>`}`,
  );
}

/** More names than this belong into a file, which has all of them anyway. */
const MOST_NAMES = 300;

function more(count: number, file: string): string {
  return count <= MOST_NAMES ? '' : ` … and ${counted(count - MOST_NAMES, 'other')}, in tables/${file}`;
}

function details(title: string, body: string): string {
  return body === '' ? '' : `<details><summary>${text(title)}</summary>${body}</details>`;
}

function made(tables: readonly (Table | undefined)[]): string {
  return tables.flatMap((table) => (table === undefined ? [] : htmlTable(table))).join('\n');
}

function charts(figures: readonly (Figure | undefined)[]): string {
  return figures.flatMap((figure) => (figure === undefined ? [] : chart(figure))).join('\n');
}

/**
 * A figure with its caption. On narrow screens the legend stands under the plot instead of beside it, and what
 * is still too wide scrolls sideways rather than shrink its letters.
 */
function chart(figure: Figure): string {
  const key = figure.series.map((style) => `<li>${swatch(style)} ${text(style.label)}</li>`).join('');
  return (
    `<figure class="chart" id="figure-${figure.id}" style="--full:${figure.width};--plot:${Math.round(figure.plotWidth)}">` +
    `<div class="canvas" tabindex="0" role="region" aria-labelledby="caption-${figure.id}"><div class="crop">${figure.svg}</div></div>` +
    `${key === '' ? '' : `<ul class="key" aria-hidden="true">${key}</ul>`}` +
    `<figcaption id="caption-${figure.id}"><strong>${text(figure.title)}.</strong> ${text(unbroken(figure.caption))}</figcaption></figure>`
  );
}

function pair(figures: readonly Figure[]): string {
  return figures.length === 0 ? '' : `<div class="pair">${figures.map(chart).join('\n')}</div>`;
}
