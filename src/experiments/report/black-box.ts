/** Black-box attacks: examples crafted on a separate network, shown to every defence. */
import { average, type Interval, rateDifference } from '../../evaluation/intervals.ts';
import { transferSuccess } from '../../evaluation/success.ts';
import type { BlackBoxResults, DefenceResults, Results, RunResults } from './results.ts';
import {
  acrossSeeds,
  BOOTSTRAP,
  type CurvePoint,
  compared,
  leftOutPairs,
  pairName,
  sharedSeeds,
  uniqueFileNames,
} from './summary.ts';

/** An attack and its part of file names. */
export interface BlackBoxAttack {
  readonly id: string;
  readonly attack: string;
}

/** The black-box attacks that were run, in order of first appearance. */
export function blackBoxAttacks(results: Results): BlackBoxAttack[] {
  const attacks = [
    ...new Set(results.defences.flatMap((d) => d.runs.flatMap((r) => r.blackBox.map((b) => b.attack)))),
  ];
  const ids = uniqueFileNames(attacks);
  return attacks.map((attack, i) => ({ id: ids[i]!, attack }));
}

/** One run's outcome under an attack, without pairs that are left out of comparisons; undefined when there is none. */
function outcomeOf(results: Results, run: RunResults, attack: string): BlackBoxResults | undefined {
  const found = run.blackBox.find((entry) => entry.attack === attack);
  if (found === undefined) return undefined;
  const skipped = leftOutPairs(results, run.seed);
  const pairs = found.pairs.filter((pair) => !skipped.has(pairName(pair)));
  return pairs.length === 0 ? undefined : { ...found, pairs };
}

/** The outcomes under one attack, one per seed that has it. */
export function blackBoxRuns(results: Results, defence: DefenceResults, attack: string): BlackBoxResults[] {
  return defence.runs.flatMap((run) => outcomeOf(results, run, attack) ?? []);
}

function transferred(run: BlackBoxResults): ReturnType<typeof transferSuccess> {
  return transferSuccess(
    run.distances,
    run.pairs.map((pair) => ({ name: pairName(pair), success: pair.success })),
  );
}

/** Success rate per feature distance for one defence: over pairs (Wilson) of one seed, over seeds of several. */
export function blackBoxCurve(
  results: Results,
  defence: DefenceResults,
  attack: string,
): CurvePoint[] | undefined {
  return acrossSeeds(
    blackBoxRuns(results, defence, attack).map((b) =>
      transferred(b).map((p) => ({ at: p.distance, rate: p.rate, low: p.low, high: p.high })),
    ),
  );
}

/** Mean success rate of a defence over all attacks and distances; undefined when it was shown no example. */
export function blackBoxMean(results: Results, defence: DefenceResults): number | undefined {
  const rates = blackBoxAttacks(results).flatMap(({ attack }) => {
    const curve = blackBoxCurve(results, defence, attack);
    return curve === undefined ? [] : average(curve.map((p) => p.rate));
  });
  return rates.length === 0 ? undefined : average(rates);
}

/**
 * Difference of black-box success, `one` − `other`, in [−1, 1]: per pair the share of attacks and distances that
 * fooled each, over the pairs both were shown. All distances count alike: to choose the one with the largest
 * gap would flatter. Undefined when they share no pair.
 */
export function blackBoxDifference(
  results: Results,
  one: DefenceResults,
  other: DefenceResults,
): Interval | undefined {
  const differences = sharedSeeds(one, other).flatMap(([a, b]) => {
    const [x, y] = [fooledShares(results, a), fooledShares(results, b)];
    const shared = [...x.keys()].filter((key) => y.has(key));
    if (shared.length === 0) return [];
    const groups = pairGroups(shared);
    const values = (of: Map<string, number>) => shared.map((key) => of.get(key)!);
    return rateDifference(values(x), values(y), { ...BOOTSTRAP, groups });
  });
  return compared(differences, 'difference');
}

/** Per pair and attack (as one key), the share of distances at which the run was fooled. */
function fooledShares(results: Results, run: RunResults): Map<string, number> {
  return new Map(
    run.blackBox.flatMap(({ attack }) => {
      const outcome = outcomeOf(results, run, attack);
      return (outcome?.pairs ?? []).map((pair): [string, number] => [
        JSON.stringify([pairName(pair), attack]),
        average(pair.success.map((fooled) => (fooled === true ? 1 : 0))),
      ]);
    }),
  );
}

function pairGroups(keys: readonly string[]): Uint32Array {
  const numbers = new Map<string, number>();
  return Uint32Array.from(keys, (key) => {
    const [pair] = JSON.parse(key) as [string];
    if (!numbers.has(pair)) numbers.set(pair, numbers.size);
    return numbers.get(pair)!;
  });
}

/** Pairs that the surrogate of a seed never brought as near as a distance. */
export interface NeverReached {
  readonly distance: number;
  /** Pairs that were tried, over all surrogates. */
  readonly tried: number;
  readonly pairs: readonly { readonly surrogateSeed: number; readonly pair: string }[];
}

/** Per distance, the pairs that never came so near on their surrogate; distances that all reached are left out. */
export function neverReached(results: Results, attack: string): NeverReached[] {
  const tried = new Set<string>();
  const missed = new Map<number, Map<string, { surrogateSeed: number; pair: string }>>();
  for (const run of results.defences.flatMap((d) => blackBoxRuns(results, d, attack))) {
    const surrogateSeed = run.surrogate.seed;
    // Every defence of a seed is shown the same examples, so a pair is counted once per surrogate.
    for (const pair of run.pairs) tried.add(`${surrogateSeed} ${pairName(pair)}`);
    for (const point of transferred(run)) {
      const at = missed.get(point.distance) ?? new Map();
      for (const pair of point.neverReached) at.set(`${surrogateSeed} ${pair}`, { surrogateSeed, pair });
      missed.set(point.distance, at);
    }
  }
  return [...missed].flatMap(([distance, pairs]) =>
    pairs.size === 0 ? [] : { distance, tried: tried.size, pairs: [...pairs.values()] },
  );
}
