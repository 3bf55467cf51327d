/** Tables of attacks: white-box, black-box, and the pairs that no comparison counts. */
import { type BlackBoxAttack, blackBoxCurve, blackBoxRuns, neverReached } from './black-box.ts';
import { counted, fixed, listed } from './format.ts';
import type { Results } from './results.ts';
import { baseline, seedCount } from './summary.ts';
import type { Cell, Table } from './table.ts';
import { DEFENCE, inSteps, rates, whole } from './tables-verification.ts';
import { type AttackGroup, pooledAttacks, sizeRange, whiteBoxSummaries } from './white-box.ts';

/** One white-box attack on every defence, or for each pair the strongest of several. */
export function whiteBoxTable(results: Results, group: AttackGroup): Table {
  const range = sizeRange(results, group, 'rms');
  const base = baseline(results).name;
  const pooled = group.attacks.length > 1;
  // A network of one's own stands alone: it has nothing to be compared with.
  const compared = results.defences.length > 1;
  return {
    id: `white-box-${group.id}`,
    title: `White-box attack: ${group.label}`,
    note:
      (pooled
        ? `For each pair the attack that got by with the least, of ${listed(group.attacks)}: by RMS, L∞ and L2 each for itself. `
        : '') +
      'Each defence attacked with full knowledge of it, at its own threshold. Medians over pairs of the smallest ' +
      'perturbation that succeeded, ∞ for a pair that never gave way; ' +
      `[95 % interval ${seedCount(results) > 1 ? 'over seeds' : 'over pairs'}]. Larger is more robust. ` +
      `Area: mean success rate over RMS from 0 to ${inSteps(1)(range)}/255; smaller is more robust.` +
      (compared ? ` Ratio: median RMS over that of ${base}, on the same pairs.` : ''),
    columns: [
      DEFENCE,
      { key: 'pairs', header: 'pairs', write: whole },
      { key: 'success', header: 'success', unit: '%', write: rates },
      { key: 'median_linf', header: 'median L∞', unit: '1/255', write: inSteps(2) },
      { key: 'median_rms', header: 'median RMS', unit: '1/255', write: inSteps(2) },
      { key: 'median_l2', header: 'median L2', unit: '[0, 1]', write: (l2) => fixed(l2, 2) },
      { key: 'area', header: 'area', unit: '%', write: rates },
      ...(compared
        ? [{ key: 'rms_ratio', header: `ratio to ${base}`, write: (ratio: number) => fixed(ratio, 2) }]
        : []),
    ],
    rows: whiteBoxSummaries(results, group, range).map((s) => [
      s.defence.name,
      s.pairs,
      { value: s.success.rate, low: s.success.low, high: s.success.high },
      s.median.linf,
      s.median.rms,
      s.median.l2,
      s.area,
      ...(compared ? [s.ratio] : []),
    ]),
    // With several attacks a terminal shows them together.
    detail: !pooled && pooledAttacks(results) !== undefined,
  };
}

/** One black-box attack: success on every defence per feature distance, and how many pairs came so near. */
export function blackBoxTable(results: Results, { id, attack }: BlackBoxAttack): Table | undefined {
  const [first] = results.defences.flatMap((d) => blackBoxRuns(results, d, attack));
  if (first === undefined) return undefined;
  const missed = neverReached(results, attack);
  return {
    id: `black-box-${id}`,
    title: `Black-box attack: ${attack}`,
    note:
      `Success in % of all pairs [95 % interval], of examples crafted on ${first.surrogate.name} until their features came ` +
      `as near to the target’s as the column says (${first.distanceMeasure}). Smaller is more robust. ` +
      (missed.length === 0
        ? 'Every pair reached every distance.'
        : `An example that never came so near counts as a failure: ${listed(
            missed.map((m) => `${counted(m.pairs.length, 'pair')} of ${whole(m.tried)} at ${m.distance}`),
          )}.`),
    columns: [
      DEFENCE,
      { key: 'pairs', header: 'pairs', write: whole },
      ...first.distances.map((d) => ({ key: `success_at_${d}`, header: `at ${d}`, unit: '%', write: rates })),
    ],
    rows: results.defences.flatMap((defence) => {
      const curve = blackBoxCurve(results, defence, attack);
      if (curve === undefined) return [];
      const pairs = blackBoxRuns(results, defence, attack).reduce((sum, run) => sum + run.pairs.length, 0);
      return [[defence.name, pairs, ...curve.map((p) => ({ value: p.rate, low: p.low, high: p.high }))]];
    }),
  };
}

/** How many pairs are left out for each defence's sake, which leaves them out for all; undefined when there are none. */
export function leftOutTable(results: Results): Table | undefined {
  const { leftOut } = results;
  if (leftOut.length === 0) return undefined;
  const seeds = [...new Set(results.defences.flatMap((d) => d.runs.map((run) => run.seed)))];
  const row = (name: string, of: readonly (typeof leftOut)[number][]): Cell[] => [
    name,
    ...seeds.map((seed) => of.filter((pair) => pair.seed === seed).length),
  ];
  return {
    id: 'left-out',
    title: 'Pairs with nothing left to attack',
    note:
      (results.goal === 'dodge'
        ? 'Pairs of one person that a defence takes for two as they are. '
        : 'Pairs of two people that a defence takes for one as they are. ') +
      'A pair that is so for any defence is left out for all, so that all are compared on the same pairs.',
    columns: [
      DEFENCE,
      ...seeds.map((seed) => ({ key: `seed_${seed}`, header: `pairs, seed ${seed}`, write: whole })),
    ],
    rows: [
      ...results.defences.map((d) =>
        row(
          d.name,
          leftOut.filter((pair) => pair.acceptedBy.includes(d.name)),
        ),
      ),
      row('any of them', leftOut),
    ],
    detail: true,
  };
}
