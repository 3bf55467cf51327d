/** One attack on one network, towards the pairs' targets or away from them. */
import { away, lots } from '../../attacks/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';
import type { Impersonation } from '../study/attack-pairs.ts';
import { attackAll, type KeptResult } from '../study/attacking.ts';
import type { FeatureRows } from './feature-rows.ts';
import { targetsOf } from './pairs.ts';
import type { AttackStudyTask } from './task.ts';

type AttackOptions = Pick<
  Parameters<typeof attackAll>[0],
  'attack' | 'place' | 'inputs' | 'tick' | 'keepImages' | 'curves' | 'stopping'
>;

export function attackOn(
  task: AttackStudyTask,
  network: FaceNetwork,
  features: FeatureRows,
  pairs: readonly Impersonation[],
  options: AttackOptions,
): Promise<KeptResult[]> {
  const { engine, faces, run, signal, batchSize, goal } = task;
  return attackAll({
    ...options,
    engine,
    data: faces,
    run,
    signal,
    network,
    settings: task.settings[options.attack] ?? {},
    batchSize,
    pairs,
    targets: targetsOf(task, features, pairs),
    objective: goal === 'dodge' ? away(lots()) : lots(),
  });
}

/** For people. */
export function objectiveText({ goal, targetImages }: AttackStudyTask): string {
  const target = targetImages > 1 ? `, mean of ${targetImages} target images` : '';
  return goal === 'dodge'
    ? 'away from LOTS on L2-normalised features, summed over members'
    : `LOTS on L2-normalised features, summed over members${target}`;
}
