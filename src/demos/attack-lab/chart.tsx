/** Similarity against steps: a thick line for the defence, a thin one for each of its networks, dashes for the threshold. */
import { chartPaths, type Plot } from './chart-paths.ts';
import type { LabPoint } from './run.ts';

const PLOT: Plot = { width: 360, height: 180, left: 30, right: 8, top: 10, bottom: 24, most: 400 };

export interface ChartProps {
  readonly points: readonly LabPoint[];
  readonly threshold: number;
  readonly members: number;
  readonly label: string;
}

export function Chart({ points, threshold, members, label }: ChartProps) {
  const { ensemble, each, x, y, steps, low } = chartPaths(points, threshold, members, PLOT);
  const ticks = [0, 0.5, 1].filter((tick) => tick >= low);
  const newest = points.at(-1);
  const summary = newest
    ? `${label}: similarity ${newest.ensemble.toFixed(3)} after ${newest.step} steps, threshold ${threshold.toFixed(3)}`
    : `${label}: not started, threshold ${threshold.toFixed(3)}`;
  return (
    <svg class="chart" viewBox={`0 0 ${PLOT.width} ${PLOT.height}`} role="img" aria-label={summary}>
      {ticks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={PLOT.left} x2={PLOT.width - PLOT.right} y1={y(tick)} y2={y(tick)} />
          <text x={PLOT.left - 6} y={y(tick) + 4} text-anchor="end">
            {tick}
          </text>
        </g>
      ))}
      {members > 1 &&
        each.map((path, member) => (
          <path key={member} class={`member series-${(member % 5) + 1}`} d={path} />
        ))}
      <path class="ensemble" d={ensemble} />
      <line
        class="threshold"
        x1={PLOT.left}
        x2={PLOT.width - PLOT.right}
        y1={y(threshold)}
        y2={y(threshold)}
      />
      <text class="threshold-text" x={PLOT.left + 6} y={y(threshold) - 5}>
        threshold
      </text>
      <text x={PLOT.left} y={PLOT.height - 8}>
        0
      </text>
      <text x={x(steps)} y={PLOT.height - 8} text-anchor="end">
        {steps} steps
      </text>
    </svg>
  );
}
