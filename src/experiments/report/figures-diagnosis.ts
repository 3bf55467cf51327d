/** Angles between features and weight vectors, and whose examples fool whom, as squares with numbers in them. */
import type { Figure } from './chart.ts';
import { diagnosisSummaries, type TransferMatrix } from './diagnosis.ts';
import { fixed, percent } from './format.ts';
import { drawHeatMap } from './heat-map.ts';
import type { Results } from './results.ts';
import { seedCount } from './summary.ts';

/** Angles of each member's features with each member's weight vectors, a panel per defence; undefined when none was diagnosed. */
export function anglesFigure(results: Results, document: Document): Figure | undefined {
  const summaries = diagnosisSummaries(results);
  if (summaries.length === 0) return undefined;
  const panels = summaries.map(({ defence, featureToWeight }) => ({
    title: defence.name,
    rows: featureToWeight.map((_, i) => `${i + 1}`),
    columns: featureToWeight[0]!.map((_, j) => `${j + 1}`),
    cells: featureToWeight.map((row) =>
      row.map((angle) => ({ shade: 1 - Math.min(90, angle) / 90, text: `${fixed(angle, 0)}°` })),
    ),
  }));
  return drawHeatMap({
    document,
    id: 'feature-weight-angles',
    title: 'Angles between members’ features and weight vectors',
    caption:
      'Mean angle in degrees between one member’s features (rows) and a member’s weight vector of the same identity (columns). ' +
      'Darker is nearer: 90° has nothing in common. Off the diagonal only members that share a frame of reference lie near.' +
      (seedCount(results) > 1 ? ' Means over seeds.' : ''),
    panels,
    rowLabel: 'features of member',
    columnLabel: 'weight vectors of member',
    side: Math.max(...panels.map((p) => p.columns.length)) > 4 ? 40 : 52,
    across: 4,
  });
}

/** Share of the row's examples that the column accepts, one figure per attack. */
export function transferFigure(matrix: TransferMatrix, id: string, document: Document): Figure {
  return drawHeatMap({
    document,
    id: `transfer-${id}`,
    title: `Transfer of white-box examples between defences (${matrix.attack})`,
    caption:
      'Share in % of the examples crafted on one defence (rows) that another accepts (columns), of those that succeeded where they ' +
      'were crafted. Darker is more; the diagonal is the white-box attack itself. The table holds the counts.',
    panels: [
      {
        title: '',
        rows: matrix.defences,
        columns: matrix.defences,
        cells: matrix.cells.map((row) =>
          row.map(({ accepted, shown }) =>
            shown === 0
              ? { shade: undefined, text: '' }
              : { shade: accepted / shown, text: percent(accepted / shown, 0) },
          ),
        ),
      },
    ],
    rowLabel: 'crafted on',
    columnLabel: 'accepted by (%)',
    side: 64,
    across: 1,
  });
}
