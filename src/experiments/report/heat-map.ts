/** Matrices as squares with their numbers in them: dark is much, in grey as in colour. */
import * as Plot from '@observablehq/plot';
import { drawChart, type Figure } from './chart.ts';
import { shortened } from './format.ts';

/** One matrix. Rows are read from the top. */
export interface HeatMapPanel {
  readonly title: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  /** [row][column]; undefined where nothing is known. */
  readonly cells: readonly (readonly HeatMapCell[])[];
}

export interface HeatMapCell {
  /** From 0, lightest, to 1, darkest; undefined for no number. */
  readonly shade: number | undefined;
  /** What is written in the square; lines apart by a line break. */
  readonly text: string;
}

export interface HeatMapOptions {
  /** As in ChartOptions. */
  readonly document: Document;
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly panels: readonly HeatMapPanel[];
  /** Of the axis along the rows' names, and along the columns'. */
  readonly rowLabel: string;
  readonly columnLabel: string;
  /** Side of a square in pixels, at most. */
  readonly side: number;
  /** Panels beside one another, at most. */
  readonly across: number;
}

const LIGHT = [238, 243, 249] as const;
const DARK = [16, 58, 110] as const;
/** From this shade on white letters stand out better than black ones. */
const DARK_ENOUGH = 0.6;
const LETTER = 6.6;
const LONGEST = 18;

/** Panels in rows, each with its title above it. All panels have one scale of shades. */
export function drawHeatMap(options: HeatMapOptions): Figure {
  const { panels, side, rowLabel, columnLabel } = options;
  const across = Math.min(options.across, panels.length);
  const down = Math.ceil(panels.length / across);
  const count = (of: (panel: HeatMapPanel) => readonly string[]) =>
    Math.max(...panels.map((panel) => of(panel).length));
  const [rows, columns] = [count((p) => p.rows), count((p) => p.columns)];
  const cells = panels.flatMap((panel, index) =>
    panel.cells.flatMap((row, i) =>
      row.map((cell, j) => ({
        fx: index % across,
        fy: Math.floor(index / across),
        x: j,
        y: i,
        text: cell.text,
        fill: cell.shade === undefined ? 'none' : shadeColor(cell.shade),
        ink: cell.shade !== undefined && cell.shade > DARK_ENOUGH ? '#ffffff' : '#16181d',
      })),
    ),
  );
  const known = cells.filter((cell) => cell.fill !== 'none');
  const unknown = cells.filter((cell) => cell.fill === 'none');
  const titles = panels.map((panel, index) => ({
    fx: index % across,
    fy: Math.floor(index / across),
    text: cut(panel.title),
  }));
  const longest = (texts: readonly string[]) => Math.max(...texts.map((text) => [...cut(text)].length));
  const first = panels[0]!;
  const rowNames = Array.from({ length: rows }, (_, i) => named(panels, (p) => p.rows, i));
  const columnNames = Array.from({ length: columns }, (_, j) => named(panels, (p) => p.columns, j));
  // Long names under narrow squares lean over.
  const lean = longest(columnNames) * LETTER > side;
  const marginLeft = 34 + longest(rowNames) * LETTER;
  const marginBottom = 40 + (lean ? longest(columnNames) * LETTER * 0.62 : 14);
  const between = 22;
  const panelWidth = columns * side;
  const width = Math.round(marginLeft + 16 + across * panelWidth + (across - 1) * between + 8);
  const panelHeight = rows * side * (first.rows.length > 4 ? 0.72 : 1);
  const marginTop = titles.some((title) => title.text !== '') ? 44 : 12;
  const height = Math.round(marginTop + marginBottom + down * panelHeight + (down - 1) * 34);
  return drawChart({
    document: options.document,
    id: options.id,
    title: options.title,
    caption: options.caption,
    series: [],
    width,
    height,
    plot: {
      marginTop,
      marginLeft,
      marginRight: 16,
      marginBottom,
      x: {
        type: 'band',
        domain: [...columnNames.keys()],
        label: columnLabel,
        tickFormat: (j: number) => cut(columnNames[j] ?? ''),
        tickSize: 0,
        padding: 0.03,
        ...(lean ? { tickRotate: -35 } : {}),
      },
      y: {
        type: 'band',
        domain: [...rowNames.keys()],
        label: rowLabel,
        labelAnchor: 'center',
        labelArrow: 'none',
        tickFormat: (i: number) => cut(rowNames[i] ?? ''),
        tickSize: 0,
        padding: 0.03,
      },
      fx: { axis: null, domain: [...Array(across).keys()], paddingInner: between / panelWidth / 2 },
      fy: { axis: null, domain: [...Array(down).keys()], paddingInner: 34 / (panelHeight + 34) },
      marks: [
        Plot.cell(known, { fx: 'fx', fy: 'fy', x: 'x', y: 'y', fill: (c: { fill: string }) => c.fill }),
        ...(unknown.length === 0
          ? []
          : [
              Plot.cell(unknown, {
                fx: 'fx',
                fy: 'fy',
                x: 'x',
                y: 'y',
                fill: 'none',
                stroke: 'currentColor',
                strokeOpacity: 0.25,
              }),
            ]),
        Plot.text(known, {
          fx: 'fx',
          fy: 'fy',
          x: 'x',
          y: 'y',
          text: 'text',
          fill: (c: { ink: string }) => c.ink,
          fontSize: 12,
        }),
        Plot.text(titles, {
          fx: 'fx',
          fy: 'fy',
          text: 'text',
          frameAnchor: 'top-left',
          dy: -16,
          fontWeight: 600,
        }),
      ],
      color: { type: 'identity' },
    },
  });
}

/** Panels of fewer rows or columns share the names of the longest. */
function named(
  panels: readonly HeatMapPanel[],
  of: (panel: HeatMapPanel) => readonly string[],
  index: number,
): string {
  return panels.flatMap((panel) => of(panel)[index] ?? [])[0] ?? '';
}

function cut(text: string): string {
  return shortened(text, LONGEST);
}

function shadeColor(shade: number): string {
  const at = Math.min(1, Math.max(0, shade));
  const channel = (i: 0 | 1 | 2) => Math.round(LIGHT[i] + at * (DARK[i] - LIGHT[i]));
  return `rgb(${channel(0)},${channel(1)},${channel(2)})`;
}
