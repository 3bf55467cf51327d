/** Reports: from a study's results to what people read. */
import type { Results } from './results.ts';
import { csvTable, markdownTable, terminalTable } from './table.ts';
import { mainTables, rawTables } from './tables.ts';

export { figures } from './figures.ts';
export { type Finding, finding } from './finding.ts';
export { renderReport } from './page.ts';
export * from './results.ts';

/** The study's tables for a terminal: aligned, with units and intervals, without colour. */
export function terminalTables(results: Results): string {
  return `${mainTables(results).map(terminalTable).join('\n\n\n')}\n`;
}

/** The study's tables for a README or a docs page, each under a heading. */
export function markdownTables(results: Results): string {
  return `${mainTables(results)
    .map((table) => `### ${table.title}\n\n${markdownTable(table)}`)
    .join('\n\n')}\n`;
}

/** Tables and every single measurement as CSV text, by file name. Numbers are in base units, unrounded. */
export function csvTables(results: Results): Record<string, string> {
  const tables = [...mainTables(results), ...rawTables(results)];
  return Object.fromEntries(tables.map((table) => [`${table.id}.csv`, csvTable(table)]));
}
