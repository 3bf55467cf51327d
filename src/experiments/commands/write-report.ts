/** Writes everything that people read of a run: results.json, tables, figures, report.html. */
import type { Results } from '../report/index.ts';
import { formatSeconds } from '../study/progress.ts';
import type { RunFolder } from '../study/run-folder.ts';

/** Writes the files, and prints the tables and what was found; with `json`, results.json instead. */
export async function writeReport(
  run: RunFolder,
  results: Results,
  { json = false, seconds }: { readonly json?: boolean | undefined; readonly seconds: number },
): Promise<void> {
  // Loaded here: figures need a second to load that an early error should not wait for.
  const report = await import('../report/index.ts');
  await run.write(`${JSON.stringify(results, null, 1)}\n`, 'results.json');
  for (const [file, svg] of Object.entries(report.figures(results))) {
    await run.write(svg, 'figures', `${file}.svg`);
  }
  for (const [file, csv] of Object.entries(report.csvTables(results))) await run.write(csv, 'tables', file);
  await run.write(report.renderReport(results), 'report.html');
  if (json) {
    process.stdout.write(`${JSON.stringify(results)}\n`);
    return;
  }
  process.stdout.write(`\n${report.terminalTables(results)}\n`);
  process.stdout.write(`${report.finding(results).headline}\n\n`);
  process.stdout.write(`done in ${formatSeconds(seconds)}; open ${run.join('report.html')}\n`);
}
