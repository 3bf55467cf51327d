/** How training went: loss and accuracy against optimiser steps. */
import * as Plot from '@observablehq/plot';
import { average } from '../../evaluation/intervals.ts';
import { drawChart, type Figure, HALF_WIDTH, seriesStyles } from './chart.ts';
import type { Results, RunResults } from './results.ts';

type TrainingPoint = NonNullable<RunResults['training']>['points'][number];

/** More points than this are averaged in runs of neighbours: a figure is 700 pixels wide. */
const MOST_POINTS = 120;

/** Two figures, `training-loss` and `training-accuracy`; none when no training was recorded. */
export function trainingFigures(results: Results, document: Document): Figure[] {
  if (results.defences.every((d) => d.runs.every((r) => (r.training?.points ?? []).length === 0))) return [];
  return [
    trainingFigure(results, 'loss', 'loss', 'Training loss', {}, document),
    trainingFigure(
      results,
      'accuracy',
      'training accuracy',
      'Training accuracy',
      {
        domain: [0, 1],
        tickFormat: '.0%',
      },
      document,
    ),
  ];
}

function trainingFigure(
  results: Results,
  field: 'loss' | 'accuracy',
  label: string,
  title: string,
  y: Plot.ScaleOptions,
  document: Document,
): Figure {
  const styles = seriesStyles(results.defences.map((d) => d.name));
  const marks = results.defences.flatMap((defence, i) => {
    const style = styles[i]!;
    return defence.runs.flatMap((run) => {
      const points = thinned(run.training?.points ?? []);
      if (points.length === 0) return [];
      const every = Math.max(1, Math.ceil(points.length / 5));
      const marked = points.filter((_, at) => at % every === Math.floor((every * i) / styles.length));
      return [
        Plot.line(points, {
          x: 'step',
          y: field,
          stroke: style.color,
          strokeWidth: defence.runs.length > 1 ? 1.2 : 1.8,
          ...(style.dash === undefined ? {} : { strokeDasharray: style.dash }),
        }),
        Plot.dot(marked, { x: 'step', y: field, fill: style.color, symbol: style.symbol, r: 3.2 }),
      ];
    });
  });
  const losses =
    'The losses of different defences have different terms: compare their shapes, not their heights.';
  return drawChart({
    document,
    id: `training-${field}`,
    title,
    caption:
      `${title} against optimiser steps, one line per seed, neighbouring steps averaged. ` +
      (field === 'loss' ? losses : 'Robustness compares fairly only where these end near one another.'),
    series: styles,
    width: HALF_WIDTH,
    height: 320,
    plot: {
      x: { label: 'optimiser step', grid: true, tickFormat: 's' },
      y: { label, grid: true, nice: true, ...y },
      marks,
    },
  });
}

/** Means of runs of neighbouring points, at most `MOST_POINTS` of them. */
function thinned(points: readonly TrainingPoint[]): { step: number; loss: number; accuracy: number }[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  const groups = Array.from({ length: Math.ceil(points.length / Math.max(1, size)) }, (_, g) =>
    points.slice(g * size, (g + 1) * size),
  );
  return groups.map((group) => ({
    step: average(group.map((p) => p.step)),
    loss: average(group.map((p) => p.loss)),
    accuracy: average(group.map((p) => p.accuracy)),
  }));
}
