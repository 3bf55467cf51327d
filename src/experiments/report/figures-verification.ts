/** How well each defence knows people apart: ROC and the spread of similarities. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure, HALF_WIDTH, seriesStyles, styledLine } from './chart.ts';
import { falseAcceptRate, shortened } from './format.ts';
import type { Results, RunResults } from './results.ts';
import { overSeeds, seedCount } from './summary.ts';

/** Points of a mean ROC, evenly spread over the logarithm. */
const ROC_STEPS = 150;

/** True accept rate against false accept rate, the latter by logarithm; the mean over seeds. */
export function rocFigure(results: Results, document: Document): Figure {
  const styles = seriesStyles(results.defences.map((d) => d.name));
  // No point of a ROC says anything below one false accept.
  const positive = results.defences.flatMap((d) =>
    d.runs.flatMap((r) => r.verification.roc.map((p) => p.far).filter((far) => far > 0)),
  );
  const lowest = Math.min(0.1, ...positive);
  const grid = Array.from({ length: ROC_STEPS + 1 }, (_, i) => lowest ** (1 - i / ROC_STEPS));
  const marks = results.defences.flatMap((defence, i) => {
    const style = styles[i]!;
    const points = grid.map((far) => ({ far, tar: overSeeds(defence, (run) => bestAt(run, far)).value }));
    const marked = [0.15, 0.4, 0.65, 0.9].map(
      (share) => points[Math.round((share - 0.1 + (0.2 * i) / styles.length) * ROC_STEPS)]!,
    );
    return [
      styledLine(points, style, { x: 'far', y: 'tar', strokeWidth: 1.8 }),
      Plot.dot(marked, { x: 'far', y: 'tar', fill: style.color, symbol: style.symbol, r: 3.4 }),
    ];
  });
  return drawChart({
    document,
    id: 'roc',
    title: 'Verification: true accept rate against false accept rate',
    caption:
      'Share of same-person pairs accepted against share of different-person pairs accepted (by logarithm), ' +
      `on ${results.data.train === null ? results.data.test.name : 'people that training never saw'}${seedCount(results) > 1 ? '; mean over seeds' : ''}. Higher is better.`,
    series: styles,
    width: HALF_WIDTH,
    height: 340,
    plot: {
      x: {
        label: 'false accept rate',
        type: 'log',
        domain: [lowest, 1],
        grid: true,
        ticks: decades(lowest),
        tickFormat: falseAcceptRate,
      },
      y: { label: 'true accept rate', domain: [0, 1], grid: true, tickFormat: '.0%' },
      marks,
    },
  });
}

/** The highest true accept rate of a run's ROC whose false accept rate is at most `far`. */
function bestAt({ verification: { roc } }: RunResults, far: number): number {
  return roc.reduce((best, point) => (point.far <= far * (1 + 1e-9) ? Math.max(best, point.tar) : best), 0);
}

function decades(lowest: number): number[] {
  const ticks: number[] = [];
  for (let power = 0; 10 ** power >= lowest * 0.999; power--) ticks.push(10 ** power);
  return ticks;
}

/** A few rows are drawn high enough to show their shape, many so that they stay on one page. */
const rowHeight = (rows: number) => Math.max(40, Math.min(64, 360 / rows));

interface Bar {
  readonly row: string;
  readonly x1: number;
  readonly x2: number;
  readonly height: number;
}

/** Similarities of same-person and different-person pairs, a row per defence, with its threshold. First seed. */
export function similarityFigure(results: Results, document: Document): Figure {
  const rows = results.defences.map((defence) => {
    const { verification, threshold, seed } = defence.runs[0]!;
    const { edges, same, different } = verification.similarities;
    const total = (counts: number[]) => counts.reduce((sum, n) => sum + n, 0) || 1;
    const density = (counts: number[]) => counts.map((n) => n / total(counts));
    const shares = { same: density(same), different: density(different) };
    // Each row is as high as its own highest bin, so that a sharp and a wide spread both show their shape.
    const highest = Math.max(...shares.same, ...shares.different, Number.MIN_VALUE);
    const bars = (kind: 'same' | 'different'): Bar[] =>
      shares[kind].flatMap((share, bin) =>
        share === 0
          ? []
          : { row: defence.name, x1: edges[bin]!, x2: edges[bin + 1]!, height: share / highest },
      );
    return { name: defence.name, seed, threshold, same: bars('same'), different: bars('different') };
  });
  const bins = rows.flatMap((r) => [...r.same, ...r.different]);
  const low = Math.min(...bins.map((b) => b.x1), 0);
  const high = Math.max(...bins.map((b) => b.x2), ...rows.map((r) => r.threshold.value));
  const [same, different] = seriesStyles(['', 'same person', 'two people']).slice(1);
  const centre = (of: Bar[]) => {
    const mass = of.reduce((sum, b) => sum + b.height, 0) || 1;
    return of.reduce((sum, b) => sum + (b.height * (b.x1 + b.x2)) / 2, 0) / mass;
  };
  // Said once, over the first row, where the eye begins.
  const named = [same!, different!].map((style, i) => ({
    row: rows[0]!.name,
    x: centre(i === 0 ? rows[0]!.same : rows[0]!.different),
    text: style.label,
    color: style.color,
  }));
  const bar = { fy: 'row', x1: 'x1', x2: 'x2', y2: 'height', y1: 0 } as const;
  const label = (name: string) => shortened(name, 20);
  const longest = Math.max(...rows.map((r) => label(r.name).length));
  return drawChart({
    document,
    id: 'similarities',
    title: 'Similarity of pairs, and the threshold',
    caption:
      'How similar each defence finds pairs of one person (filled) and of two people (outlined), and its threshold ' +
      `(dashed; false accept rate ${falseAcceptRate(rows[0]!.threshold.far)}). First seed; each row has a height of its own.`,
    series: [],
    width: HALF_WIDTH,
    height: Math.round(90 + rows.length * rowHeight(rows.length)),
    plot: {
      marginLeft: 14 + longest * 7,
      marginRight: 16,
      marginTop: 40,
      x: { label: 'similarity (cosine)', domain: [low, high], grid: true },
      y: { axis: null, domain: [0, 1.08] },
      fy: {
        label: null,
        domain: rows.map((r) => r.name),
        tickFormat: label,
        axis: 'left',
        tickSize: 0,
        padding: 0.12,
      },
      marks: [
        Plot.rect(
          rows.flatMap((r) => r.same),
          { ...bar, fill: same!.color, fillOpacity: 0.55 },
        ),
        Plot.rect(
          rows.flatMap((r) => r.different),
          { ...bar, fill: different!.color, fillOpacity: 0.12, stroke: different!.color, strokeWidth: 0.9 },
        ),
        Plot.ruleY([0]),
        Plot.text(named, {
          fy: 'row',
          x: 'x',
          y: 1.08,
          dy: -9,
          text: 'text',
          fill: 'color',
          fontWeight: 600,
        }),
        Plot.ruleX(rows, {
          fy: 'name',
          x: (r: (typeof rows)[number]) => r.threshold.value,
          strokeDasharray: '4 3',
          strokeWidth: 1.4,
        }),
      ],
    },
  });
}
