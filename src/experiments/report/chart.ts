/**
 * What every figure shares: one look per defence, a legend, and drawing into whatever document the caller has.
 *
 * Figures must read in grey and on light and dark pages, so a defence has a dash pattern and a marker
 * besides its colour, and the colours are of middle lightness. Axes and text take the page's own colour.
 */
import * as Plot from '@observablehq/plot';
import { DEFENCE_NAMES } from '../study/defence-names.ts';
import { escapeMarkup, printable, shortened } from './format.ts';

/** A drawn figure, as SVG to put in a page or a file. */
export interface Figure {
  /** A name for files and links: `white-box`. */
  readonly id: string;
  readonly title: string;
  /** What is shown, what the bands and bars are; plain text. */
  readonly caption: string;
  /** The `<svg>` element; without background, in `currentColor`. */
  readonly svg: string;
  /** Width in pixels at which its letters are 12 pixels high. */
  readonly width: number;
  /** The part of it, from the left, that is not the legend. */
  readonly plotWidth: number;
  /** What the legend says, for screens that have no room for it beside the plot. */
  readonly series: readonly SeriesStyle[];
}

/** Filled markers that Plot knows by these names. */
export type Marker = 'circle' | 'square' | 'triangle' | 'diamond' | 'cross' | 'star' | 'wye' | 'hexagon';

/** The look of one defence in every figure. */
export interface SeriesStyle {
  readonly label: string;
  readonly color: string;
  /** A dash pattern; undefined for a full line. */
  readonly dash: string | undefined;
  readonly symbol: Marker;
}

const COLORS = ['#7a7f87', '#2a7fd4', '#c9562c', '#12936b', '#a854b5', '#a17a00', '#4f63d9', '#c23a6b'];
const DASHES = [undefined, '7 3', '2 3', '9 3 2 3', '15 4', '1 2 5 2', '4 4', '3 2 3 6'];
const SYMBOLS: Marker[] = ['circle', 'square', 'triangle', 'diamond', 'cross', 'star', 'wye', 'hexagon'];

/** Their look is the same in the figures of every study, whichever others are in it. */
const KNOWN: readonly string[] = DEFENCE_NAMES;

/** One style per label. Labels that are not the study's defences take, in order, the looks that these leave. */
export function seriesStyles(labels: readonly string[]): SeriesStyle[] {
  const taken = new Set(labels.map((label) => KNOWN.indexOf(label)));
  const free = Array.from({ length: labels.length + KNOWN.length }, (_, i) => i).filter((i) => !taken.has(i));
  const known = new Set<string>();
  return labels.map((label) => {
    const own = KNOWN.indexOf(label);
    if (own < 0 || known.has(label)) return styleOf(label, free.shift()!);
    known.add(label);
    return styleOf(label, own);
  });
}

/** Look `i`. After eight the colours begin again with other markers and dashes. */
function styleOf(label: string, i: number): SeriesStyle {
  const turn = Math.floor(i / COLORS.length);
  return {
    label: printable(label),
    color: COLORS[i % COLORS.length]!,
    dash: DASHES[(i + turn * 3) % DASHES.length],
    symbol: SYMBOLS[(i + turn) % SYMBOLS.length]!,
  };
}

/** Width of a figure that stands by itself. */
const FULL_WIDTH = 640;

/** Width of a figure that stands beside another: drawn narrower, so that its letters stay as large. */
export const HALF_WIDTH = 500;

/** What `drawChart` needs beside the marks. */
export interface ChartOptions {
  /** Makes the elements, which are never put into it: a page's own, or `newDocument`'s. */
  readonly document: Document;
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  /** Entries of the legend, in order. */
  readonly series: readonly SeriesStyle[];
  readonly width?: number;
  readonly height?: number;
  readonly plot: Plot.PlotOptions;
}

/** A line in the look of its series. */
export function styledLine<T>(
  points: readonly T[],
  style: SeriesStyle,
  options: Plot.LineOptions,
): Plot.Line {
  return Plot.line(points, {
    stroke: style.color,
    strokeWidth: 2,
    ...(style.dash === undefined ? {} : { strokeDasharray: style.dash }),
    ...options,
  });
}

const LEGEND_ROW = 19;
const LETTER_WIDTH = 7;

/**
 * Draws marks with Observable Plot into an SVG: axes with labels, a legend at the right, a title and a
 * description for those who hear the page.
 */
