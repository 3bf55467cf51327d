/** The two figures that the study is about: how often attacks succeed, white-box and black-box. */
import * as Plot from '@observablehq/plot';
import { blackBoxAttacks, blackBoxCurve, blackBoxRuns } from './black-box.ts';
import { drawChart, type Figure, HALF_WIDTH, type SeriesStyle, seriesStyles, styledLine } from './chart.ts';
import { listed, PIXEL_STEPS } from './format.ts';
import type { Results } from './results.ts';
import { type CurvePoint, seedCount } from './summary.ts';
import {
  type AttackGroup,
  pooledAttacks,
  SIZE_NORMS,
  type SizeNorm,
  singleAttacks,
  sizeRange,
  whiteBoxCurve,
} from './white-box.ts';

/** Sizes at which a success curve is drawn: fine enough that its steps look like steps. */
const CURVE_STEPS = 200;
const MARKERS = 6;
/** A staircase of more steps is as smooth as a line, and a line shows its dashes. */
const MOST_STEPS = 50;

interface Series {
  readonly style: SeriesStyle;
  readonly points: readonly CurvePoint[];
}

/** More bands than this cover one another: bars at the markers show the intervals instead. */
const MOST_BANDS = 4;

const NORMS: Readonly<Record<SizeNorm, { name: string; label: string; scale: number }>> = {
  rms: { name: 'RMS', label: 'RMS perturbation (1/255)', scale: PIXEL_STEPS },
  linf: { name: 'L∞', label: 'L∞ perturbation (1/255)', scale: PIXEL_STEPS },
  l2: { name: 'L2', label: 'L2 perturbation (pixels in [0, 1])', scale: 1 },
};

/** White-box success rate against perturbation size. */
export interface WhiteBoxFigures {
  readonly group: AttackGroup;
  /** The study's own measure, wide. */
  readonly rms: Figure;
  readonly linf: Figure;
  readonly l2: Figure;
}

/** Figures of the strongest of all attacks, where there are several, then of each attack by itself. */
export function whiteBoxFigures(results: Results, document: Document): WhiteBoxFigures[] {
  const pooled = pooledAttacks(results);
  return [...(pooled === undefined ? [] : [pooled]), ...singleAttacks(results)].map((group) => {
    const [rms, linf, l2] = SIZE_NORMS.map((norm) => whiteBoxFigure(results, group, norm, document));
    return { group, rms: rms!, linf: linf!, l2: l2! };
  });
}

function whiteBoxFigure(results: Results, group: AttackGroup, norm: SizeNorm, document: Document): Figure {
  const range = sizeRange(results, group, norm);
  const at = Array.from({ length: CURVE_STEPS + 1 }, (_, i) => (i / CURVE_STEPS) * range);
  const series = seriesOf(results, (defence) => whiteBoxCurve(results, defence, group, norm, at));
  const marks = series.flatMap(({ style, points }, index) => {
    const steps = corners(points);
    const curve = steps.length > MOST_STEPS ? 'linear' : 'step-after';
    // Markers stand at other sizes for each defence, so that they do not hide one another.
    const marked = Array.from({ length: MARKERS }, (_, m) => {
      const share = (m + (index + 1) / (series.length + 1)) / MARKERS;
      return points[Math.round(share * CURVE_STEPS)]!;
    });
    const x = (p: CurvePoint) => p.at * NORMS[norm].scale;
    const interval =
      series.length <= MOST_BANDS
        ? Plot.areaY(curve === 'linear' ? points : steps, {
            x,
            y1: 'low',
            y2: 'high',
            curve,
            fill: style.color,
            fillOpacity: 0.13,
          })
        : Plot.ruleX(marked, {
            x,
            y1: 'low',
            y2: 'high',
            stroke: style.color,
            strokeOpacity: 0.45,
            strokeWidth: 1.2,
          });
    return [
      interval,
      styledLine(curve === 'linear' ? points : steps, style, { x, y: 'rate', curve }),
      Plot.dot(marked, { x, y: 'rate', fill: style.color, symbol: style.symbol, r: 3.6 }),
    ];
  });
  const { name, label, scale } = NORMS[norm];
  const pooled = group.attacks.length > 1;
  return drawChart({
    document,
    id: `white-box-${group.id}-${norm}`,
    title: `White-box success against ${name} perturbation (${group.label})`,
    caption:
      (pooled
        ? `Share of pairs on which one of ${listed(group.attacks)} succeeded with an ${name} perturbation no larger than the axis says. `
        : `Share of pairs on which ${group.label} succeeded with an ${name} perturbation no larger than the axis says. `) +
      `Lower is more robust. ${intervalNote(results)}`,
    series: series.map((s) => s.style),
    // RMS is the study's own measure; the others stand beside it.
    ...(norm === 'rms' ? {} : { width: HALF_WIDTH, height: 300 }),
    plot: {
      x: { label, domain: [0, range * scale], grid: true },
      y: { label: 'attack success rate', domain: [0, 1], grid: true, tickFormat: '.0%' },
      marks: [Plot.ruleY([0]), ...marks],
      clip: true,
    },
  });
}

/** Black-box success per feature distance, one figure per attack; nearer to the target is further right. */
export function blackBoxFigures(results: Results, document: Document): Figure[] {
  return blackBoxAttacks(results).flatMap((attack) => {
    const series = seriesOf(results, (defence) => blackBoxCurve(results, defence, attack.attack));
    const [run] = results.defences.flatMap((d) => blackBoxRuns(results, d, attack.attack));
    const distances = run?.distances ?? [];
    if (run === undefined) return [];
    const marks = series.flatMap(({ style, points }, index) => {
      // Moved apart by a few pixels, or the bars would cover one another.
      const dx = (index - (series.length - 1) / 2) * Math.min(5, 26 / series.length);
      return [
        Plot.ruleX(points, {
          x: 'at',
          y1: 'low',
          y2: 'high',
          dx,
          stroke: style.color,
          strokeWidth: 1.4,
          strokeOpacity: series.length <= MOST_BANDS ? 0.7 : 0.4,
        }),
        styledLine(points, style, { x: 'at', y: 'rate', dx }),
        Plot.dot(points, { x: 'at', y: 'rate', dx, fill: style.color, symbol: style.symbol, r: 4 }),
      ];
    });
    const highest = Math.max(...series.flatMap((s) => s.points.map((p) => p.high)));
    const span = distances[0]! - distances.at(-1)! || 1;
    return drawChart({
      document,
      id: `black-box-${attack.id}`,
      title: `Black-box success per feature distance on the surrogate (${attack.attack})`,
      caption:
        `Examples were crafted on ${run.surrogate.name}, which no defence contains, until its features came as near to ` +
        'the target’s as the axis says, then shown to each defence. Share of all pairs that fooled it; an example that ' +
        `never came so near counts as a failure. Lower is more robust. ${intervalNote(results)}`,
      series: series.map((s) => s.style),
      plot: {
        x: {
          label: `feature distance on the surrogate (${run.distanceMeasure})  →  nearer`,
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
  const seeds = seedCount(results);
  return seeds > 1
    ? `Mean over ${seeds} seeds with 95 % intervals over seeds.`
    : 'The 95 % intervals (Wilson) are over pairs, of one seed.';
}
