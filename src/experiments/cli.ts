/** The `facet` command line: one line per command, errors as one line each. */
import { Command, CommanderError } from 'commander';
import { registerAttack } from './commands/attack.ts';
import { registerBench } from './commands/bench.ts';
import { registerBenchLoader } from './commands/bench-loader.ts';
import { registerConvert } from './commands/convert.ts';
import { registerData } from './commands/data.ts';
import { registerDemo } from './commands/demo.ts';
import { registerDevices } from './commands/devices.ts';
import { registerEmbed } from './commands/embed.ts';
import { registerExport } from './commands/export.ts';
import { registerFaces } from './commands/faces.ts';
import { registerMerge } from './commands/merge.ts';
import { registerReproduce } from './commands/reproduce.ts';
import { registerVerify } from './commands/verify.ts';

const COMMANDS: readonly ((program: Command) => void)[] = [
  registerReproduce,
  registerMerge,
  registerAttack,
  registerVerify,
  registerEmbed,
  registerConvert,
  registerExport,
  registerBench,
  registerBenchLoader,
  registerDevices,
  registerDemo,
  registerFaces,
  registerData,
];

/** Makes the program with every command registered; nothing runs. */
export function createProgram(): Command {
  const program = new Command('facet')
    .description('Adversarial robustness of face recognition, on a WebGPU engine of its own')
    .showHelpAfterError('Run facet --help, or facet <command> --help, for what there is.')
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'facet: ')) })
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride();
  for (const register of COMMANDS) register(program);
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
}

/**
 * Runs one command line and returns the exit code. A failure prints one line on stderr; its stack
 * only with FACET_DEBUG=1.
 */
export async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has already printed its own errors, and help.
    if (error instanceof CommanderError) return error.exitCode;
    const debug = process.env.FACET_DEBUG === '1';
    const message = error instanceof Error ? (debug ? error.stack : error.message) : String(error);
    process.stderr.write(`facet: ${message}\n`);
    return 1;
  }
}
