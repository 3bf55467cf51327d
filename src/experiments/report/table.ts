/** A table as data, and its four forms: terminal, Markdown, CSV and HTML. */
import type { Interval } from '../../evaluation/intervals.ts';
import { escapeMarkup, isBounded, printable, unbroken } from './format.ts';

/** A share with the numbers that it is made of. */
export interface Share {
  readonly value: number;
  readonly count: number;
  readonly of: number;
}

/** A number as measured, with its spread or its counts; or words; or nothing to say. */
export type Cell =
  | string
  | number
  | Interval
  | Share
  | { readonly value: number; readonly deviation: number }
  | undefined;

/** A column: how it is called, and how its numbers are written for people. CSV gets the numbers as they are. */
export interface Column {
  /** For CSV: lower case, with underscores. */
  readonly key: string;
  readonly header: string;
  /** Behind the header in brackets: '%', '1/255'. */
  readonly unit?: string;
  /** A number in the unit of the header; the value as measured when left out. */
  readonly write?: (value: number) => string;
  /** Whether values are words, set to the left. */
  readonly words?: boolean;
}

/** Rows under columns, with what a reader must know to read them. */
export interface Table {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** Whether it is for the report and for files alone, and not for a terminal. */
  readonly detail?: boolean;
}

/** For a terminal: aligned columns under a rule, no line of it coloured. */
export function terminalTable(table: Table): string {
  const head = table.columns.map(heading);
  const body = table.rows.map((row) => row.map((cell, c) => cellText(cell, table.columns[c]!)));
  const widths = head.map((text, c) => Math.max(width(text), ...body.map((row) => width(row[c]!))));
  const align = (row: string[]) =>
    row
      .map((text, c) => {
        const space = ' '.repeat(widths[c]! - width(text));
        return table.columns[c]!.words ? text + space : space + text;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((w) => '─'.repeat(w)).join('──');
  return [table.title, '', align(head), rule, ...body.map(align), '', wrap(table.note)].join('\n');
}

/** For a README or docs page. */
export function markdownTable(table: Table): string {
  const cells = (texts: string[]) =>
    `| ${texts.map((t) => t.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [
    cells(table.columns.map(heading)),
    cells(table.columns.map((c) => (c.words ? '---' : '---:'))),
    ...table.rows.map((row) => cells(row.map((cell, c) => cellText(cell, table.columns[c]!)))),
    '',
    table.note,
  ].join('\n');
}

/**
 * RFC 4180: numbers as measured, in base units (rates and pixels in [0, 1]), a column each for the bounds, the
 * deviation and the counts where a column has any. What is not known is empty; infinite is `inf`.
 */
export function csvTable(table: Table): string {
  const columns = table.columns.flatMap((column, c) => {
    const cells = table.rows.map((row) => row[c]);
    const own = { key: column.key, get: (cell: Cell) => plain(cell) };
    const bound = (end: 'low' | 'high') => ({
      key: `${column.key}_${end}`,
      get: (cell: Cell) => (isInterval(cell) ? csvNumber(cell[end]) : ''),
    });
    const deviation = {
      key: `${column.key}_deviation`,
      get: (cell: Cell) => (hasDeviation(cell) ? csvNumber(cell.deviation) : ''),
    };
    const part = (of: 'count' | 'of') => ({
      key: `${column.key}_${of}`,
      get: (cell: Cell) => (isShare(cell) ? csvNumber(cell[of]) : ''),
    });
    return [
      own,
      ...(cells.some(isInterval) ? [bound('low'), bound('high')] : []),
      ...(cells.some(hasDeviation) ? [deviation] : []),
      ...(cells.some(isShare) ? [part('count'), part('of')] : []),
    ].map((out) => ({ ...out, index: c }));
  });
  const lines = [
    columns.map((c) => csvText(c.key)).join(','),
    ...table.rows.map((row) => columns.map((c) => c.get(row[c.index])).join(',')),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** For the report: caption, scopes, numbers that line up. */
export function htmlTable(table: Table): string {
  const head = table.columns
    .map((c) => {
      const unit = c.unit === undefined ? '' : ` <span class="unit">${escapeMarkup(c.unit)}</span>`;
      return `<th scope="col"${c.words ? ' class="words"' : ''}>${escapeMarkup(unbroken(c.header))}${unit}</th>`;
    })
    .join('');
  const body = table.rows
    .map((row) => {
      const cells = row.map((cell, c) => {
        const column = table.columns[c]!;
        if (c === 0) return `<th scope="row">${escapeMarkup(cellText(cell, column))}</th>`;
        return `<td${column.words ? ' class="words"' : ''}>${htmlCell(cell, column)}</td>`;
      });
      return `<tr>${cells.join('')}</tr>`;
    })
    .join('\n');
  // Many columns of intervals fit only with the interval under its value.
  const widths = table.columns.map((column, c) =>
    Math.max(
      ...column.header.split(' ').map(width),
      ...table.rows.map((row) => width(cellText(row[c], column))),
    ),
  );
  const dense = widths.reduce((sum, letters) => sum + letters + COLUMN_GAP, 0) > PAGE_LETTERS;
  const note =
    table.note === ''
      ? ''
      : `<p class="note" id="note-${table.id}">${escapeMarkup(unbroken(table.note))}</p>`;
  return (
    `<div class="scroll" tabindex="0" role="region" aria-labelledby="table-${table.id}">` +
    `<table${dense ? ' class="dense"' : ''}${note === '' ? '' : ` aria-describedby="note-${table.id}"`}>` +
    `<caption id="table-${table.id}"><strong>${escapeMarkup(table.title)}</strong></caption>` +
    `<thead><tr>${head}</tr></thead>\n<tbody>${body}</tbody></table></div>${note}`
  );
}

/** Letters that a page holds side by side, and what stands between columns. */
const PAGE_LETTERS = 140;
const COLUMN_GAP = 3;

function bounded(cell: Cell): boolean {
  return isInterval(cell) && isBounded(cell);
}

function htmlCell(cell: Cell, column: Column): string {
  const spread = spreadText(cell, column);
  const value = escapeMarkup(valueText(cell, column));
  return spread === ''
    ? value
    : `${value} <span class="spread${bounded(cell) || isShare(cell) ? ' range' : ''}">${escapeMarkup(spread)}</span>`;
}

function cellText(cell: Cell, column: Column): string {
  const spread = spreadText(cell, column);
  const value = valueText(cell, column);
  return spread === '' ? value : `${value} ${spread}`;
}

function valueText(cell: Cell, column: Column): string {
  if (cell === undefined) return '–';
  if (typeof cell === 'string') return printable(cell);
  const write = column.write ?? String;
  return write(typeof cell === 'number' ? cell : cell.value);
}

function spreadText(cell: Cell, column: Column): string {
  const write = column.write ?? String;
  if (hasDeviation(cell)) return `± ${write(cell.deviation)}`;
  if (isShare(cell)) return `(${cell.count}/${cell.of})`;
  if (!isInterval(cell) || !bounded(cell)) return '';
  return `[${write(cell.low)}, ${write(cell.high)}]`;
}

function isInterval(cell: Cell): cell is Interval {
  return typeof cell === 'object' && 'low' in cell;
}

function isShare(cell: Cell): cell is Share {
  return typeof cell === 'object' && 'of' in cell;
}

function hasDeviation(cell: Cell): cell is { value: number; deviation: number } {
  return typeof cell === 'object' && 'deviation' in cell;
}

function plain(cell: Cell): string {
  if (cell === undefined) return '';
  if (typeof cell === 'string') return csvText(cell);
  return csvNumber(typeof cell === 'number' ? cell : cell.value);
}

function csvNumber(value: number): string {
  if (Number.isNaN(value)) return '';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return String(value);
}

function csvText(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function heading(column: Column): string {
  return printable(column.unit === undefined ? column.header : `${column.header} (${column.unit})`);
}

/** Code points, which is what a terminal shows of the text used here. */
function width(text: string): number {
  return [...text].length;
}

function wrap(text: string, columns = 100): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + word.length + 1 > columns) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join('\n');
}
