/** From results to the numbers that tables and figures show, each with its interval. */
import {
  type Interval,
  meanInterval,
  medianInterval,
  medianRatio,
  rateDifference,
} from '../../evaluation/intervals.ts';
import { areaUnderSuccess, medianSize, successCurve, transferSuccess } from '../../evaluation/success.ts';
import type { AttackedPair, BlackBoxResults, DefenceResults, Results, RunResults } from './results.ts';

/** Perturbation sizes that tables and figures speak of. */
export type SizeNorm = 'rms' | 'linf' | 'l2';

/** Seed of every bootstrap in a report: the same results give the same page. */
const BOOTSTRAP = { seed: 20_000 } as const;

/** How a pair is called wherever one is named. */
export function pairName(pair: { source: string; target: string }): string {
  return `${pair.source} → ${pair.target}`;
}

/** Mean over a defence's seeds, with Student's interval; of one seed, the value alone (bounds NaN). */
export function overSeeds(defence: DefenceResults, measure: (run: RunResults) => number): Interval {
  return meanInterval(defence.runs.map(measure));
}

/** Names of the white-box attacks that were run, in order of first appearance. */
export function whiteBoxAttacks(results: Results): string[] {
  return [
    ...new Set(results.defences.flatMap((d) => d.runs.flatMap((r) => r.whiteBox.map((w) => w.attack)))),
  ];
}

/** Names of the black-box attacks that were run, in order of first appearance. */
export function blackBoxAttacks(results: Results): string[] {
  return [
    ...new Set(results.defences.flatMap((d) => d.runs.flatMap((r) => r.blackBox.map((b) => b.attack)))),
  ];
}

/** Pairs attacked, per seed; all attacks together when `attack` is undefined. Seeds without the attack are left out. */
export function attackedPairs(defence: DefenceResults, attack?: string): AttackedPair[][] {
  return defence.runs
    .map((run) =>
      run.whiteBox.filter((w) => attack === undefined || w.attack === attack).flatMap((w) => w.pairs),
    )
    .filter((pairs) => pairs.length > 0);
}

/** Smallest successful size per pair, Infinity where the attack failed. */
export function sizes(pairs: readonly AttackedPair[], norm: SizeNorm): number[] {
  return pairs.map((pair) => (pair.success ? pair[norm] : Number.POSITIVE_INFINITY));
}

