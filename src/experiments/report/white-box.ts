/** White-box attacks: how large a perturbation each defence withstands. Sizes are of pixels in [0, 1]. */
import {
  type Interval,
  meanInterval,
  medianInterval,
  medianRatio,
  rateDifference,
} from '../../evaluation/intervals.ts';
import { areaUnderSuccess, medianSize, successCurve } from '../../evaluation/success.ts';
import type {
  AttackedPair,
  DefenceResults,
  MatchingRuleName,
  Results,
  RunResults,
  WhiteBoxResults,
} from './results.ts';
import {
  acrossSeeds,
  BOOTSTRAP,
  baseline,
  type CurvePoint,
  compared,
  leftOutPairs,
  pairName,
  pointOnly,
  sharedSeeds,
  uniqueFileNames,
} from './summary.ts';

/** Perturbation sizes that tables and figures speak of. */
export const SIZE_NORMS = ['rms', 'linf', 'l2'] as const;
export type SizeNorm = (typeof SIZE_NORMS)[number];

/** One attack, or several of which the strongest counts for each pair. */
export interface AttackGroup {
  /** For files and links; different for every group of a study. */
  readonly id: string;
  /** As a reader sees it: `I-FGSM`, `strongest of all attacks`. */
  readonly label: string;
  readonly attacks: readonly string[];
}

/** Names of the white-box attacks that were run, in order of first appearance. */
export function whiteBoxAttacks(results: Results): string[] {
  return [
    ...new Set(results.defences.flatMap((d) => d.runs.flatMap((r) => r.whiteBox.map((w) => w.attack)))),
  ];
}

/** Each attack by itself, in order. */
export function singleAttacks(results: Results): AttackGroup[] {
  const attacks = whiteBoxAttacks(results);
  const ids = uniqueFileNames(attacks, ['all']);
  return attacks.map((attack, i) => ({ id: ids[i]!, label: attack, attacks: [attack] }));
}

/**
 * The attacks that every attacked defence went through, pooled: undefined when they are fewer than two. An attack that
 * only some went through would make the defences' pools differ.
 */
export function pooledAttacks(results: Results): AttackGroup | undefined {
  const perDefence = results.defences
    .map((d) => new Set(d.runs.flatMap((run) => run.whiteBox.map((w) => w.attack))))
    .filter((attacks) => attacks.size > 0);
  const common = whiteBoxAttacks(results).filter((attack) => perDefence.every((set) => set.has(attack)));
  return common.length < 2 ? undefined : { id: 'all', label: 'strongest of all attacks', attacks: common };
}

/** What the study's statements rest on: the strongest of all attacks, or the only one; undefined when none was run. */
export function mainAttacks(results: Results): AttackGroup | undefined {
  return pooledAttacks(results) ?? singleAttacks(results)[0];
}

/**
 * Entries of a run made at one matching rule, one per attack. A single network matches alike by every rule, so
 * its entries are taken whatever rule they name.
 */
function atRule(run: RunResults, rule: MatchingRuleName): WhiteBoxResults[] {
  const entries =
    run.memberCosine === null ? run.whiteBox : run.whiteBox.filter((entry) => entry.rule === rule);
  return entries.filter((entry, i) => entries.findIndex((e) => e.attack === entry.attack) === i);
}

/**
 * A run's pairs under some attacks at a rule, without those that are left out of comparisons. Under several attacks a
 * pair gives way to the strongest: it succeeds if any does, and each size is the smallest that any succeeded with, by
 * that size's own norm. Pairs that only some of the attacks were tried on are left out.
 */
