/** The attack knows the network: how little perturbation suffices. */
import { ATTACKS, type AttackName, accepted, rejected } from '../../attacks/index.ts';
import type { WhiteBoxResults } from '../report/index.ts';
import { attackedPair, attackSettings } from '../study/attacking.ts';
import { attackOn, objectiveText } from './attack-on.ts';
import type { Chosen } from './pairs.ts';
import type { AttackStudyTask } from './task.ts';

/** Pairs whose loss is kept step by step. */
const CURVES = 8;

/** Attacks the pairs until each passes the threshold; the first attack's images are kept. */
export async function attackWhiteBox(
  task: AttackStudyTask,
  attack: AttackName,
  { pairs, features, threshold }: Chosen,
  known: object,
): Promise<WhiteBoxResults> {
  const { run, progress, rule, goal, defence, faces } = task;
  const place = whiteBoxPlace(attack);
  const settings = attackSettings(task.settings, attack);
  const isFirst = attack === task.methods[0];
  const inputs = { ...known, pairs, threshold, goal, targetImages: task.targetImages, attack, settings };
  return run.stage(
    inputs,
    () =>
      progress.during(`attack ${defence.name}, ${ATTACKS[attack].paper}`, pairs.length, async (tick) => {
        const results = await attackOn(task, defence.network, features, pairs, {
          attack,
          place,
          inputs,
          tick,
          keepImages: isFirst,
          curves: isFirst ? CURVES : 0,
          stopping: goal === 'dodge' ? rejected(threshold, rule) : accepted(threshold, rule),
        });
        return {
          attack: ATTACKS[attack].paper,
          rule,
          settings: { objective: objectiveText(task), ...settings },
          pairs: results.map((result, index) => attackedPair(faces, pairs[index]!, result)),
        };
      }),
    ...place,
  );
}

/** The file of an attack's stage. */
export function whiteBoxPlace(attack: AttackName): string[] {
  return ['white-box', `${attack}.json`];
}
