import type { Norm, Search } from './attack.ts';
import { type RadiusSearch, single, smallestRadius } from './search.ts';

/** A fixed radius of the ball, or the smallest that suffices for each pair. Radii in [0, 1] pixels, by the ball's norm. */
export type Radius = number | Omit<RadiusSearch, 'norm'>;

/** Quarters of a grey level: finer than what an 8-bit image can hold, coarser than what f32 rounds. */
export const GREY_LEVELS = { resolution: 0.25 / 255, initial: 1 / 255, largest: 1 } as const satisfies Radius;

/**
 * The trials of an attack with this radius, as its parameter `epsilon`. Throws a RangeError for a radius that is not
 * over 0, or settings of a search that make no sense.
 */
export function radiusTrials(attack: string, norm: Norm, radius: Radius): Search {
  if (typeof radius !== 'number') return smallestRadius({ ...radius, norm });
  if (!(radius > 0 && Number.isFinite(radius))) {
    throw new RangeError(
      `${attack}: the radius ε must be a finite number over 0 in [0, 1] pixels, got ${radius}`,
    );
  }
  return single({ epsilon: radius });
}
