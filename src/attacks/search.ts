/**
 * Searches over what one trial of an attack is given: a radius, a weight, another random start. A search belongs to one
 * pair. It is a generator on the host: it yields the parameters of a trial and is handed the trial's outcome, while
 * the best image of all trials stays on the device. So pairs need not be at the same trial, a pair that is done leaves its
 * slot, and nothing is compiled anew.
 */
import type { Norm, Search, TrialOutcome, TrialParameters } from './attack.ts';

/** One trial with these parameters. */
export function single(parameters: TrialParameters = {}): Search {
  return function* () {
    yield parameters;
    return {};
  };
}

/**
 * Every trial of `search` up to `restarts` times, until one succeeds: for attacks with a random start, which is drawn
 * anew. Throws a RangeError unless `restarts` is a positive whole number.
 */
export function withRestarts(search: Search, restarts: number): Search {
  if (!Number.isInteger(restarts) || restarts < 1) {
    throw new RangeError(`withRestarts: expected a positive whole number of restarts, got ${restarts}`);
  }
  return function* () {
    const trials = search();
    let next = trials.next();
    while (!next.done) {
      let outcome: TrialOutcome = yield next.value;
      for (let restart = 1; restart < restarts && !outcome.success; restart++) outcome = yield next.value;
      next = trials.next(outcome);
    }
    return next.value;
  };
}

export interface RadiusSearch {
  /** The norm that the radius bounds. */
  readonly norm: Norm;
  /** Radii are whole multiples of this. */
  readonly resolution: number;
  /** The first radius that is tried. */
  readonly initial: number;
  /** A pair that does not succeed within this is given up. */
  readonly largest: number;
}

/** Rounding of a pixel's difference in f32: a norm so little over a radius is within it. */
const ROUNDING = 1e-6;

/**
 * The smallest radius `epsilon` at which the attack succeeds, per pair: doubled until a trial succeeds, then bisected
 * down to the resolution. Every trial starts afresh, so that success at a radius means what it says.
 *
 * A success counts for the smallest multiple of the resolution that holds its image, which may be below the radius
 * that was tried; the image that is kept lies in the ball that is returned. Radius 0 is found where the source itself succeeds.
 * Finds `{ epsilon }`, or `{}` where the largest radius is not enough. The attack takes a parameter `epsilon`.
 *
 * Throws a RangeError unless 0 < resolution ≤ initial ≤ largest.
 */
export function smallestRadius({ norm, resolution, initial, largest }: RadiusSearch): Search {
  if (!(resolution > 0 && initial >= resolution && largest >= initial && Number.isFinite(largest))) {
    throw new RangeError(
      `search for ε: expected 0 < resolution ≤ initial ≤ largest, got ${resolution}, ${initial} and ${largest}`,
    );
  }
  const multiples = (radius: number) => Math.floor((radius + ROUNDING) / resolution);
  const holding = (size: number) => Math.ceil((size - ROUNDING) / resolution);
  return function* () {
    const most = multiples(largest);
    let failed = 0;
    let enough = Number.POSITIVE_INFINITY;
    let tried = multiples(initial);
    for (;;) {
      const outcome = yield { epsilon: tried * resolution };
      if (outcome.success) enough = Math.min(enough, tried, Math.max(0, holding(outcome[norm])));
      else failed = tried;
      if (enough === Number.POSITIVE_INFINITY) {
        if (tried === most) return {};
        tried = Math.min(2 * tried, most);
      } else if (enough - failed <= 1) {
        return { epsilon: enough * resolution };
      } else {
        tried = Math.floor((failed + enough) / 2);
      }
    }
  };
}
