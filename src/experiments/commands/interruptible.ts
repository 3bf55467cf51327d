/** Work that Ctrl-C ends in order, and the command line that goes on with it. */
import type { Command } from 'commander';
import type { Progress } from '../study/progress.ts';

class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/**
 * Runs `work` with a signal that SIGINT and SIGTERM abort. After an interruption says how to go on, and sets the exit code
 * that a shell expects of one.
 */
export async function interruptible(
  progress: Progress,
  goOn: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const stop = () => {
    if (!abort.signal.aborted) progress.say('\nstopping: saving what is done …');
    abort.abort(new Interrupted());
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    await work(abort.signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    progress.say(`stopped; go on with: ${goOn}`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
}

/** The command as typed, so that it can be typed again; with options added, which replace those that were given. */
export function commandLine(command: Command, added: Readonly<Record<string, string | true>> = {}): string {
  const name = command.name();
  const given = command.parent?.args ?? [];
  const own = given[0] === name ? given.slice(1) : [...given];
  const kept: string[] = [];
  for (let at = 0; at < own.length; at++) {
    const word = own[at]!;
    const [flag = word] = word.split('=');
    const value = added[flag];
    if (value === undefined) kept.push(word);
    // Its value is the next word, unless it was given as --flag=value.
    else if (value !== true && flag === word) at++;
  }
  const more = Object.entries(added).flatMap(([flag, value]) => (value === true ? [flag] : [flag, value]));
  return [`npx facet ${name}`, ...[...kept, ...more].map(quote)].join(' ');
}

function quote(word: string): string {
  return /^[\w./,:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
