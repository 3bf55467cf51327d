/** The middle value; of an even number, the upper of the two. Throws a RangeError for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: expected at least one value, got none');
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}