export function pairsOf(
  results: Results,
  run: RunResults,
  group: AttackGroup,
  rule: MatchingRuleName = results.matching,
): AttackedPair[] {
  const skipped = leftOutPairs(results, run.seed);
  const entries = atRule(run, rule).filter((entry) => group.attacks.includes(entry.attack));
  const attacked = new Map<string, AttackedPair[]>();
  for (const pair of entries.flatMap(({ pairs }) => pairs)) {
    const name = pairName(pair);
    if (!skipped.has(name)) attacked.set(name, [...(attacked.get(name) ?? []), pair]);
  }
  return [...attacked.values()].flatMap((each) => (each.length < entries.length ? [] : [strongest(each)]));
}

/** One pair under several attacks, as the attacker who may choose leaves it. */
function strongest(attacked: readonly AttackedPair[]): AttackedPair {
  const successes = attacked.filter((pair) => pair.success);
  if (attacked.length === 1 || successes.length === 0) return attacked[0]!;
  const least = (norm: SizeNorm) => Math.min(...successes.map((pair) => pair[norm]));
  return { ...successes[0]!, rms: least('rms'), linf: least('linf'), l2: least('l2') };
}

/** Pairs per seed; seeds without any are left out. */
export function attackedPairs(
  results: Results,
  defence: DefenceResults,
  group: AttackGroup,
  rule: MatchingRuleName = results.matching,
): AttackedPair[][] {
  return defence.runs.map((run) => pairsOf(results, run, group, rule)).filter((pairs) => pairs.length > 0);
}

/** Smallest successful size per pair, Infinity where no attack succeeded. */
export function sizes(pairs: readonly AttackedPair[], norm: SizeNorm): number[] {
  return pairs.map((one) => (one.success ? one[norm] : Number.POSITIVE_INFINITY));
}

/**
 * Success rate against size for one defence: over pairs (Wilson) of one seed, over seeds (Student, cut to
 * [0, 1]) of several. Undefined when the defence was not attacked so.
 */
export function whiteBoxCurve(
  results: Results,
  defence: DefenceResults,
  group: AttackGroup,
  norm: SizeNorm,
  at: readonly number[],
  rule: MatchingRuleName = results.matching,
): CurvePoint[] | undefined {
  return acrossSeeds(
    attackedPairs(results, defence, group, rule).map((pairs) =>
      successCurve(sizes(pairs, norm), at).map((p) => ({
        at: p.size,
        rate: p.rate,
        low: p.low,
        high: p.high,
      })),
    ),
  );
}

/** One defence under some attacks. Sizes in [0, 1] pixels. */
export interface WhiteBoxSummary {
  readonly defence: DefenceResults;
  /** Pairs over all seeds. */
  readonly pairs: number;
  /** Share of them that gave way at any size. */
  readonly success: CurvePoint;
  /** Medians over pairs of the smallest successful size, each with its interval over pairs, or over several seeds. */
  readonly median: Readonly<Record<SizeNorm, Interval>>;
  /** Mean success rate over RMS from 0 to `areaUpTo`. */
  readonly area: number;
  /** Median RMS over the baseline's, over the pairs they share; undefined for the baseline itself and by other rules. */
  readonly ratio: Interval | undefined;
}

/** Summaries of every defence that was attacked so, in order. */
export function whiteBoxSummaries(
  results: Results,
  group: AttackGroup,
  areaUpTo: number,
  rule: MatchingRuleName = results.matching,
): WhiteBoxSummary[] {
  const base = baseline(results);
  return results.defences.flatMap((defence) => {
    const perSeed = attackedPairs(results, defence, group, rule);
    const success = whiteBoxCurve(results, defence, group, 'rms', [Number.MAX_VALUE], rule)?.[0];
    if (success === undefined) return [];
    return {
      defence,
      pairs: perSeed.reduce((sum, pairs) => sum + pairs.length, 0),
      success,
      median: {
        rms: medianOf(perSeed, 'rms'),
        linf: medianOf(perSeed, 'linf'),
        l2: medianOf(perSeed, 'l2'),
      },
      area: meanInterval(perSeed.map((pairs) => areaUnderSuccess(sizes(pairs, 'rms'), areaUpTo))).value,
      ratio:
        defence === base || rule !== results.matching
          ? undefined
          : whiteBoxRatio(results, defence, base, group),
    };
  });
}

