/** Ranges that parameters are drawn from, and the checks of what a caller asks for. */
import { DataError } from '../errors.ts';

/** Lowest and highest value. */
export type Range = readonly [number, number];

/** Throws a DataError unless low ≤ high and both lie within least … most. */
export function checkRange(what: string, [low, high]: Range, least: number, most: number): void {
  if (low >= least && high <= most && low <= high) return;
  throw new DataError(
    `augmentation: ${what} must lie within ${least} to ${most}, lowest first; got ${low} to ${high}`,
  );
}

/** Throws a DataError unless `probability` is one. */
export function checkProbability(what: string, probability: number): void {
  if (probability >= 0 && probability <= 1) return;
  throw new DataError(`augmentation: ${what}.probability must be a number from 0 to 1, got ${probability}`);
}

/** A byte: rounded, and cut off at 0 and 255. */
export function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
}
