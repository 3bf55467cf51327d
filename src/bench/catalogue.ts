/** All benchmarks by name. */
import { bandwidthCases } from './bandwidth.ts';
import type { BenchCase, CaseFamily } from './case.ts';
import { convolutionCases } from './convolutions.ts';
import { embeddingCases } from './embeddings.ts';
import { headCases } from './heads.ts';
import { productCases } from './products.ts';
import { stepCases } from './steps.ts';

export const DEFAULT_MEMBERS: readonly number[] = [1, 3];

const FAMILIES: readonly CaseFamily[] = [
  ...productCases,
  ...convolutionCases,
  ...bandwidthCases,
  ...stepCases,
  ...embeddingCases,
  ...headCases,
];

/** Every case, for each number of members. */
export function benchCases(members: readonly number[] = DEFAULT_MEMBERS): BenchCase[] {
  return FAMILIES.flatMap((family) => members.map((count) => family(count)));
}

/**
 * The cases whose name starts with one of `names`, in the catalogue's order. Without names, all but those that need a
 * GiB of memory or more, which no one should meet unasked. Throws a RangeError for a name that no case starts with.
 */
export function selectCases(names: readonly string[], members?: readonly number[]): BenchCase[] {
  const cases = benchCases(members);
  for (const name of names) {
    if (cases.some((each) => each.name.startsWith(name))) continue;
    const known = benchCases([1]).map((each) => each.name);
    throw new RangeError(
      `no benchmark is called '${name}'; expected the name, or the start of it, of ${known.join(', ')}; ` +
        `/m3 behind a name, or --members 3, is the same with three members`,
    );
  }
  return names.length === 0
    ? cases.filter((each) => !each.large)
    : cases.filter((each) => names.some((name) => each.name.startsWith(name)));
}
