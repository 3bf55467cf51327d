/** Damaged images that a source met: counted once each, the first of them by name. */
import { DataError, type Skipped } from '../errors.ts';

/** Named in a report; the rest is a number. */
const MOST_NAMED = 100;
/** A set with more is not what it seems, and its count should not grow without end. */
const MOST_DAMAGED = 100_000;

export class DamageCount {
  readonly #seen = new Set<number>();
  readonly #first: Skipped[] = [];

  /** Damaged images met so far. */
  get count(): number {
    return this.#seen.size;
  }

  /** At most a hundred of them, and why. */
  get first(): readonly Skipped[] {
    return this.#first;
  }

  /** Throws a DataError where there are more than 100,000. */
  add(image: number, name: string, reason: string): void {
    if (this.#seen.has(image)) return;
    this.#seen.add(image);
    if (this.#first.length < MOST_NAMED) this.#first.push({ name, reason });
    if (this.#seen.size > MOST_DAMAGED) {
      const { name: firstName, reason: firstReason } = this.#first[0]!;
      throw new DataError(
        `more than ${MOST_DAMAGED} images are damaged; is the set whole? The first: ${firstName}: ${firstReason}`,
      );
    }
  }
}
