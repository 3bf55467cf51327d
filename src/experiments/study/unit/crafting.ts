/** Black-box examples are crafted on this network, for others to judge. */
import { ATTACKS, type AttackName, within } from '../../../attacks/index.ts';
import { attackSettings } from '../attacking.ts';
import type { StudiedUnit } from './studied-unit.ts';
import { trainingOf } from './training.ts';

/** The attack that crafts black-box examples. */
export const BLACK_BOX_ATTACK: AttackName = 'i-fgsm';

/**
 * Black-box examples: images whose features on this network are as near to the target's as each distance. Leaves them
 * in the file beside; the result says which distances each pair reached.
 */
export async function craftedOn(
  unit: StudiedUnit,
  attack: AttackName,
): Promise<readonly { readonly source: string; readonly target: string; readonly reached: boolean[] }[]> {
  const { config, data, stages, progress } = unit.context;
  await trainingOf(unit);
  const inputs = craftingInputs(unit, attack);
  const place = craftedPlace(unit, attack);
  return stages.get(
    'black-box',
    unit.title,
    inputs,
    () =>
      progress.during(`craft on ${unit.title}, ${ATTACKS[attack].paper}`, unit.pairs.length, async (tick) => {
        const results = await unit.attack(unit.lastEpoch, unit.pairs, {
          attack,
          stopping: within(config.distances),
          place,
          inputs,
          keepImages: true,
          tick,
        });
        return results.map(({ milestones }, index) => ({
          source: data.testNames[unit.pairs[index]!.source]!,
          target: data.testNames[unit.pairs[index]!.target]!,
          reached: milestones.map((milestone) => milestone !== null),
        }));
      }),
    ...place,
  );
}

/** What crafting follows from. */
export function craftingInputs(unit: StudiedUnit, attack: AttackName): object {
  const { config } = unit.context;
  const { far: _, ...onTest } = unit.testInputs;
  return {
    ...onTest,
    pairs: unit.pairsHash,
    attack,
    distances: config.distances,
    settings: attackSettings(config.attack.settings, attack),
  };
}

/** The file of a crafting's stage. */
export function craftedPlace(unit: StudiedUnit, attack: AttackName): string[] {
  return [...unit.place, 'crafted', `${attack}.json`];
}
