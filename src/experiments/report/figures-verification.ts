/** How well each defence knows people apart: ROC and the spread of similarities. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure, HALF_WIDTH, seriesStyles } from './chart.ts';
import { falseAcceptRate } from './format.ts';
import type { Results } from './results.ts';

/** True accept rate against false accept rate, the latter by logarithm; one line per seed. */
export function rocFigure(results: Results): Figure {
  const styles = seriesStyles(results.defences.map((d) => d.name));
  // No point of a ROC says anything below one false accept.
  const positive = results.defences.flatMap((d) =>
    d.runs.flatMap((r) => r.verification.roc.map((p) => p.far).filter((far) => far > 0)),
  );
  const lowest = Math.min(0.1, ...positive);
  const marks = results.defences.flatMap((defence, i) => {
    const style = styles[i]!;
    return defence.runs.flatMap((run) => {
      const { roc } = run.verification;
      // The best point without any false accept stands at the left edge, where a logarithm has no zero.
      const first = roc.filter((p) => p.far < lowest).at(-1);
      const points = [
        ...(first === undefined ? [] : [{ far: lowest, tar: first.tar }]),
        ...roc.filter((p) => p.far >= lowest),
      ];
      const marked = [0.15, 0.4, 0.65, 0.9].flatMap((share) => {
        const at = lowest ** (1 - (share - 0.1 + (0.2 * i) / styles.length));
        return points.find((p) => p.far >= at) ?? [];
      });
      return [
        Plot.line(points, {
          x: 'far',
          y: 'tar',
          stroke: style.color,
          strokeWidth: defence.runs.length > 1 ? 1.2 : 1.8,
          ...(style.dash === undefined ? {} : { strokeDasharray: style.dash }),
        }),
        Plot.dot(marked, { x: 'far', y: 'tar', fill: style.color, symbol: style.symbol, r: 3.4 }),
      ];
    });
  });
  return drawChart({
    id: 'roc',
    title: 'Verification: true accept rate against false accept rate',
    caption:
      'Share of same-person pairs accepted against share of different-person pairs accepted (by logarithm), ' +
      'on people that training never saw; one line per seed. Higher is better.',
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

function decades(lowest: number): number[] {
  const ticks: number[] = [];
  for (let power = 0; 10 ** power >= lowest * 0.999; power--) ticks.push(10 ** power);
  return ticks;
}

const ROW_HEIGHT = 64;

interface Bar {
  readonly row: string;
  readonly x1: number;
  readonly x2: number;
  readonly height: number;
}

/** Similarities of same-person and different-person pairs, a row per defence, with its threshold. First seed. */
export function similarityFigure(results: Results): Figure {
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
  const labels = rows.map((r) => r.name);
  return drawChart({
    id: 'similarities',
    title: 'Similarity of pairs, and the threshold',
    caption:
      'How similar each defence finds pairs of one person (filled) and of two people (outlined), and its threshold ' +
      `(dashed; false accept rate ${falseAcceptRate(rows[0]!.threshold.far)}). First seed; each row has a height of its own.`,
    series: [],
    width: HALF_WIDTH,
    height: 90 + rows.length * ROW_HEIGHT,
    plot: {
      marginLeft: 14 + Math.min(24, Math.max(...labels.map((l) => l.length))) * 7,
      marginRight: 16,
      marginTop: 40,
      x: { label: 'similarity (cosine)', domain: [low, high], grid: true },
      y: { axis: null, domain: [0, 1.08] },
      fy: { label: null, domain: labels, axis: 'left', tickSize: 0, padding: 0.12 },
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
