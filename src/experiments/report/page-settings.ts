/** Every setting of a study, and the command that repeats it. */
import { counted, duration, escapeMarkup as text } from './format.ts';
import type { Results } from './results.ts';

/** What the study, each defence and each attack were set to; as given, nothing is interpreted. */
export function settings(results: Results): string {
  const { train, test } = results.data;
  const set = (s: typeof test) =>
    `${s.name}: ${counted(s.identities, 'identity', 'identities')}, ${counted(s.images, 'image')}${s.synthetic ? ', drawn' : ''}`;
  const whole = settingsTable('The study', [
    ...(train === null ? [] : [['training faces', set(train)] as [string, string]]),
    ['test faces', set(test)],
    ['matching', results.matching],
    ...flat(results.settings),
  ]);
  const perDefence = results.defences.map((d) => settingsTable(d.name, flat(d.settings)));
  const notes =
    results.notes.length === 0
      ? ''
      : `<h3>Notes</h3><ul>${results.notes.map((n) => `<li>${text(n)}</li>`).join('')}</ul>`;
  const attacks = attackSettings(results).map(({ title, rows }) => settingsTable(title, rows));
  return `${notes}${whole}<details><summary>Settings of each defence and attack</summary><div class="settings-grid">${[...perDefence, ...attacks].join('')}</div></details>`;
}

interface Titled {
  readonly title: string;
  readonly rows: [string, string][];
}

/** Once where all defences were attacked alike, which they should be; else once per way, with whom it was used on. */
function attackSettings(results: Results): Titled[] {
  const ways = new Map<string, Map<string, { rows: [string, string][]; on: Set<string> }>>();
  const add = (title: string, defence: string, rows: [string, string][]) => {
    const known = ways.get(title) ?? new Map();
    ways.set(title, known);
    const key = JSON.stringify(rows);
    const way = known.get(key) ?? { rows, on: new Set() };
    known.set(key, way);
    way.on.add(defence);
  };
  for (const { name, runs } of results.defences) {
    const surrogates = new Map<string, number[]>();
    for (const run of runs) {
      for (const w of run.whiteBox) add(`${w.attack}, white-box`, name, flat(w.settings));
      for (const s of run.snapshots) {
        add(`${s.whiteBox.attack}, along training`, name, flat(s.whiteBox.settings));
      }
      for (const b of run.blackBox) {
        surrogates.set(b.attack, [...(surrogates.get(b.attack) ?? []), b.surrogate.seed]);
      }
    }
    for (const b of runs.flatMap((run) => run.blackBox)) {
      const seeds = surrogates.get(b.attack) ?? [];
      add(`${b.attack}, black-box`, name, [
        [
          'surrogate',
          `${b.surrogate.name}: ${b.surrogate.description}, ${seeds.length > 1 ? 'seeds' : 'seed'} ${seeds.join(', ')}`,
        ],
        ['distances', b.distances.join(', ')],
        ...flat(b.settings),
      ]);
    }
  }
  return [...ways].flatMap(([title, known]) =>
    [...known.values()].map(({ rows, on }) => ({
      title: known.size === 1 ? title : `${title}, on ${[...on].join(', ')}`,
      rows,
    })),
  );
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

/** The command, and what it ran on. */
export function repeat(results: Results): string {
  const { adapter } = results;
  const kind = adapter.kind === 'software' ? 'software adapter' : 'GPU';
  return (
    `<pre tabindex="0"><code>${text(results.command)}</code></pre>` +
    `<p>The same adapter and seed give the same numbers. This ran on ${text(adapter.name)} (${kind}, ${text(adapter.driver)}) ` +
    `with facet ${text(results.facetVersion)}, and this command took ${duration(results.durationSeconds)}.</p>`
  );
}
