/** The paper's claims, one by one, answered by the numbers alone. */
import type { Interval } from '../../evaluation/intervals.ts';
import { blackBoxDifference, blackBoxMean } from './black-box.ts';
import { fixed, isBounded, listed, percent, signed } from './format.ts';
import { type Matched, matchedRow, pointRatio } from './matched.ts';
import type { DefenceResults, Results } from './results.ts';
import { accuracyDifference, baseline, named, overSeeds } from './summary.ts';
import {
  areaDifference,
  attackedPairs,
  mainAttacks,
  singleAttacks,
  sizeRange,
  whiteBoxRatio,
} from './white-box.ts';

export type Verdict = 'yes' | 'no' | 'no clear difference';

/** What the numbers say to a claim, under one way of comparing. */
export interface Answer {
  /** How defences were compared: 'own thresholds', 'matched accuracy'. */
  readonly at: string;
  readonly verdict: Verdict;
  /** The numbers that it rests on, in sentences. */
  readonly words: string;
}

export interface Claim {
  /** As a question whose answer is yes where the paper is right. */
  readonly question: string;
  readonly answers: readonly Answer[];
}

/** A loss of accuracy up to this counts as keeping it, if the interval says that it is no larger. */
const KEPT = 0.01;

/**
 * The claims that can be answered: those about defences that were not run, or not attacked, are left out.
 *
 * @param matched what `matchedAccuracy` gives for the same results
 */
export function claims(results: Results, matched: Matched | undefined): Claim[] {
  const base = baseline(results);
  const adp = named(results, 'adp');
  const ensemble = named(results, 'ensemble');
  const diverse = named(results, 'diverse');
  const list: Claim[] = [];
  if (adp !== undefined && ensemble !== undefined) {
    list.push({
      question: `Does ${quoted(adp)} bring robustness over ${quoted(ensemble)}?`,
      answers: [ownThresholds(results, adp, ensemble), matchedPair(results, matched, adp, ensemble)].flatMap(
        (answer) => answer ?? [],
      ),
    });
  }
  if (diverse !== undefined && diverse !== base) {
    list.push(
      {
        question: `Does ${quoted(diverse)} keep the accuracy of ${quoted(base)}?`,
        answers: [accuracyKept(diverse, base)].flatMap((answer) => answer ?? []),
      },
      {
        question: `Is ${quoted(diverse)} the most robust, white-box?`,
        answers: [mostRobust(results, diverse), mostRobustMatched(results, matched, diverse)].flatMap(
          (answer) => answer ?? [],
        ),
      },
      {
        question: `Do fewer black-box examples fool ${quoted(diverse)} than ${quoted(base)}?`,
        answers: [blackBox(results, diverse, base)].flatMap((answer) => answer ?? []),
      },
    );
  }
  return list.filter((claim) => claim.answers.length > 0);
}

function ownThresholds(results: Results, one: DefenceResults, other: DefenceResults): Answer | undefined {
  const group = mainAttacks(results);
  if (group === undefined) return undefined;
  const at = 'own thresholds';
  const ratio = whiteBoxRatio(results, one, other, group);
  if (ratio !== undefined) {
    const each = singleAttacks(results).flatMap((single) => {
      const { value } = whiteBoxRatio(results, one, other, single) ?? {};
      return value === undefined || group.attacks.length < 2 ? [] : `${single.label} ${fixed(value, 2)}`;
    });
    return {
      at,
      verdict: verdictOf(clearSide(ratio, 1)),
      words:
        `Fooling ${quoted(one)} takes ${fixed(ratio.value, 2)} times the RMS perturbation that ${quoted(other)} takes ` +
        `(${intervalText(ratio, (r) => fixed(r, 2))}), ${group.label}${each.length === 0 ? '' : `; by attack: ${each.join(', ')}`}.`,
    };
  }
  const range = sizeRange(results, group, 'rms');
  const area = areaDifference(results, one, other, group, range);
  if (area === undefined) return undefined;
  return {
    at,
    verdict: verdictOf(-clearSide(area, 0)),
    words:
      `The median cannot be compared: one of the two withstands at least half of the pairs. Mean success over the sizes of ` +
      `the figure: ${quoted(one)} ${signed(area.value * 100, 1)} points against ${quoted(other)} ` +
      `(${intervalText(area, (d) => signed(d * 100, 1))}), ${group.label}.`,
  };
}

function matchedPair(
  results: Results,
  matched: Matched | undefined,
  one: DefenceResults,
  other: DefenceResults,
): Answer | undefined {
  const [a, b] = [matchedRow(results, matched, one.name), matchedRow(results, matched, other.name)];
  if (matched === undefined || a === undefined || b === undefined) return undefined;
  const ratio = pointRatio(a.chosen, b.chosen);
  const where = (row: typeof a) =>
    `${quoted(row.defence)} at ${percent(row.chosen.accuracy.value)} % after ${epochs(row.chosen.epoch.value)}`;
  return {
    at: 'matched accuracy',
    verdict: ratio === undefined ? 'no clear difference' : verdictOf(clearSide(ratio, 1)),
    words:
      (ratio === undefined
        ? 'A median is 0 or infinite there, so there is no ratio'
        : `${fixed(ratio.value, 2)} times (${intervalText(ratio, (r) => fixed(r, 2))}), ${matched.attack}`) +
      `: ${where(a)}, ${where(b)}.`,
  };
}

function epochs(epoch: number): string {
  const text = String(Number(fixed(epoch, 1)));
  return `${text} ${text === '1' ? 'epoch' : 'epochs'}`;
}

