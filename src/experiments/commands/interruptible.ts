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

/** The command as typed, so that it can be typed again. */
export function commandLine(command: Command, more: readonly string[] = []): string {
  const name = command.name();
  const given = command.parent?.args ?? [];
  const own = given[0] === name ? given.slice(1) : [...given];
  const kept = own.filter((word) => !more.includes(word));
  return [`npx facet ${name}`, ...kept.map(quote), ...more].join(' ');
}

function quote(word: string): string {
  return /^[\w./,:=@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
