/** Progress of long work on stderr: a bar with time left on a terminal, a line now and then elsewhere. */
import { Presets, SingleBar } from 'cli-progress';
import { TimeLeft } from './time-left.ts';

/** Seconds between lines where there is no terminal. */
const QUIET_INTERVAL = 15;

export interface Progress {
  /** Shows `label` while `work` runs; `tick(done)` moves it, with a note of what is going on. */
  during<T>(
    label: string,
    total: number,
    work: (tick: (done: number, total?: number, note?: string) => void) => Promise<T>,
  ): Promise<T>;
  /** A line of its own, above the bar. */
  say(line: string): void;
}

/** Progress for people. */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? barProgress(stream) : lineProgress(stream);
}

/** No output at all: for `--json` and tests. */
export const silentProgress: Progress = {
  during: (_label, _total, work) => work(() => {}),
  say: () => {},
};

function barProgress(stream: NodeJS.WriteStream): Progress {
  return {
    say: (line) => void stream.write(`${line}\n`),
    async during(label, total, work) {
      const bar = new SingleBar(
        {
          format: `${label.padEnd(34)} {bar} {percentage}% | {value}/{total} | {left} left {note}`,
          hideCursor: true,
          barsize: 24,
          stream,
          stopOnComplete: false,
          gracefulExit: false,
        },
        Presets.shades_classic,
      );
      const timeLeft = new TimeLeft();
      bar.start(Math.max(total, 1), 0, { note: '', left: formatTimeLeft(undefined) });
      try {
        return await work((done, _total, note) =>
          bar.update(done, {
            left: formatTimeLeft(timeLeft.seconds(done, total)),
            ...(note === undefined ? {} : { note: `| ${note}` }),
          }),
        );
      } finally {
        bar.stop();
      }
    },
  };
}

function lineProgress(stream: NodeJS.WriteStream): Progress {
  return {
    say: (line) => void stream.write(`${line}\n`),
    async during(label, total, work) {
      const started = Date.now();
      const timeLeft = new TimeLeft();
      let shown = started;
      const result = await work((done, _total, note) => {
        const left = formatTimeLeft(timeLeft.seconds(done, total));
        const now = Date.now();
        if (now - shown < QUIET_INTERVAL * 1000 || done === 0) return;
        shown = now;
        stream.write(`${label}: ${done}/${total}, ${left} left${note ? `, ${note}` : ''}\n`);
      });
      stream.write(`${label}: ${total}/${total} in ${formatSeconds((Date.now() - started) / 1000)}\n`);
      return result;
    },
  };
}

function formatTimeLeft(seconds: number | undefined): string {
  return seconds === undefined ? '…' : formatSeconds(seconds);
}

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
