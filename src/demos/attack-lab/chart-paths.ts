/** The lab's curves as paths of an SVG. */
import type { LabPoint } from './run.ts';

export interface Plot {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  /** Corners of a line at most; longer curves are thinned. */
  readonly most: number;
}

export interface Paths {
  readonly ensemble: string;
  /** By member. */
  readonly each: readonly string[];
  readonly x: (step: number) => number;
  readonly y: (similarity: number) => number;
  /** The last step of the axis. */
  readonly steps: number;
  /** The lowest similarity of the axis. */
  readonly low: number;
}

/** Steps of the axis before there is anything on it. */
const FEWEST_STEPS = 10;

/** Paths of some points; a trial that begins anew begins a new line. */
export function chartPaths(
  points: readonly LabPoint[],
  threshold: number,
  members: number,
  plot: Plot,
): Paths {
  const steps = Math.max(FEWEST_STEPS, points.at(-1)?.step ?? 0);
  const lowest = points.reduce(
    (least, { ensemble, members: all }) => Math.min(least, ensemble, ...all),
    Math.min(0, threshold),
  );
  // A little air below; never less than nothing.
  const low = lowest < 0 ? lowest - 0.05 : 0;
  const x = (step: number) => plot.left + (step / steps) * (plot.width - plot.left - plot.right);
  const y = (similarity: number) =>
    plot.top + ((1 - similarity) / (1 - low)) * (plot.height - plot.top - plot.bottom);
  const stride = Math.max(1, Math.ceil(points.length / plot.most));
  const kept = points.filter((_, i) => i % stride === 0 || i === points.length - 1);
  const path = (value: (point: LabPoint) => number): string =>
    kept
      .map((point, i) => {
        const begins = i === 0 || kept[i - 1]!.trial !== point.trial;
        return `${begins ? 'M' : 'L'}${x(point.step).toFixed(1)} ${y(value(point)).toFixed(1)}`;
      })
      .join('');
  return {
    ensemble: path(({ ensemble }) => ensemble),
    each: Array.from({ length: members }, (_, member) => path(({ members: all }) => all[member] ?? 0)),
    x,
    y,
    steps,
    low,
  };
}
