/** `facet merge`: joins the shares of a study that ran apart, and reports. */
import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import { openEngine } from '../../open-node.ts';
import { adapterOption } from '../adapter-option.ts';
import {
  joinRuns,
  parseStudyConfig,
  RunFolder,
  runStudy,
  silentProgress,
  terminalProgress,
} from '../study/index.ts';
import { facetVersion } from '../version.ts';
import { commandLine, interruptible } from './interruptible.ts';
import { writeReport } from './write-report.ts';

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
  await interruptible(progress, commandLine(command), async (signal) => {
    const started = Date.now();
    const engine = await openEngine({
      preference: options.adapter,
      announce: (line) => progress.say(line),
    });
    try {
      progress.say(`run ${run.path}`);
      const results = await runStudy({
        engine,
        config,
        run,
        progress,
        signal,
        name: basename(run.path),
        command: commandLine(command),
        facetVersion: await facetVersion(),
        gatherOnly: true,
      });
      const seconds = (Date.now() - started) / 1000;
      if (results) await writeReport(run, results, { json: options.json, seconds });
    } finally {
      engine.close();
    }
  });
}
