/** The cases of chosen groups. Apart from groups.ts, because the page needs the words and not the networks. */
import { type BenchCase, benchCases } from '../../bench/index.ts';
import { groupOf } from './groups.ts';

/** Cases of the groups that need less than a GiB, for each number of members, in the catalogue's order. */
export function casesOf(groups: readonly string[], members: readonly number[]): BenchCase[] {
  return benchCases(members).filter(({ name, large }) => !large && groups.includes(groupOf(name)));
}
