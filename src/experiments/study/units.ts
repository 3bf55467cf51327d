/** Units of a study: what can be done on its own, and so on another machine. */
import type { StudyConfig } from './config.ts';
import { DEFENCES, type DefenceName, differentiatesImages, membersOf } from './defences.ts';

/** One network or ensemble, with all that looks at it alone. */
export type Unit =
  | { readonly kind: 'defence'; readonly name: DefenceName; readonly seed: number }
  | { readonly kind: 'surrogate'; readonly seed: number }
  | { readonly kind: 'directions' };

/** A unit with networks of its own to train. */
export type TrainedUnit = Exclude<Unit, { kind: 'directions' }>;
export type DefenceUnit = Extract<Unit, { kind: 'defence' }>;

/** Share `index` (from 1) of `count`. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The surrogate's initial weights differ from every defence's. */
const SURROGATE_SEED = 10_000;

/** Every unit of a study, in the order in which one machine does them. */
export function unitsOf(config: StudyConfig): readonly Unit[] {
  const ofSeeds = config.seeds.flatMap((seed): Unit[] => [
    ...config.defences.map((name): Unit => ({ kind: 'defence', name, seed })),
    { kind: 'surrogate', seed },
  ]);
  return config.directions ? [...ofSeeds, { kind: 'directions' }] : ofSeeds;
}

/** For people: `diverse, seed 0`. */
export function unitTitle(unit: Unit, config: StudyConfig): string {
  if (unit.kind === 'directions') return 'directions';
  const name = unit.kind === 'defence' ? unit.name : 'surrogate';
  return config.seeds.length > 1 ? `${name}, seed ${unit.seed}` : name;
}

/** The unit's folder within a run. */
export function unitPlace(unit: Unit): string[] {
  switch (unit.kind) {
    case 'defence':
      return ['defences', unit.name, `seed-${unit.seed}`];
    case 'surrogate':
      return ['surrogates', `seed-${unit.seed}`];
    case 'directions':
      return ['directions'];
  }
}

/** Seed of the unit's initial weights and batches. */
export function trainingSeed(unit: TrainedUnit): number {
  return unit.kind === 'surrogate' ? unit.seed + SURROGATE_SEED : unit.seed;
}

/**
 * The units of one share. Heaviest first, each goes to the share with least so far; the deal follows from the
 * configuration alone, so every machine works it out alike.
 */
export function unitsOfShard(config: StudyConfig, { index, count }: Shard): readonly Unit[] {
  const units = unitsOf(config);
  const loads = new Array<number>(count).fill(0);
  const owner = new Map<Unit, number>();
  for (const unit of [...units].sort((a, b) => costOf(b, config) - costOf(a, config))) {
    const least = loads.indexOf(Math.min(...loads));
    loads[least]! += costOf(unit, config);
    owner.set(unit, least + 1);
  }
  return units.filter((unit) => owner.get(unit) === index);
}

/** Roughly, in trainings of a single network. */
function costOf(unit: Unit, config: StudyConfig): number {
  if (unit.kind === 'directions') return 0.2;
  if (unit.kind === 'surrogate') return 1;
  const defence = DEFENCES[unit.name];
  const steps = (defence.adversarial ? 4 : 1) * (differentiatesImages(defence, config) ? 2 : 1);
  return membersOf(defence, config) * steps;
}
