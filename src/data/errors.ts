/** Errors of the data room: what failed, what was expected, what was got, what to do. */

/** A data set or list that cannot be used as it is. */
export class DataError extends Error {
  override readonly name: string = 'DataError';
}

/**
 * One picture that cannot be decoded. Told apart from every other failure because `loadFaces` skips and
 * counts a damaged picture, while a disk that went away must end the run.
 */
export class ImageError extends DataError {
  override readonly name = 'ImageError';
}

/** Something a reader left out, for the counts that a report shows. */
export interface Skipped {
  /** Path of the entry within its set. */
  readonly name: string;
  readonly reason: string;
}

/** At most five of `names`, for an error message that stays readable. */
export function firstFew(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  return names.length > 5 ? `${shown}, … (${names.length - 5} more)` : shown;
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