function accuracyKept(one: DefenceResults, other: DefenceResults): Answer | undefined {
  const difference = accuracyDifference(one, other);
  if (difference === undefined) return undefined;
  const of = (defence: DefenceResults) => percent(overSeeds(defence, (r) => r.verification.accuracy).value);
  const lost = clearSide(difference, 0) < 0;
  const kept = isBounded(difference) && difference.low > -KEPT;
  return {
    at: 'the end of training',
    verdict: lost ? 'no' : kept ? 'yes' : 'no clear difference',
    words:
      `On people it never saw ${quoted(one)} verifies ${of(one)} % of pairs correctly, ${quoted(other)} ${of(other)} %: ` +
      `${signed(difference.value * 100, 1)} points (${intervalText(difference, (d) => signed(d * 100, 1))})` +
      `${lost || kept ? '' : ', which may hide a loss of more than a point'}.`,
  };
}

function mostRobust(results: Results, one: DefenceResults): Answer | undefined {
  const group = mainAttacks(results);
  if (group === undefined || attackedPairs(results, one, group).length === 0) return undefined;
  const range = sizeRange(results, group, 'rms');
  const comparisons = results.defences.flatMap((other): Comparison[] => {
    if (other === one) return [];
    const ratio = whiteBoxRatio(results, one, other, group);
    if (ratio !== undefined) return [{ other, side: clearSide(ratio, 1), text: ratioText(other, ratio) }];
    const area = areaDifference(results, one, other, group, range);
    if (area === undefined) return [];
    const text = `${quoted(other)} (no ratio, a median is infinite; mean success ${signed(area.value * 100, 1)} points)`;
    return [{ other, side: clearSide(area, 0) * -1, text }];
  });
  return mostOf(one, comparisons, 'own thresholds', `${group.label}, `);
}

function mostRobustMatched(
  results: Results,
  matched: Matched | undefined,
  one: DefenceResults,
): Answer | undefined {
  const own = matchedRow(results, matched, one.name);
  if (matched === undefined || own === undefined) return undefined;
  const comparisons = matched.rows.flatMap((row): Comparison[] => {
    if (row === own) return [];
    const ratio = pointRatio(own.chosen, row.chosen);
    if (ratio === undefined)
      return [{ other: row.defence, side: 0, text: `${quoted(row.defence)} (no ratio)` }];
    return [{ other: row.defence, side: clearSide(ratio, 1), text: ratioText(row.defence, ratio) }];
  });
  const where = `${matched.attack}, near ${percent(matched.accuracy.value)} % accuracy, `;
  return mostOf(one, comparisons, 'matched accuracy', where);
}

interface Comparison {
  readonly other: DefenceResults;
  /** 1 where the defence in question is clearly more robust than `other`, −1 where less. */
  readonly side: number;
  readonly text: string;
}

function ratioText(other: DefenceResults, ratio: Interval): string {
  const interval = isBounded(ratio) ? ` [${fixed(ratio.low, 2)}, ${fixed(ratio.high, 2)}]` : '';
  return `${quoted(other)} ${fixed(ratio.value, 2)}${interval}`;
}

/** Yes when clearly above every other, no when clearly below some other. */
function mostOf(
  one: DefenceResults,
  comparisons: readonly Comparison[],
  at: string,
  under: string,
): Answer | undefined {
  if (comparisons.length === 0) return undefined;
  const named = (side: number) => comparisons.filter((c) => c.side === side).map((c) => quoted(c.other));
  const [above, unclear] = [named(-1), named(0)];
  const verdict = above.length > 0 ? 'no' : unclear.length > 0 ? 'no clear difference' : 'yes';
  const which =
    above.length > 0
      ? `${listed(above)} withstood more. `
      : unclear.length > 0
        ? `Not told apart from ${listed(unclear)}. `
        : '';
  return {
    at,
    verdict,
    words:
      `${which}Median RMS perturbation of ${quoted(one)} over that of each other (${under}95 % intervals): ` +
      `${comparisons.map((c) => c.text).join(', ')}.`,
  };
}

function blackBox(results: Results, one: DefenceResults, other: DefenceResults): Answer | undefined {
  const difference = blackBoxDifference(results, one, other);
  const [a, b] = [blackBoxMean(results, one), blackBoxMean(results, other)];
  if (difference === undefined || a === undefined || b === undefined) return undefined;
  return {
    at: 'own thresholds',
    verdict: verdictOf(-clearSide(difference, 0)),
    words:
      `Mean over the feature distances: ${percent(a)} % of the examples crafted on another network fool ${quoted(one)}, ` +
      `${percent(b)} % fool ${quoted(other)}: ${signed(difference.value * 100, 1)} points ` +
      `(${intervalText(difference, (d) => signed(d * 100, 1))}). Measured of trained networks only.`,
  };
}

function verdictOf(side: number): Verdict {
  if (side > 0) return 'yes';
  return side < 0 ? 'no' : 'no clear difference';
}

/** Names of defences are words of the language: in quotes they read as names. */
export function quoted(defence: DefenceResults): string {
  return `“${defence.name}”`;
}

/** 1 or −1 when the whole interval lies above or below `neutral`; 0 when it does not, or has no bounds. */
export function clearSide(of: Interval, neutral: number): -1 | 0 | 1 {
  if (of.low > neutral) return 1;
  if (of.high < neutral) return -1;
  return 0;
}

export function intervalText(of: Interval, write: (value: number) => string): string {
  if (!isBounded(of)) return 'one comparison, no interval';
  return `95 % interval ${write(of.low)} to ${write(of.high)}`;
}
