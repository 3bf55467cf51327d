/** How attacks make their way: the distance that they make small, step by step. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure, HALF_WIDTH, seriesStyles, styledLine } from './chart.ts';
import type { Results } from './results.ts';
import { singleAttacks } from './white-box.ts';

/** One figure per attack whose distance was recorded. */
export function attackLossFigures(results: Results, document: Document): Figure[] {
  const styles = seriesStyles(results.defences.map((d) => d.name));
  return singleAttacks(results).flatMap(({ id, label }) => {
    const series = results.defences.flatMap((defence, i) => {
      const curves = defence.runs.flatMap((run) => {
        const entries = run.whiteBox.filter((entry) => entry.attack === label && entry.curve !== undefined);
        const own = entries.find((entry) => entry.rule === results.matching) ?? entries[0];
        return own?.curve === undefined || own.curve.length === 0 ? [] : [own.curve];
      });
      return curves.length === 0 ? [] : { style: styles[i]!, points: meanCurve(curves) };
    });
    if (series.length === 0) return [];
    const marks = series.flatMap(({ style, points }, index) => {
      const marked = [0.1, 0.35, 0.6, 0.85].map(
        (share) => points[Math.floor((share + (0.14 * index) / series.length) * (points.length - 1))]!,
      );
      return [
        styledLine(points, style, { x: 'step', y: 'distance', strokeWidth: 1.8 }),
        Plot.dot(marked, { x: 'step', y: 'distance', fill: style.color, symbol: style.symbol, r: 3.2 }),
      ];
    });
    return drawChart({
      document,
      id: `attack-loss-${id}`,
      title: `What ${label} makes small, step by step`,
      caption:
        'Mean over pairs of the distance between the features of the adversarial image and of the target, against the attack’s ' +
        'steps (a pair that succeeded keeps its last value). Means over seeds; curves end where the first seed’s does.',
      series: series.map((s) => s.style),
      width: HALF_WIDTH,
      height: 320,
      plot: {
        x: { label: 'attack step', grid: true },
        y: { label: 'mean feature distance (attack’s objective)', grid: true, zero: true, nice: true },
        marks,
      },
    });
  });
}

/** Step by step as far as all curves go. */
function meanCurve(curves: readonly number[][]): { step: number; distance: number }[] {
  const length = Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, step) => ({
    step,
    distance: curves.reduce((sum, curve) => sum + curve[step]!, 0) / curves.length,
  }));
}
