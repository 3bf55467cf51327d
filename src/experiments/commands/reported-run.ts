/** A run that measures on an engine and reports: what reproduce, merge and attack have in common. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { openEngine } from '../../open-node.ts';
import type { Results } from '../report/index.ts';
import type { Measuring } from '../study/measuring.ts';
import type { Progress } from '../study/progress.ts';
import type { RunFolder } from '../study/run-folder.ts';
import { facetVersion } from '../version.ts';
import { commandLine, interruptible } from './interruptible.ts';
import { writeReport } from './write-report.ts';

export interface ReportedRun {
  readonly run: RunFolder;
  readonly command: Command;
  /** The command line that goes on with the run after an interruption. */
  readonly goOn: string;
  readonly progress: Progress;
  readonly options: { readonly adapter: string; readonly json?: boolean };
  /** What to say where there are no results to report yet. */
  readonly unfinished?: string;
}

/** Opens the engine, measures, and writes and prints the report. Ctrl-C ends it in order; the engine is closed in any case. */
export async function reportedRun(
  { run, command, goOn, progress, options, unfinished = '' }: ReportedRun,
  measure: (common: Measuring) => Promise<Results | undefined>,
): Promise<void> {
  await interruptible(progress, goOn, async (signal) => {
    const started = Date.now();
    const engine = await openEngine({
      preference: options.adapter,
      announce: (line) => progress.say(line),
    });
    try {
      progress.say(`run ${run.path}`);
      const results = await measure({
        engine,
        run,
        progress,
        signal,
        name: basename(run.path),
        command: commandLine(command),
        facetVersion: await facetVersion(),
      });
      const seconds = (Date.now() - started) / 1000;
      if (results) await writeReport(run, results, { json: options.json, seconds });
      else progress.say(unfinished);
    } finally {
      engine.close();
    }
  });
}
