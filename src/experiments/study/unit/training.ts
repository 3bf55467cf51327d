/** The unit's networks are trained. */
import { type TrainingPoint, train } from '../train.ts';
import { buildTrainee } from '../trainee.ts';
import { trainingSeed } from '../units.ts';
import type { StudiedUnit } from './studied-unit.ts';

/** What is left of a training besides its networks. */
export interface TrainingResult {
  readonly curve: readonly TrainingPoint[];
  readonly steps: number;
  /** What it ran on. */
  readonly adapter: string;
}

/** Trains the networks, or finds them trained. */
export function trainingOf(unit: StudiedUnit): Promise<TrainingResult> {
  const { engine, config, data, stages, progress, signal, onProfile } = unit.context;
  return stages.get(
    'train',
    unit.title,
    unit.trainingInputs,
    async () => {
      const seed = trainingSeed(unit.unit);
      const trainee = buildTrainee(unit.defence, config, data.train.classes, seed);
      try {
        const curve = await train({
          engine,
          config,
          defence: unit.defence,
          trainee,
          seed,
          faces: data.train,
          run: stages.run,
          place: unit.place,
          inputs: unit.trainingInputs,
          label: `train ${unit.title}`,
          progress,
          signal,
          onProfile,
        });
        return { curve, steps: curve.at(-1)?.step ?? 0, adapter: engine.name };
      } finally {
        for (const set of trainee.sets) engine.free(set.flat);
      }
    },
    ...unit.place,
    'training.json',
  );
}