/** A rate along an axis, with its interval. */
export interface CurvePoint {
  readonly at: number;
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Success rate against size for one defence: over pairs (Wilson) of one seed, over seeds (Student, cut to
 * [0, 1]) of several. Undefined when the defence was not attacked so.
 */
export function whiteBoxCurve(
  defence: DefenceResults,
  attack: string | undefined,
  norm: SizeNorm,
  at: readonly number[],
): CurvePoint[] | undefined {
  const perSeed = attackedPairs(defence, attack).map((pairs) => successCurve(sizes(pairs, norm), at));
  return acrossSeeds(
    perSeed.map((curve) => curve.map((p) => ({ at: p.size, rate: p.rate, low: p.low, high: p.high }))),
  );
}

/** Success rate per feature distance for one defence; intervals as in `whiteBoxCurve`. */
export function blackBoxCurve(defence: DefenceResults, attack: string): CurvePoint[] | undefined {
  return acrossSeeds(
    blackBoxRuns(defence, attack).map((b) =>
      transferred(b).map((p) => ({ at: p.distance, rate: p.rate, low: p.low, high: p.high })),
    ),
  );
}

/** The black-box results of one attack, one per seed that has it. */
export function blackBoxRuns(defence: DefenceResults, attack: string): BlackBoxResults[] {
  return defence.runs.flatMap((run) => run.blackBox.filter((b) => b.attack === attack));
}

/** Black-box success per distance of one run, with the pairs that never reached it. */
export function transferred(run: BlackBoxResults): ReturnType<typeof transferSuccess> {
  return transferSuccess(
    run.distances,
    run.pairs.map((pair) => ({ name: pairName(pair), success: pair.success })),
  );
}

function acrossSeeds(curves: CurvePoint[][]): CurvePoint[] | undefined {
  const [first] = curves;
  if (curves.length <= 1 || first === undefined) return first;
  return first.map((point, i) => {
    const { value, low, high } = meanInterval(curves.flatMap((curve) => curve[i]?.rate ?? []));
    return { at: point.at, rate: value, low: Math.max(0, low), high: Math.min(1, high) };
  });
}

/** One defence under one white-box attack. Sizes in [0, 1] pixels. */
export interface WhiteBoxSummary {
  readonly defence: string;
  readonly pairs: number;
  /** Share of pairs on which the attack succeeded at any size. */
  readonly success: CurvePoint;
  /** Median over pairs of the smallest successful size; RMS with its interval, over pairs or over several seeds. */
  readonly median: { readonly rms: Interval; readonly linf: number; readonly l2: number };
  /** Mean success rate over RMS from 0 to `areaUpTo`. */
  readonly area: number;
  /** Median RMS over the baseline's, over the pairs they share; undefined for the baseline itself. */
  readonly ratio: Interval | undefined;
}

/** Summaries of every defence that was attacked so, in order. */
export function whiteBoxSummaries(results: Results, attack: string, areaUpTo: number): WhiteBoxSummary[] {
  const base = baseline(results);
  return results.defences.flatMap((defence) => {
    const perSeed = attackedPairs(defence, attack);
    const success = whiteBoxCurve(defence, attack, 'rms', [Number.MAX_VALUE])?.[0];
    if (success === undefined) return [];
    const areas = perSeed.map((pairs) => areaUnderSuccess(sizes(pairs, 'rms'), areaUpTo));
    return {
      defence: defence.name,
      pairs: perSeed.reduce((sum, pairs) => sum + pairs.length, 0),
      success,
      median: {
        rms: medianRms(perSeed),
        // Their intervals would be the same one over again, in another unit.
        linf: meanInterval(perSeed.map((pairs) => medianSize(sizes(pairs, 'linf')))).value,
        l2: meanInterval(perSeed.map((pairs) => medianSize(sizes(pairs, 'l2')))).value,
      },
      area: meanInterval(areas).value,
      ratio: defence === base ? undefined : whiteBoxRatio(defence, base, attack),
    };
  });
}

function medianRms(perSeed: AttackedPair[][]): Interval {
  const [only] = perSeed;
  if (perSeed.length === 1 && only !== undefined) return medianInterval(sizes(only, 'rms'), BOOTSTRAP);
  return meanInterval(perSeed.map((pairs) => medianSize(sizes(pairs, 'rms'))));
}

/**
 * How much larger a perturbation one defence needs than another: the ratio of median RMS over the pairs that
 * both were attacked with. Undefined when they share none, or when a median is infinite.
 */
export function whiteBoxRatio(
  one: DefenceResults,
  other: DefenceResults,
  attack: string,
): Interval | undefined {
  const ratios = sharedSeeds(one, other).flatMap(([a, b]) => {
    const find = (run: RunResults) => run.whiteBox.find((w) => w.attack === attack)?.pairs ?? [];
    const [x, y] = alignPairs(find(a), find(b));
    return x.length === 0 ? [] : medianRatio(sizes(x, 'rms'), sizes(y, 'rms'), BOOTSTRAP);
  });
  return compared(ratios);
}

/**
 * Difference of black-box success rates at one distance over the pairs both were shown, in [−1, 1].
 * Undefined when they share none.
 */
export function blackBoxDifference(
  one: DefenceResults,
  other: DefenceResults,
  attack: string,
  distance: number,
): Interval | undefined {
  const differences = sharedSeeds(one, other).flatMap(([a, b]) => {
    const find = (run: RunResults) => {
      const found = run.blackBox.find((entry) => entry.attack === attack);
      const d = found?.distances.indexOf(distance) ?? -1;
      return d < 0 ? [] : found!.pairs.map((p) => ({ ...p, fooled: p.success[d] === true ? 1 : 0 }));
    };
    const [x, y] = alignPairs(find(a), find(b));
    const fooled = (pairs: { fooled: number }[]) => pairs.map((p) => p.fooled);
    return x.length === 0 ? [] : rateDifference(fooled(x), fooled(y), BOOTSTRAP);
  });
  return compared(differences);
}

/** Over pairs when there is one seed, over seeds when there are several. */
function compared(intervals: Interval[]): Interval | undefined {
  const finite = intervals.filter((i) => Number.isFinite(i.value));
  if (finite.length === 0 || finite.length < intervals.length) return undefined;
  return finite.length === 1 ? finite[0] : meanInterval(finite.map((i) => i.value));
}

function sharedSeeds(one: DefenceResults, other: DefenceResults): [RunResults, RunResults][] {
  return one.runs.flatMap((run) => {
    const match = other.runs.find((r) => r.seed === run.seed);
    return match === undefined ? [] : [[run, match]];
  });
}

function alignPairs<T extends { source: string; target: string }>(a: T[], b: T[]): [T[], T[]] {
  const byName = new Map(b.map((pair) => [pairName(pair), pair]));
  const shared = a.filter((pair) => byName.has(pairName(pair)));
  return [shared, shared.map((pair) => byName.get(pairName(pair))!)];
}

/** What the others are compared with: the plain ensemble, else the single network, else the first defence. */
export function baseline(results: Results): DefenceResults {
  const named = (name: string) => results.defences.find((d) => d.name === name);
  return named('ensemble') ?? named('single') ?? results.defences[0]!;
}

/** The largest size worth an axis: just past where 95 % of successes lie, for the defence that needs most. */
export function sizeRange(results: Results, attack: string | undefined, norm: SizeNorm): number {
  let range = 0;
  for (const defence of results.defences) {
    const successes = attackedPairs(defence, attack).flatMap((pairs) =>
      sizes(pairs, norm).filter(Number.isFinite),
    );
    if (successes.length === 0) continue;
    successes.sort((a, b) => a - b);
    range = Math.max(range, successes[Math.floor(0.95 * (successes.length - 1))]!);
  }
  // With no success at all any range shows the flat line; one of 10/255 reads like the others.
  return range > 0 ? range * 1.1 : 10 / 255;
}
