/**
 * Defences at matched accuracy: each at the point along its training where it verifies as well as the others,
 * since the length of training alone moves robustness more than any loss does.
 */
import { type Interval, meanInterval } from '../../evaluation/intervals.ts';
import { matchAccuracy } from '../../evaluation/matched.ts';
import type { DefenceResults, Results, Snapshot } from './results.ts';
import { baseline, named } from './summary.ts';
import { medianOf, ratioOfMedians } from './white-box.ts';

/** One defence at the point that was chosen for it, and at the end of training, attacked on the same pairs. */
export interface MatchedRow {
  readonly defence: DefenceResults;
  readonly chosen: PointSummary;
  readonly last: PointSummary;
}

/** A network along training, over the seeds. */
export interface PointSummary {
  /** Per seed, in the order of `Matched.seeds`. */
  readonly snapshots: readonly Snapshot[];
  readonly epoch: Interval;
  readonly accuracy: Interval;
  /** Median RMS, pixels in [0, 1]. */
  readonly median: Interval;
}

export interface Matched {
  readonly attack: string;
  readonly seeds: readonly number[];
  /** The accuracy to compare at, over the seeds: the highest that every defence attains. */
  readonly accuracy: Interval;
  /** The largest distance of a chosen point's accuracy from it, in any seed. */
  readonly furthest: number;
  readonly rows: readonly MatchedRow[];
  /** What ratios are over: the study's baseline if it is among the rows, else the first row. */
  readonly base: MatchedRow;
}

/** Undefined when fewer than two defences have networks along training from a seed that all of them share. */
export function matchedAccuracy(results: Results): Matched | undefined {
  const taking = results.defences.filter((d) => d.runs.some((run) => run.snapshots.length > 0));
  const [first] = taking;
  if (first === undefined || taking.length < 2) return undefined;
  const curveOf = (defence: DefenceResults, seed: number) =>
    defence.runs.find((run) => run.seed === seed)?.snapshots ?? [];
  const seeds = first.runs
    .map((run) => run.seed)
    .filter((seed) => taking.every((defence) => curveOf(defence, seed).length > 0));
  if (seeds.length === 0) return undefined;
  const perSeed = seeds.map((seed) => matchAccuracy(taking.map((defence) => curveOf(defence, seed))));
  const rows = taking.map((defence, i) => ({
    defence,
    chosen: summary(perSeed.map(({ chosen }) => chosen[i]!)),
    last: summary(seeds.map((seed) => curveOf(defence, seed).at(-1)!)),
  }));
  const base = rows.find((row) => row.defence === baseline(results)) ?? rows[0]!;
  const furthest = Math.max(
    ...perSeed.flatMap(({ accuracy, chosen }) => chosen.map((p) => Math.abs(p.accuracy - accuracy))),
  );
  return {
    attack: rows[0]!.chosen.snapshots[0]!.whiteBox.attack,
    seeds,
    accuracy: meanInterval(perSeed.map((m) => m.accuracy)),
    furthest,
    rows,
    base,
  };
}

function summary(snapshots: Snapshot[]): PointSummary {
  return {
    snapshots,
    epoch: meanInterval(snapshots.map((s) => s.epoch)),
    accuracy: meanInterval(snapshots.map((s) => s.accuracy)),
    median: medianOf(
      snapshots.map((s) => s.whiteBox.pairs),
      'rms',
    ),
  };
}

/** Ratio of median RMS over the pairs that both were attacked with, as `whiteBoxRatio` is. */
export function pointRatio(one: PointSummary, other: PointSummary): Interval | undefined {
  return ratioOfMedians(one.snapshots.map((s, i) => [s.whiteBox.pairs, other.snapshots[i]!.whiteBox.pairs]));
}

/** The row of a defence's name. */
export function matchedRow(
  results: Results,
  matched: Matched | undefined,
  name: string,
): MatchedRow | undefined {
  const defence = named(results, name);
  return matched?.rows.find((row) => row.defence === defence);
}

/** A point of a defence's way through training. */
export interface WayPoint {
  readonly epoch: number;
  readonly accuracy: number;
  /** Median RMS, pixels in [0, 1]: over pairs of one seed, over seeds of several. */
  readonly median: Interval;
}

/**
 * A defence's way through training, seeds averaged epoch by epoch. Points whose median is infinite in some
 * seed cannot be drawn and are left out.
 */
export function wayOf(defence: DefenceResults): WayPoint[] {
  const epochs = [...new Set(defence.runs.flatMap((run) => run.snapshots.map((s) => s.epoch)))];
  return epochs
    .sort((a, b) => a - b)
    .map((epoch) => {
      const here = defence.runs.flatMap((run) => run.snapshots.filter((s) => s.epoch === epoch));
      const { accuracy, median } = summary(here);
      return { epoch, accuracy: accuracy.value, median };
    })
    .filter((point) => Number.isFinite(point.median.value));
}
