/** Tables that compare defences fairly: at matched accuracy, and part by part. */
import { ablationRows, effects } from './ablation.ts';
import { blackBoxMean } from './black-box.ts';
import { diagnosisSummaries } from './diagnosis.ts';
import { fixed, percent, signed } from './format.ts';
import { type Matched, matchedRow, pointRatio } from './matched.ts';
import type { DefenceResults, Results } from './results.ts';
import { overSeeds, overSeedsIfAll } from './summary.ts';
import type { Cell, Table } from './table.ts';
import { DEFENCE, inSteps, rates } from './tables-verification.ts';
import { attackedPairs, mainAttacks, medianOf } from './white-box.ts';

const ratio = (value: number) => fixed(value, 2);
const points = (difference: number) => signed(difference * 100, 1);

/** Every defence at the accuracy that all attain, beside the end of its training. */
export function matchedTable(matched: Matched): Table {
  const base = matched.base.defence.name;
  const severalSeeds = matched.seeds.length > 1;
  return {
    id: 'matched-accuracy',
    title: `Robustness at matched accuracy (${matched.attack})`,
    note:
      `Compared at an accuracy of ${percent(matched.accuracy.value)} %${severalSeeds ? ' (mean over seeds, each matched by itself)' : ''}: the highest ` +
      'that every defence attains. Each defence at the network along its training whose accuracy is nearest to it, at that ' +
      `network’s own threshold; the furthest is ${percent(matched.furthest)} points off. Final: the same of the trained ` +
      'network, on the same pairs. These pairs are fewer than in the table of the attack, and those that a network accepts as they are ' +
      `count with a perturbation of 0. [95 % interval ${severalSeeds ? 'over seeds' : 'over pairs'}]. Ratio: median RMS over that of ${base}.`,
    columns: [
      DEFENCE,
      { key: 'epoch', header: 'matched at epoch', write: (epoch) => String(Number(fixed(epoch, 1))) },
      { key: 'accuracy', header: 'matched accuracy', unit: '%', write: rates },
      { key: 'median_rms', header: 'matched median RMS', unit: '1/255', write: inSteps(2) },
      { key: 'rms_ratio', header: `matched ratio to ${base}`, write: ratio },
      { key: 'final_accuracy', header: 'final accuracy', unit: '%', write: rates },
      { key: 'final_median_rms', header: 'final median RMS', unit: '1/255', write: inSteps(2) },
      { key: 'final_rms_ratio', header: `final ratio to ${base}`, write: ratio },
    ],
    rows: matched.rows.map((row): Cell[] => {
      const isBase = row === matched.base;
      return [
        row.defence.name,
        row.chosen.epoch.value,
        row.chosen.accuracy,
        row.chosen.median,
        isBase ? undefined : pointRatio(row.chosen, matched.base.chosen),
        row.last.accuracy,
        row.last.median,
        isBase ? undefined : pointRatio(row.last, matched.base.last),
      ];
    }),
  };
}

/** The four defences of the ablation side by side; undefined when they show no part by itself. */
export function ablationTable(results: Results, matched: Matched | undefined): Table | undefined {
  const rows = ablationRows(results);
  if (rows.length === 0) return undefined;
  const group = mainAttacks(results);
  const medianRms = (defence: DefenceResults) => {
    const perSeed = group === undefined ? [] : attackedPairs(results, defence, group);
    return perSeed.length === 0 ? undefined : medianOf(perSeed, 'rms');
  };
  const diagnosed = diagnosisSummaries(results);
  return {
    id: 'ablation',
    title: 'Ablation: weight vectors × diversity term',
    note:
      `Median RMS: ${group?.label ?? 'not attacked'}, white-box, at own thresholds; matched: at matched accuracy. Black-box: mean success over ` +
      'attacks and distances. Volume: what the members’ unit features span, 1 at right angles.',
    columns: [
      DEFENCE,
      { key: 'weight_vectors', header: 'weight vectors', words: true },
      { key: 'diversity_term', header: 'diversity term', words: true },
      { key: 'accuracy', header: 'accuracy', unit: '%', write: rates },
      { key: 'median_rms', header: 'median RMS', unit: '1/255', write: inSteps(2) },
      { key: 'matched_median_rms', header: 'matched median RMS', unit: '1/255', write: inSteps(2) },
      { key: 'black_box', header: 'black-box', unit: '%', write: rates },
      { key: 'member_cosine', header: 'member cosine', write: (c) => fixed(c, 2) },
      { key: 'volume', header: 'volume', write: (v) => fixed(v, 3) },
    ],
    rows: rows.map(({ defence, sharedWeights, term }): Cell[] => [
      defence.name,
      sharedWeights ? 'shared' : 'separate',
      term ? 'yes' : 'no',
      overSeeds(defence, (run) => run.verification.accuracy),
      medianRms(defence),
      matchedRow(results, matched, defence.name)?.chosen.median,
      blackBoxMean(results, defence),
      overSeedsIfAll(defence, (run) => run.memberCosine),
      diagnosed.find((d) => d.defence === defence)?.volume,
    ]),
    detail: true,
  };
}

/** What each part does with the other present and absent; undefined when no two defences differ in one part alone. */
export function effectsTable(results: Results, matched: Matched | undefined): Table | undefined {
  const list = effects(results, matched);
  if (list.length === 0) return undefined;
  return {
    id: 'ablation-effects',
    title: 'What each part does',
    note:
      'Each row compares two defences that differ in one part, the one that has it with the one that has not, on the same ' +
      'pairs [95 % interval]. Accuracy and black-box: difference in points. White-box: ratio of median RMS, above 1 where the ' +
      'part makes attacks harder; 1 is no effect. At own thresholds, and at matched accuracy.',
    columns: [
      { key: 'part', header: 'part', words: true },
      { key: 'compared', header: 'compared', words: true },
      { key: 'accuracy', header: 'accuracy', unit: 'points', write: points },
      { key: 'rms_ratio', header: 'white-box ratio', write: ratio },
      { key: 'matched_rms_ratio', header: 'at matched accuracy', write: ratio },
      { key: 'black_box', header: 'black-box', unit: 'points', write: points },
    ],
    rows: list.map((effect): Cell[] => [
      effect.part,
      `${effect.one.name} / ${effect.other.name}`,
      effect.accuracy,
      effect.whiteBox,
      effect.matched,
      effect.blackBox,
    ]),
    detail: true,
  };
}
