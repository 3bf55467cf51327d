/** `facet reproduce`: the main job. Trains the defences, verifies and attacks them, and reports. */
import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { kernelTimes, profileText } from '../../bench/index.ts';
import { adapterOption } from '../adapter-option.ts';
import { whole } from '../numbers.ts';
import {
  DEFENCES,
  RunFolder,
  runStudy,
  type Shard,
  STAGE_KINDS,
  type StepProfile,
  silentProgress,
  terminalProgress,
} from '../study/index.ts';
import { commandLine } from './interruptible.ts';
import { reportedRun } from './reported-run.ts';
import { addStudyOptions, listOf, type StudyOptions, studyConfigOf, studyHelp } from './study-options.ts';

interface Options extends StudyOptions {
  readonly name?: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly only?: string;
  readonly shard?: Shard;
  readonly json?: boolean;
  readonly workers?: number;
  readonly profile?: boolean;
  readonly adapter: string;
}

/** Adds `facet reproduce` to the program. */
export function registerReproduce(program: Command): void {
  const command = program
    .command('reproduce')
    .description(
      'run the study: train the defences, verify and attack them, write tables, figures and a report',
    )
    .option('--name <name>', "the run's folder in --out; the preset's name by default, numbered if taken")
    .option('--out <folder>', 'where runs are kept', 'runs')
    .option('--resume', 'go on with the run of this name where it was stopped')
    .option('--only <stages>', `do these stages only, with commas between: ${STAGE_KINDS.join(', ')}`)
    .option('--shard <i/n>', 'do share i of n, to be joined with facet merge', shard)
    .option('--workers <n>', 'threads that decode training faces which are streamed', whole(1, 128))
    .option('--profile', "before each training, print where a step's time goes, kernel by kernel")
    .option('--json', 'print results.json instead of tables, and no progress')
    .addOption(adapterOption());
  addStudyOptions(command).addHelpText('after', studyHelp(DEFENCES)).action(reproduce);
}

async function reproduce(options: Options, command: Command): Promise<void> {
  const config = await studyConfigOf(options);
  const only =
    options.only === undefined ? undefined : listOf('stage', options.only, STAGE_KINDS, STAGE_KINDS);
  const progress = options.json ? silentProgress : terminalProgress();
  const run = await RunFolder.open(
    options.out,
    options.name ?? options.preset,
    options.shard ? 'either' : options.resume ? 'there' : 'new',
  );
  const name = basename(run.path);
  const goOn = commandLine(command, options.shard ? {} : { '--name': name, '--resume': true });
  const unfinished = nextStep(options, run);
  await reportedRun({ run, command, goOn, progress, options, unfinished }, (common) =>
    runStudy({
      ...common,
      config,
      only,
      shard: options.shard,
      workers: options.workers,
      onProfile: options.profile ? (profile) => progress.say(profileTable(profile)) : undefined,
    }),
  );
}

function nextStep({ shard: share }: Options, run: RunFolder): string {
  return share
    ? `share ${share.index} of ${share.count} is done; when all are, join them: npx facet merge ${run.path}`
    : `done; the report is made by: npx facet reproduce --resume --name ${basename(run.path)} and the options of this run`;
}

function profileTable({ label, kernels, times, plannedBytes }: StepProfile): string {
  return profileText({
    name: `${label}, one step`,
    kernels: kernelTimes(kernels, times),
    dispatches: kernels.length,
    plannedBytes,
  });
}

/** `2/5` → share 2 of 5. */
function shard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, count] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || index < 1 || count < 1 || index > count || count > 10_000) {
    throw new InvalidArgumentError('Expected i/n with i from 1 to n, such as 2/5.');
  }
  return { index, count };
}