/** Median size with its interval: over pairs of one seed, over seeds of several. */
export function medianOf(perSeed: readonly AttackedPair[][], norm: SizeNorm): Interval {
  const [only] = perSeed;
  if (perSeed.length === 1 && only !== undefined) {
    return medianInterval(sizes(only, norm), BOOTSTRAP);
  }
  return meanInterval(perSeed.map((pairs) => medianSize(sizes(pairs, norm))));
}

/**
 * How much larger a perturbation one defence needs than another: the ratio of median RMS over the pairs that
 * both were attacked with. Undefined when they share none, or when a median is infinite or 0.
 */
export function whiteBoxRatio(
  results: Results,
  one: DefenceResults,
  other: DefenceResults,
  group: AttackGroup,
): Interval | undefined {
  const perSeed = sharedSeeds(one, other).map(([a, b]): [AttackedPair[], AttackedPair[]] => [
    pairsOf(results, a, group),
    pairsOf(results, b, group),
  ]);
  return ratioOfMedians(perSeed);
}

/** Ratio of median RMS of two lists of pairs per seed, over those that both have. */
export function ratioOfMedians(perSeed: readonly [AttackedPair[], AttackedPair[]][]): Interval | undefined {
  const aligned = perSeed.map(([a, b]) => align(a, b)).filter(([a]) => a.length > 0);
  const ratios = aligned.map(([a, b]) => {
    const [x, y] = [sizes(a, 'rms'), sizes(b, 'rms')];
    // Of several seeds only the values count: their interval is over seeds.
    if (aligned.length > 1) return pointOnly(medianSize(x) / medianSize(y));
    return medianRatio(x, y, BOOTSTRAP);
  });
  return compared(ratios, 'ratio');
}

/**
 * Difference of the areas under the success curves, `one` − `other`, over RMS from 0 to `upTo`, in [−1, 1].
 * It can be told where medians cannot: of a defence that withstands more than half of the pairs.
 */
export function areaDifference(
  results: Results,
  one: DefenceResults,
  other: DefenceResults,
  group: AttackGroup,
  upTo: number,
): Interval | undefined {
  const share = (pairs: AttackedPair[]) => sizes(pairs, 'rms').map((size) => Math.max(0, 1 - size / upTo));
  const differences = sharedSeeds(one, other).flatMap(([a, b]) => {
    const [x, y] = align(pairsOf(results, a, group), pairsOf(results, b, group));
    if (x.length === 0) return [];
    return rateDifference(share(x), share(y), BOOTSTRAP);
  });
  return compared(differences, 'difference');
}

/** The pairs that both lists have, in the order of the first. */
function align(a: AttackedPair[], b: AttackedPair[]): [AttackedPair[], AttackedPair[]] {
  const others = new Map(b.map((one) => [pairName(one), one]));
  const shared = a.flatMap((one): [AttackedPair, AttackedPair][] => {
    const match = others.get(pairName(one));
    return match === undefined ? [] : [[one, match]];
  });
  return [shared.map(([one]) => one), shared.map(([, other]) => other)];
}

/** The largest size worth an axis: just past where 95 % of successes lie, for the defence that needs most. */
export function sizeRange(results: Results, group: AttackGroup, norm: SizeNorm): number {
  let range = 0;
  for (const defence of results.defences) {
    const successes = attackedPairs(results, defence, group).flatMap((pairs) =>
      sizes(pairs, norm).filter(Number.isFinite),
    );
    if (successes.length === 0) continue;
    successes.sort((a, b) => a - b);
    range = Math.max(range, successes[Math.floor(0.95 * (successes.length - 1))]!);
  }
  // With no success at all any range shows the flat line; one of 10/255 reads like the others.
  return range > 0 ? range * 1.1 : 10 / 255;
}
