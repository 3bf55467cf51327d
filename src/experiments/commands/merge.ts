/** `facet merge`: joins the shares of a study that ran apart, and reports. */
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { adapterOption } from '../adapter-option.ts';
import {
  joinRuns,
  parseStudyConfig,
  RunFolder,
  runStudy,
  silentProgress,
  terminalProgress,
} from '../study/index.ts';
import { commandLine } from './interruptible.ts';
import { reportedRun } from './reported-run.ts';

interface Options {
  readonly name?: string;
  readonly out: string;
  readonly json?: boolean;
  readonly adapter: string;
}

/** Adds `facet merge` to the program. */
export function registerMerge(program: Command): void {
  program
    .command('merge')
    .description('join the shares of a study that facet reproduce --shard has left, and report')
    .argument('<runs...>', 'folders of shares; one folder if all wrote into it')
    .option('--name <name>', 'the joined run’s folder in --out; with one folder that folder itself', 'merged')
    .option('--out <folder>', 'where runs are kept', 'runs')
    .option('--json', 'print results.json instead of tables, and no progress')
    .addOption(adapterOption())
    .action(merge);
}

async function merge(parts: string[], options: Options, command: Command): Promise<void> {
  const progress = options.json ? silentProgress : terminalProgress();
  const [only] = parts;
  const run =
    parts.length === 1 && only !== undefined
      ? await RunFolder.open(dirname(only), basename(only), 'there')
      : await RunFolder.open(options.out, options.name ?? 'merged', 'new');
  const joined = await joinRuns(run, parts);
  const config = parseStudyConfig(joined.config, `${parts[0]}/config.json`);
  const goOn = commandLine(command);
  await reportedRun({ run, command, goOn, progress, options }, (common) =>
    runStudy({ ...common, config, gatherOnly: true }),
  );
}
