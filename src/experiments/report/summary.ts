/** What every measure in a report is made with: seeds, pairs, the baseline, names for files. */
import { type Interval, meanInterval, meanRatioInterval, rateGap } from '../../evaluation/intervals.ts';
import { fileName } from './format.ts';
import type { DefenceResults, Results, RunResults } from './results.ts';

/** Seed of every bootstrap in a report: the same results give the same page. */
export const BOOTSTRAP = { seed: 20_000 } as const;

/** How a pair is called wherever one is named. */
export function pairName(pair: { source: string; target: string }): string {
  return `${pair.source} → ${pair.target}`;
}

/** Mean over a defence's seeds, with Student's interval; of one seed, the value alone (bounds NaN). */
export function overSeeds(defence: DefenceResults, measure: (run: RunResults) => number): Interval {
  return meanInterval(defence.runs.map(measure));
}

/** The same of a measure that some runs lack: undefined when any does. */
export function overSeedsIfAll(
  defence: DefenceResults,
  measure: (run: RunResults) => number | null | undefined,
): Interval | undefined {
  const values = defence.runs.flatMap((run) => measure(run) ?? []);
  return values.length === defence.runs.length ? meanInterval(values) : undefined;
}

/** The largest number of seeds that any defence has. */
export function seedCount(results: Results): number {
  return Math.max(...results.defences.map((d) => d.runs.length));
}

/** Runs of two defences from one seed, in the order of the first. */
export function sharedSeeds(one: DefenceResults, other: DefenceResults): [RunResults, RunResults][] {
  return one.runs.flatMap((run): [RunResults, RunResults][] => {
    const match = other.runs.find((r) => r.seed === run.seed);
    return match === undefined ? [] : [[run, match]];
  });
}

/** What the others are compared with: the plain ensemble, else the single network, else the first defence. */
export function baseline(results: Results): DefenceResults {
  return named(results, 'ensemble') ?? named(results, 'single') ?? results.defences[0]!;
}

/** The defence of that name, if it was run. */
export function named(results: Results, name: string): DefenceResults | undefined {
  return results.defences.find((d) => d.name === name);
}

/** Names of the pairs of a seed that are left out of every comparison of attacks. */
export function leftOutPairs(results: Results, seed: number): ReadonlySet<string> {
  return new Set(results.leftOut.filter((pair) => pair.seed === seed).map(pairName));
}

/** A rate along an axis, with its interval. */
export interface CurvePoint {
  readonly at: number;
  readonly rate: number;
  readonly low: number;
  readonly high: number;
}

/** Of one seed its own curve; of several the mean with Student's interval, cut to [0, 1]. Undefined of none. */
export function acrossSeeds(curves: readonly CurvePoint[][]): CurvePoint[] | undefined {
  const [first] = curves;
  if (curves.length <= 1 || first === undefined) return first;
  return first.map((point, i) => {
    const { value, low, high } = meanInterval(curves.flatMap((curve) => curve[i]?.rate ?? []));
    return { at: point.at, rate: value, low: Math.max(0, low), high: Math.min(1, high) };
  });
}

/**
 * A comparison made for each shared seed: the only one as it is, with its interval over pairs; of several the
 * mean with its interval over seeds. Undefined when there is none, or when any is infinite or unknown.
 *
 * @param kind 'ratio' for numbers whose neutral value is 1, which are averaged by logarithm
 */
export function compared(intervals: readonly Interval[], kind: 'ratio' | 'difference'): Interval | undefined {
  const [only] = intervals;
  const usable = (value: number) => Number.isFinite(value) && (kind === 'difference' || value > 0);
  if (only === undefined || intervals.some((i) => !usable(i.value))) return undefined;
  if (intervals.length === 1) return only;
  const values = intervals.map((i) => i.value);
  return kind === 'ratio' ? meanRatioInterval(values) : meanInterval(values);
}

/** A value of several seeds' comparisons needs no interval of its own. */
export function pointOnly(value: number): Interval {
  return { value, low: Number.NaN, high: Number.NaN };
}

/**
 * Difference of verification accuracies, `one` − `other`: over shared seeds where there are several, else
 * between rates over pairs (Newcombe), which is rather too wide since the pairs are the same.
 */
export function accuracyDifference(one: DefenceResults, other: DefenceResults): Interval | undefined {
  const shared = sharedSeeds(one, other);
  const [first] = shared;
  if (first === undefined) return undefined;
  if (shared.length > 1) {
    return meanInterval(shared.map(([a, b]) => a.verification.accuracy - b.verification.accuracy));
  }
  const counted = ({ verification: { accuracy, pairs } }: RunResults) => ({
    successes: accuracy * pairs,
    trials: pairs,
  });
  return rateGap(counted(first[0]), counted(first[1]));
}

/** A file-name part for each text, all different, none of them in `taken`. */
export function uniqueFileNames(texts: readonly string[], taken: readonly string[] = []): string[] {
  const used = new Set(taken);
  return texts.map((text) => {
    const base = fileName(text);
    let name = base;
    for (let n = 2; used.has(name); n++) name = `${base}-${n}`;
    used.add(name);
    return name;
  });
}
