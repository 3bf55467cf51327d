/** Names of shards in short: `shard-{000..099}.tar`, as WebDataset and shells write them. */
import { DataError } from './errors.ts';

/** A pattern of more names than this is a slip of a digit. */
const MAX_NAMES = 10_000;

/** Whether a path is a pattern of paths. */
export function isBracePattern(path: string): boolean {
  return path.includes('{');
}

/**
 * The names that a pattern stands for, in its order: `{000..099}` counts with as many digits as its longer end has
 * where one begins with a zero, `{a,b}` chooses, and several groups give every combination. Groups within groups are
 * not known. Throws a DataError for a group that is neither, and for more than 10,000 names.
 */
export function expandBraces(pattern: string): string[] {
  let names = [''];
  let at = 0;
  while (at < pattern.length) {
    const open = pattern.indexOf('{', at);
    const close = open < 0 ? -1 : pattern.indexOf('}', open);
    if (open >= 0 && close < 0) throw new DataError(`${pattern}: has a { without its }`);
    const text = pattern.slice(at, open < 0 ? pattern.length : open);
    const choices = open < 0 ? [''] : choicesOf(pattern.slice(open + 1, close), pattern);
    if (names.length * choices.length > MAX_NAMES) {
      throw new DataError(`${pattern}: stands for more than ${MAX_NAMES} names; expected fewer shards`);
    }
    names = names.flatMap((name) => choices.map((choice) => name + text + choice));
    at = open < 0 ? pattern.length : close + 1;
  }
  return names;
}

function choicesOf(group: string, pattern: string): string[] {
  const [, first, last] = /^(\d{1,15})\.\.(\d{1,15})$/.exec(group) ?? [];
  if (first !== undefined && last !== undefined) {
    const [from, to] = [Number(first), Number(last)];
    const count = Math.abs(to - from) + 1;
    if (count > MAX_NAMES) {
      throw new DataError(
        `${pattern}: {${group}} stands for more than ${MAX_NAMES} names; expected fewer shards`,
      );
    }
    const padded = /^0\d/.test(first) || /^0\d/.test(last);
    const digits = padded ? Math.max(first.length, last.length) : 0;
    const step = to < from ? -1 : 1;
    return Array.from({ length: count }, (_, i) => String(from + i * step).padStart(digits, '0'));
  }
  if (group.includes(',') && !group.includes('{') && !group.includes('..')) return group.split(',');
  throw new DataError(`${pattern}: {${group}} is no group; expected {000..099} or {a,b}`);
}
