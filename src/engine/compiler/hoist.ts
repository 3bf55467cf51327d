/**
 * Moves statements that do not change within a loop out of it. Drivers could do so themselves, but on CPUs
 * they do not: per-channel loads were repeated for every row.
 *
 * @param lines `let name = value;` statements in order; others count as varying.
 * @param varying identifiers that change from turn to turn.
 */
export function hoistInvariant(
  lines: readonly string[],
  varying: readonly string[],
): { readonly before: string[]; readonly inside: string[] } {
  const changing = new Set(varying);
  const before: string[] = [];
  const inside: string[] = [];
  for (const line of lines) {
    const [, name, value] = /^let (\w+) = (.*);$/.exec(line) ?? [];
    const changes =
      value === undefined || (value.match(/[A-Za-z_]\w*/g) ?? []).some((word) => changing.has(word));
    if (changes && name !== undefined) changing.add(name);
    (changes ? inside : before).push(line);
  }
  return { before, inside };
}
