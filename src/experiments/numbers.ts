/** Parsers of command line values; each error says what was expected. */
import { InvalidArgumentError } from 'commander';

/** A whole number in a range. */
export function whole(low: number, high = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < low || value > high) {
      const range = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `from ${low} to ${high}`;
      throw new InvalidArgumentError(`Expected a whole number ${range}.`);
    }
    return value;
  };
}

/** A number in a range, borders included. */
export function real(low: number, high = Number.POSITIVE_INFINITY): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= low && value <= high) || !Number.isFinite(value)) {
      throw new InvalidArgumentError(
        `Expected a number ${high === Number.POSITIVE_INFINITY ? `of at least ${low}` : `from ${low} to ${high}`}.`,
      );
    }
    return value;
  };
}

/** Numbers with commas between. */
export function numberList(text: string): number[] {
  const values = text.split(',').map(Number);
  if (text.trim() === '' || values.some((value) => !Number.isFinite(value))) {
    throw new InvalidArgumentError('Expected numbers with commas between, such as 1,0.8,0.6.');
  }
  return values;
}

/** One more value of an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
