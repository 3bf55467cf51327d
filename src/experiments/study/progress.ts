/** Progress of long work on stderr: a bar with time left on a terminal, a line now and then elsewhere. */
import { Presets, SingleBar } from 'cli-progress';

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
          format: `${label.padEnd(34)} {bar} {percentage}% | {value}/{total} | {eta_formatted} left {note}`,
          hideCursor: true,
          barsize: 24,
          stream,
          etaBuffer: 30,
          stopOnComplete: false,
          gracefulExit: false,
        },
        Presets.shades_classic,
      );
      bar.start(Math.max(total, 1), 0, { note: '' });
      try {
        return await work((done, _total, note) =>
          bar.update(done, note === undefined ? {} : { note: `| ${note}` }),
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
      let shown = started;
      const result = await work((done, _total, note) => {
        const now = Date.now();
        if (now - shown < QUIET_INTERVAL * 1000 || done === 0) return;
        shown = now;
        const left = ((now - started) / done) * (total - done);
        stream.write(
          `${label}: ${done}/${total}, ${formatSeconds(left / 1000)} left${note ? `, ${note}` : ''}\n`,
        );
      });
      stream.write(`${label}: ${total}/${total} in ${formatSeconds((Date.now() - started) / 1000)}\n`);
      return result;
    },
  };
}

/** `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
