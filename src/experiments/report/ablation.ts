/** What each of the method's two parts does by itself: weight vectors that are shared, and the diversity term. */
import type { Interval } from '../../evaluation/intervals.ts';
import { blackBoxDifference } from './black-box.ts';
import { type Matched, matchedRow, pointRatio } from './matched.ts';
import type { DefenceResults, Results } from './results.ts';
import { accuracyDifference, named } from './summary.ts';
import { mainAttacks, whiteBoxRatio } from './white-box.ts';

/** The four defences that differ in nothing else. */
const PARTS = [
  { name: 'ensemble', sharedWeights: false, term: false },
  { name: 'shared', sharedWeights: true, term: false },
  { name: 'diverse-unshared', sharedWeights: false, term: true },
  { name: 'diverse', sharedWeights: true, term: true },
] as const;

/** A defence of the ablation, with the parts that it has. */
export interface AblationRow {
  readonly defence: DefenceResults;
  readonly sharedWeights: boolean;
  readonly term: boolean;
}

/** The defences of the ablation that were run; none when they show no part by itself. */
export function ablationRows(results: Results): AblationRow[] {
  const rows = PARTS.flatMap(({ name, sharedWeights, term }) => {
    const defence = named(results, name);
    return defence === undefined ? [] : { defence, sharedWeights, term };
  });
  return effectPairs(results).length === 0 ? [] : rows;
}

const EFFECTS = [
  { part: 'sharing, without the term', one: 'shared', other: 'ensemble' },
  { part: 'sharing, with the term', one: 'diverse', other: 'diverse-unshared' },
  { part: 'the term, separate weight vectors', one: 'diverse-unshared', other: 'ensemble' },
  { part: 'the term, shared weight vectors', one: 'diverse', other: 'shared' },
] as const;

/** What one part changes, all else being equal: `one` has it, `other` does not. */
export interface Effect {
  /** The part, and what both have or lack beside it. */
  readonly part: string;
  readonly one: DefenceResults;
  readonly other: DefenceResults;
  readonly accuracy: Interval | undefined;
  /** Ratio of median RMS at the defences' own thresholds, trained to the end. */
  readonly whiteBox: Interval | undefined;
  /** The same at matched accuracy. */
  readonly matched: Interval | undefined;
  /** Difference of black-box success over all attacks and distances. */
  readonly blackBox: Interval | undefined;
}

function effectPairs(results: Results) {
  return EFFECTS.flatMap(({ part, one, other }) => {
    const [a, b] = [named(results, one), named(results, other)];
    return a === undefined || b === undefined ? [] : { part, one: a, other: b };
  });
}

/** Every effect whose two defences were run. */
export function effects(results: Results, matched: Matched | undefined): Effect[] {
  const group = mainAttacks(results);
  return effectPairs(results).map(({ part, one, other }) => {
    const [a, b] = [matchedRow(results, matched, one.name), matchedRow(results, matched, other.name)];
    return {
      part,
      one,
      other,
      accuracy: accuracyDifference(one, other),
      whiteBox: group === undefined ? undefined : whiteBoxRatio(results, one, other, group),
      matched: a === undefined || b === undefined ? undefined : pointRatio(a.chosen, b.chosen),
      blackBox: blackBoxDifference(results, one, other),
    };
  });
}
