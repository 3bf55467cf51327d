/** How long work will still take, by the pace of its last minutes. */

/** Milliseconds over which the pace is taken. */
const WINDOW = 120_000;
/** Milliseconds between moments that are remembered: work may tell thousands of times a second. */
const SPACING = 1000;

interface Moment {
  readonly time: number;
  readonly done: number;
}

/**
 * Counts from the first that it is told, which may be far into the work: what was done before this process began
 * says nothing about the pace.
 */
export class TimeLeft {
  readonly #moments: Moment[] = [];
  readonly #clock: () => number;

  constructor(clock: () => number = Date.now) {
    this.#clock = clock;
  }

  /** Seconds until `total` are done, now that `done` are; undefined before there is a pace. */
  seconds(done: number, total: number): number | undefined {
    const now = this.#clock();
    const moments = this.#moments;
    const latest = moments.at(-1);
    if (!latest || now - latest.time >= SPACING) moments.push({ time: now, done });
    while (moments.length > 1 && moments[1]!.time <= now - WINDOW) moments.shift();
    const { time, done: before } = moments[0]!;
    if (done <= before) return undefined;
    return ((now - time) * (total - done)) / (done - before) / 1000;
  }
}