export function drawChart(options: ChartOptions): Figure {
  const { document, series, width = FULL_WIDTH, height = 360, plot } = options;
  const longest = Math.max(0, ...series.map((s) => [...s.label].length));
  const legendWidth = series.length === 0 ? 16 : 52 + Math.min(longest, 24) * LETTER_WIDTH;
  const drawn = Plot.plot({
    document,
    // A class of its own per figure keeps Plot's small inline style from reaching other figures.
    className: `facet-${options.id}`,
    width,
    height,
    marginTop: 26,
    marginBottom: 44,
    marginLeft: 52,
    marginRight: legendWidth,
    ...plot,
    x: { labelAnchor: 'center', labelArrow: 'none', ...plot.x },
    style: { fontSize: '12px', overflow: 'visible' },
  });
  const svg = drawn as unknown as SVGSVGElement;
  svg.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-labelledby', `${options.id}-title ${options.id}-description`);
  // Joined as text: parsed as HTML, SVG's self-closing elements would swallow one another.
  // Plot numbers its clip paths through the life of the process; named by figure they are always the same.
  const clips = [...new Set(svg.outerHTML.match(/plot-clip-\d+/g))];
  const text = clips.reduce(
    (markup, clip, i) => markup.replaceAll(new RegExp(`${clip}(?!\\d)`, 'g'), `${options.id}-clip-${i}`),
    svg.outerHTML,
  );
  const start = text.indexOf('>') + 1;
  const end = text.lastIndexOf('</svg>');
  const describe =
    `<title id="${options.id}-title">${escapeMarkup(options.title)}</title>` +
    `<desc id="${options.id}-description">${escapeMarkup(options.caption)}</desc>`;
  return {
    id: options.id,
    title: options.title,
    caption: options.caption,
    width,
    plotWidth: series.length === 0 ? width : width - legendWidth + 20,
    series,
    svg: `${text.slice(0, start)}${describe}${text.slice(start, end)}${legend(series, width - legendWidth + 14, 30)}</svg>`,
  };
}

function legend(series: readonly SeriesStyle[], x: number, y: number): string {
  if (series.length === 0) return '';
  const rows = series.map((s, i) => {
    const label = shortened(s.label, 24);
    return (
      `<g transform="translate(0,${i * LEGEND_ROW})">${swatchMarks(s)}` +
      `<text x="33" dy="0.34em">${escapeMarkup(label)}</text></g>`
    );
  });
  return `<g class="legend" transform="translate(${x},${y})" text-anchor="start" font-size="12">${rows.join('')}</g>`;
}

/** A line of 26 pixels from the origin to the right, with its marker. */
function swatchMarks(style: SeriesStyle): string {
  const dash = style.dash === undefined ? '' : ` stroke-dasharray="${style.dash}"`;
  return (
    `<path d="M0,0H26" stroke="${style.color}" stroke-width="2"${dash} fill="none"/>` +
    `<path d="${symbolPath(style.symbol)}" transform="translate(13,0)" fill="${style.color}" stroke="${style.color}"/>`
  );
}

/** The legend's line and marker of one series by itself; the series is named beside it. */
export function swatch(style: SeriesStyle): string {
  return `<svg viewBox="0 -6 26 12" width="26" height="12" aria-hidden="true">${swatchMarks(style)}</svg>`;
}

/** Markers of about 36 square pixels for the legend, as Plot draws them beside the lines. */
function symbolPath(symbol: Marker): string {
  switch (symbol) {
    case 'square':
      return 'M-3,-3H3V3H-3Z';
    case 'triangle':
      return 'M0,-4.4L3.9,2.6H-3.9Z';
    case 'diamond':
      return 'M0,-4.6L3,0L0,4.6L-3,0Z';
    case 'star':
      return 'M0,-4.8L1.1,-1.5H4.6L1.8,0.6L2.8,3.9L0,1.9L-2.8,3.9L-1.8,0.6L-4.6,-1.5H-1.1Z';
    case 'cross':
      return 'M-1.3,-3.9H1.3V-1.3H3.9V1.3H1.3V3.9H-1.3V1.3H-3.9V-1.3H-1.3Z';
    case 'wye':
      return 'M-1,0.6V4H1V0.6L4,-1.2L3,-2.9L0,-1.2L-3,-2.9L-4,-1.2Z';
    case 'hexagon':
      return 'M0,-3.9L3.4,-1.95V1.95L0,3.9L-3.4,1.95V-1.95Z';
    case 'circle':
      return 'M-3.4,0A3.4,3.4,0,1,0,3.4,0A3.4,3.4,0,1,0,-3.4,0Z';
  }
}

const TITLE_HEIGHT = 30;

/**
 * A figure for a file of its own: under its title, on white, in near-black, so that it looks alike wherever it
 * is shown.
 */
export function standalone(figure: Figure): string {
  const { svg, title, width } = figure;
  const start = svg.indexOf('>') + 1;
  const [, height = '0'] = /viewBox="0 0 [\d.]+ ([\d.]+)"/.exec(svg) ?? [];
  const tall = Number(height) + TITLE_HEIGHT;
  const head = svg
    .slice(0, start)
    .replace('<svg ', '<svg color="#16181d" ')
    .replace(/viewBox="[^"]*"/, `viewBox="0 0 ${width} ${tall}"`)
    .replace(/ height="[^"]*"/, ` height="${tall}"`);
  // A bold letter is about 0.6 as wide as high; a long title gets smaller letters rather than an end cut off.
  const letters = Math.min(14, (width - 24) / (0.6 * [...title].length));
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n${head}<rect width="100%" height="100%" fill="#ffffff"/>` +
    `<text x="12" y="21" text-anchor="start" fill="currentColor" font-weight="600" style="font-size:${letters.toFixed(1)}px">${escapeMarkup(title)}</text>` +
    `<g transform="translate(0,${TITLE_HEIGHT})">${svg.slice(start, svg.lastIndexOf('</svg>'))}</g></svg>\n`
  );
}
