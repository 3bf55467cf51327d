/** Records the trainings that are shown where there is no WebGPU, by the code that trains live. */
import type { Engine } from '../../engine/index.ts';
import { portraits } from './faces.ts';
import type { Recording } from './recording.ts';
import { DEFAULT_SETTINGS, DEFAULT_STEP, MEMBER_CHOICES, STEPS } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import { DirectionsTraining } from './training.ts';

/** Steps between two snapshots, by members: the file of three is twice as large. */
const EVERY = { 2: 6, 3: 10 } as const;

/** One training for each number of members, by the page's default settings. */
export async function recordTrainings(engine: Engine): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const members of MEMBER_CHOICES) {
    const training = await DirectionsTraining.create(engine, { ...DEFAULT_SETTINGS, members });
    const snapshots: Snapshot[] = [await training.look()];
    while (training.steps < STEPS) {
      for (let i = 0; i < EVERY[members]; i++) training.step(DEFAULT_STEP);
      snapshots.push(await training.look());
    }
    recordings.push({ members, adapter: engine.name, portraits: portraits(training.faces), snapshots });
    training.free();
  }
  return recordings;
}
