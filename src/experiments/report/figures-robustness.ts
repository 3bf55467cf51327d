/** The two figures that the study is about: how often attacks succeed, white-box and black-box. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure, HALF_WIDTH, type SeriesStyle, seriesStyles } from './chart.ts';
import { fileName, PIXEL_STEPS } from './format.ts';
import type { Results } from './results.ts';
import {
  blackBoxAttacks,
  blackBoxCurve,
  blackBoxRuns,
  type CurvePoint,
  sizeRange,
  whiteBoxAttacks,
  whiteBoxCurve,
} from './summary.ts';

/** Sizes at which a success curve is drawn: fine enough that its steps look like steps. */
const CURVE_STEPS = 200;
const MARKERS = 6;

interface Series {
  readonly style: SeriesStyle;
  readonly points: readonly CurvePoint[];
}

/**
 * White-box success rate against perturbation size, one figure per attack and norm (RMS and L∞), and with
 * several attacks one of all their pairs together.
 */
export function whiteBoxFigures(results: Results): Figure[] {
  const attacks: (string | undefined)[] = whiteBoxAttacks(results);
  if (attacks.length > 1) attacks.push(undefined);
  return attacks.flatMap((attack) => [
    whiteBoxFigure(results, attack, 'rms'),
    whiteBoxFigure(results, attack, 'linf'),
  ]);
}

function whiteBoxFigure(results: Results, attack: string | undefined, norm: 'rms' | 'linf'): Figure {
  const range = sizeRange(results, attack, norm);
  const at = Array.from({ length: CURVE_STEPS + 1 }, (_, i) => (i / CURVE_STEPS) * range);
  const series = seriesOf(results, (defence) => whiteBoxCurve(defence, attack, norm, at));
  const marks = series.flatMap(({ style, points }, index) => {
    const steps = corners(points);
    // Markers stand at other sizes for each defence, so that they do not hide one another.
    const marked = Array.from({ length: MARKERS }, (_, m) => {
      const share = (m + (index + 1) / (series.length + 1)) / MARKERS;
      return points[Math.round(share * CURVE_STEPS)]!;
    });
    const x = (p: CurvePoint) => p.at * PIXEL_STEPS;
    return [
      Plot.areaY(steps, {
        x,
        y1: 'low',
        y2: 'high',
        curve: 'step-after',
        fill: style.color,
        fillOpacity: 0.13,
      }),
      line(steps, style, { x, y: 'rate', curve: 'step-after' }),
      Plot.dot(marked, { x, y: 'rate', fill: style.color, symbol: style.symbol, r: 3.6 }),
    ];
  });
  const name = norm === 'rms' ? 'RMS' : 'L∞';
  const which = attack === undefined ? 'all attacks' : attack;
  return drawChart({
    id: ['white-box', attack === undefined ? 'all' : fileName(attack), norm].join('-'),
    title: `White-box attack (${which}): success against ${name} perturbation`,
    caption:
      `Share of pairs on which ${which} succeeded with an ${name} perturbation no larger than the axis says. ` +
      `Lower is more robust. ${intervalNote(results)}`,
    series: series.map((s) => s.style),
    // RMS is the study's own measure; L∞ stands beside it.
    ...(norm === 'linf' ? { width: HALF_WIDTH, height: 300 } : {}),
    plot: {
      x: { label: `${name} perturbation (1/255)`, domain: [0, range * PIXEL_STEPS], grid: true },
      y: { label: 'attack success rate', domain: [0, 1], grid: true, tickFormat: '.0%' },
      marks: [Plot.ruleY([0]), ...marks],
      clip: true,
    },
  });
}

/** Black-box success per feature distance, one figure per attack; nearer to the target is further right. */
export function blackBoxFigures(results: Results): Figure[] {
  return blackBoxAttacks(results).map((attack) => {
    const series = seriesOf(results, (defence) => blackBoxCurve(defence, attack));
    const distances = series[0]!.points.map((p) => p.at);
    const runs = results.defences.flatMap((d) => blackBoxRuns(d, attack));
    const marks = series.flatMap(({ style, points }, index) => {
      // Moved apart by a few pixels, or the bars would cover one another.
      const dx = (index - (series.length - 1) / 2) * 5;
      return [
        Plot.ruleX(points, {
          x: 'at',
          y1: 'low',
          y2: 'high',
          dx,
          stroke: style.color,
          strokeWidth: 1.4,
          strokeOpacity: 0.7,
        }),
        line(points, style, { x: 'at', y: 'rate', dx }),
        Plot.dot(points, { x: 'at', y: 'rate', dx, fill: style.color, symbol: style.symbol, r: 4 }),
      ];
    });
    const highest = Math.max(...series.flatMap((s) => s.points.map((p) => p.high)));
    const span = distances[0]! - distances.at(-1)! || 1;
    return drawChart({
      id: `black-box-${fileName(attack)}`,
      title: `Black-box attack (${attack}): success per feature distance on the surrogate`,
      caption:
        `Examples were crafted on ${runs[0]!.surrogate.name}, which no defence contains, until its features came as near to ` +
        'the target’s as the axis says, then shown to each defence. Share of all pairs that fooled it; an example that ' +
        `never came so near counts as a failure. Lower is more robust. ${intervalNote(results)}`,
      series: series.map((s) => s.style),
      plot: {
        x: {
          label: `feature distance on the surrogate (${runs[0]!.distanceMeasure})  →  nearer`,
          domain: [distances[0]! + span * 0.06, distances.at(-1)! - span * 0.06],
          ticks: distances,
          tickFormat: (d: number) => `${Number(d.toPrecision(3))}`,
        },
        y: {
          label: 'attack success rate',
          domain: [0, Math.min(1, Math.max(0.1, Math.ceil(highest * 10) / 10))],
          grid: true,
          tickFormat: '.0%',
        },
        marks: [Plot.ruleY([0]), ...marks],
      },
    });
  });
}

function seriesOf(
  results: Results,
  curve: (defence: Results['defences'][number]) => CurvePoint[] | undefined,
): Series[] {
  const styles = seriesStyles(results.defences.map((d) => d.name));
  return results.defences.flatMap((defence, i) => {
    const points = curve(defence);
    return points === undefined ? [] : { style: styles[i]!, points };
  });
}

function line(points: readonly CurvePoint[], style: SeriesStyle, options: Plot.LineOptions): Plot.Line {
  return Plot.line(points, {
    stroke: style.color,
    strokeWidth: 2,
    ...(style.dash === undefined ? {} : { strokeDasharray: style.dash }),
    ...options,
  });
}

/** The points where a staircase turns, and its last: the rest add nothing to the picture but bytes. */
function corners(points: readonly CurvePoint[]): CurvePoint[] {
  return points.filter((p, i) => {
    const before = points[i - 1];
    const turns =
      before === undefined || p.rate !== before.rate || p.low !== before.low || p.high !== before.high;
    return turns || i === points.length - 1;
  });
}

function intervalNote(results: Results): string {
  const seeds = Math.max(...results.defences.map((d) => d.runs.length));
  return seeds > 1
    ? `Mean over ${seeds} seeds with 95 % intervals over seeds.`
    : 'The 95 % intervals (Wilson) are over pairs, of one seed.';
}
