/** Tables of text: RFC 4180 with a header line. Quotes protect commas and quotes, not line ends: no path has one. */
import { DataError } from './errors.ts';
import { textLines } from './read-whole.ts';

export interface CsvRow {
  /** One per column that was asked for; '' for an optional column that the table lacks. */
  readonly fields: readonly string[];
  /** Line, from 1. */
  readonly number: number;
}

/**
 * Rows of a table whose header names at least the `required` columns, in any order and case; fields come in the
 * order of `required`, then `optional`. A table without a header has the columns `assumed`. Throws a DataError for a header without them, for columns twice, for
 * lines with more or fewer fields than the header, and for quotes that do not close.
 */
export function parseCsv(
  text: string,
  tableName: string,
  required: readonly string[],
  optional: readonly string[] = [],
  assumed?: readonly string[],
): CsvRow[] {
  const all = textLines(text, tableName);
  const header = assumed ? { text: assumed.join(','), number: 0 } : all[0];
  const lines = assumed ? all : all.slice(1);
  const names = header ? splitRow(header.text, tableName, header.number).map((n) => n.toLowerCase()) : [];
  const missing = required.filter((name) => !names.includes(name));
  if (missing.length > 0 || new Set(names).size !== names.length) {
    throw new DataError(
      `${tableName}: line ${header?.number ?? 1} should name the columns ${required.join(',')}` +
        `${optional.length > 0 ? ` and may name ${optional.join(',')}` : ''}, each once; ` +
        `got ${JSON.stringify(header?.text.slice(0, 200) ?? '')}`,
    );
  }
  const places = [...required, ...optional].map((name) => names.indexOf(name));
  return lines.map(({ text: line, number }) => {
    const fields = splitRow(line, tableName, number);
    if (fields.length !== names.length) {
      throw new DataError(
        `${tableName}: line ${number} has ${fields.length} fields; expected ${names.length}, as the header has`,
      );
    }
    return { fields: places.map((place) => (place < 0 ? '' : fields[place]!)), number };
  });
}

function splitRow(line: string, tableName: string, number: number): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let field = '';
      for (at++; ; at++) {
        if (at >= line.length) {
          throw new DataError(`${tableName}: line ${number} has a quote that does not close on that line`);
        }
        if (line[at] !== '"') field += line[at];
        else if (line[at + 1] === '"') field += line[at++];
        else break;
      }
      at++;
      if (at < line.length && line[at] !== ',') {
        throw new DataError(`${tableName}: line ${number} has text behind a closing quote; expected a comma`);
      }
      fields.push(field);
    } else {
      const comma = line.indexOf(',', at);
      const end = comma < 0 ? line.length : comma;
      fields.push(line.slice(at, end).trim());
      at = end;
    }
    if (at >= line.length) return fields;
    at++;
  }
}
