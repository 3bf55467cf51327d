/** Reports: from a study's results to what people read. */

import { newDocument } from './document.ts';
import { figures as drawEveryFigure } from './figures.ts';
import { counted } from './format.ts';
import { renderReport as renderPage } from './page.ts';
import type { Results } from './results.ts';
import { csvTable, markdownTable, terminalTable } from './table.ts';
import { mainTables } from './tables.ts';
import { rawTables } from './tables-raw.ts';

export type { Answer, Claim, Verdict } from './claims.ts';
export { newDocument } from './document.ts';
export { type Finding, finding } from './finding.ts';
export { type ReportParts, reportParts } from './page.ts';
export type { Section } from './page-sections.ts';
export { CONTENT_STYLE } from './page-style.ts';
export * from './results.ts';

/** Every figure as an SVG file's text, by name; drawn by `document`, or by one of no browser. */
export function figures(results: Results, document: Document = newDocument()): Record<string, string> {
  return drawEveryFigure(results, document);
}

/** The whole report as one HTML file, see page.ts; figures are drawn by `document`, or by one of no browser. */
export function renderReport(results: Results, document: Document = newDocument()): string {
  return renderPage(results, document);
}

/**
 * The study's main tables for a terminal: aligned, with units and intervals, without colour. Those of single
 * attacks among several and those of details are counted; the report and the CSV files hold them.
 */
export function terminalTables(results: Results): string {
  const all = mainTables(results);
  const shown = all.filter((table) => !table.detail);
  const rest = all.length - shown.length;
  const more = rest === 0 ? '' : `\n\n${counted(rest, 'more table')} in the report and as CSV.`;
  return `${shown.map(terminalTable).join('\n\n\n')}${more}\n`;
}

/** All the study's tables for a README or a docs page, each under a heading. */
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
