/** Robustness against accuracy along training: what a defence adds, and what shorter training would have given. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure, seriesStyles, styledLine } from './chart.ts';
import { fixed, PIXEL_STEPS, percent } from './format.ts';
import { type Matched, type WayPoint, wayOf } from './matched.ts';
import type { Results } from './results.ts';
import { seedCount } from './summary.ts';

/** More labels of epochs than this would cover one another. */
const MOST_LABELS = 24;

/** One line per defence through its networks along training; undefined when there are none to draw. */
export function robustnessAccuracyFigure(
  results: Results,
  matched: Matched | undefined,
  document: Document,
): Figure | undefined {
  const styles = seriesStyles(results.defences.map((d) => d.name));
  const ways = results.defences.flatMap((defence, i) => {
    const points = wayOf(defence);
    return points.length === 0 ? [] : { style: styles[i]!, points };
  });
  if (ways.length === 0) return undefined;
  const all = ways.flatMap((way) => way.points);
  const attack = results.defences.flatMap((d) => d.runs.flatMap((run) => run.snapshots))[0]!.whiteBox.attack;
  const x = (p: WayPoint) => p.accuracy * 100;
  const y = (p: WayPoint) => p.median.value * PIXEL_STEPS;
  const finite = (value: number) => Number.isFinite(value);
  const marks = ways.flatMap(({ style, points }) => {
    const bounded = points.filter((p) => finite(p.median.low) && finite(p.median.high));
    const labelled = all.length <= MOST_LABELS ? points : [points[0]!, points.at(-1)!];
    return [
      Plot.ruleX(bounded, {
        x,
        y1: (p: WayPoint) => p.median.low * PIXEL_STEPS,
        y2: (p: WayPoint) => p.median.high * PIXEL_STEPS,
        stroke: style.color,
        strokeOpacity: 0.35,
        strokeWidth: 1.2,
      }),
      styledLine(points, style, { x, y, strokeWidth: 1.8 }),
      Plot.dot(points, { x, y, fill: style.color, symbol: style.symbol, r: 3.8 }),
      Plot.text(labelled, {
        x,
        y,
        dy: -10,
        dx: 3,
        text: (p: WayPoint) => String(Number(fixed(p.epoch, 1))),
        fontSize: 10,
        fill: style.color,
      }),
    ];
  });
  const values = all.flatMap((p) => [p.median.value, p.median.high].filter(finite));
  const accuracies = all.map((p) => p.accuracy * 100);
  const [low, high] = [Math.min(...accuracies), Math.max(...accuracies)];
  const margin = Math.max(0.5, (high - low) * 0.06);
  const seeds = seedCount(results);
  return drawChart({
    document,
    id: 'robustness-accuracy',
    title: `Robustness against accuracy along training (${attack}, white-box)`,
    caption:
      'Median RMS perturbation that fools a network, against its verification accuracy; the number at a marker is the ' +
      'epoch. Up is more robust, right is more accurate. ' +
      (matched === undefined
        ? ''
        : `The upright line marks the accuracy at which all compare, ${percent(matched.accuracy.value)} %. `) +
      (seeds > 1
        ? `Means over ${seeds} seeds with 95 % intervals over seeds.`
        : 'The 95 % intervals are over pairs, of one seed.'),
    series: ways.map((way) => way.style),
    height: 420,
    plot: {
      x: { label: 'verification accuracy (%)', domain: [low - margin, high + margin], grid: true },
      y: {
        label: 'median RMS perturbation (1/255)',
        domain: [0, Math.max(...values, 1e-4) * PIXEL_STEPS * 1.06],
        grid: true,
        nice: true,
      },
      marks: [
        ...(matched === undefined
          ? []
          : [
              Plot.ruleX([matched.accuracy.value * 100], { strokeDasharray: '3 3', strokeOpacity: 0.8 }),
              Plot.text([matched.accuracy.value * 100], {
                x: (accuracy: number) => accuracy,
                frameAnchor: 'bottom',
                text: () => 'matched accuracy',
                dy: -6,
                dx: -5,
                textAnchor: 'end',
                fillOpacity: 0.75,
              }),
            ]),
        ...marks,
      ],
      clip: false,
    },
  });
}
