/** `facet bench`: how fast kernels and whole steps are here. */
import { type Command, InvalidArgumentError } from 'commander';
import {
  type BenchCase,
  benchCases,
  DEFAULT_MEMBERS,
  type HostMeters,
  reportText,
  runBench,
  selectCases,
} from '../../bench/index.ts';
import { Engine } from '../../engine/index.ts';
import { openAdapter } from '../../platform/node.ts';
import { adapterOption } from '../adapter-option.ts';

interface BenchOptions {
  readonly members: readonly number[];
  readonly seconds: number;
  readonly adapter: string;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly profile?: boolean;
}

const MOST_MEMBERS = 64;

const METERS: HostMeters = {
  // Node gives kilobytes.
  peakMemory: () => process.resourceUsage().maxRSS * 1024,
  cpuTime: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

function memberList(text: string): number[] {
  const counts = text.split(',').map(Number);
  if (counts.some((count) => !Number.isInteger(count) || count < 1 || count > MOST_MEMBERS)) {
    throw new InvalidArgumentError(`Expected whole numbers from 1 to ${MOST_MEMBERS}, like 1,3.`);
  }
  return [...new Set(counts)];
}

function duration(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 3600)) {
    throw new InvalidArgumentError('Expected a number of seconds from 0 to 3600.');
  }
  return value;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Adds `facet bench` to the program. */
export function registerBench(program: Command): void {
  program
    .command('bench')
    .description(
      'time kernels and whole training and attack steps: those whose names start as given, or all that need less than 1 GiB',
    )
    .argument('[names...]', 'benchmarks, or how their names start: gemm, train-step/b8/56')
    .option('--members <list>', 'numbers of networks in the ensemble', memberList, DEFAULT_MEMBERS)
    .option('--seconds <n>', 'time for the samples of each; at least five are taken', duration, 1.5)
    .option('--profile', 'also time each kernel')
    .option('--list', 'list the names, run nothing')
    .option('--json', 'print the report as JSON')
    .addOption(adapterOption())
    .action(async (names: string[], options: BenchOptions) => {
      // What a bare run leaves out can be named, so a bare list shows it.
      const cases =
        options.list && names.length === 0
          ? benchCases(options.members)
          : selectCases(names, options.members);
      if (options.list) {
        process.stdout.write(options.json ? listJson(cases) : listText(cases));
        return;
      }
      const { adapter } = await openAdapter({ preference: options.adapter, announce: log });
      const engine = await Engine.open(adapter);
      try {
        const report = await runBench(engine, cases, {
          seconds: options.seconds,
          profile: options.profile ?? false,
          meters: METERS,
          onResult: ({ name, medianMs, samples }) =>
            log(`bench: ${name}: ${medianMs.toFixed(2)} ms, median of ${samples}`),
        });
        process.stdout.write(`${options.json ? JSON.stringify(report, null, 2) : reportText(report)}\n`);
        const { failures } = report;
        if (failures.length > 0) {
          const failed = failures.map(({ name, message }) => `${name} (${message.split('\n')[0]})`);
          throw new Error(`bench: ${failures.length} of ${cases.length} failed: ${failed.join('; ')}`);
        }
      } finally {
        engine.close();
      }
    });
}

type Cases = readonly BenchCase[];

function listText(cases: Cases): string {
  const width = Math.max(...cases.map(({ name }) => name.length));
  return cases.map(({ name, description }) => `${name.padEnd(width)}  ${description}\n`).join('');
}

function listJson(cases: Cases): string {
  const list = cases.map(({ name, members, description, work }) => ({ name, members, description, work }));
  return `${JSON.stringify(list, null, 2)}\n`;
}
