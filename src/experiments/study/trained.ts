/** A network of a run, opened from what its training left behind. */
import type { Engine } from '../../engine/index.ts';
import { readCheckpointSets } from '../../models/checkpoint.ts';
import { type FaceNetwork, liveNetwork } from '../../models/face-network.ts';
import { MobileFaceNet } from '../../models/mobilefacenet.ts';
import type { StudyConfig } from './config.ts';
import type { Defence } from './defences.ts';
import type { RunFolder } from './run-folder.ts';
import { snapshotPlace } from './train.ts';
import { buildTrainee } from './trainee.ts';

export interface TrainedNetwork {
  readonly network: FaceNetwork;
  /** Weight vectors, [M, K, E], or [1, K, E] where the members share them. */
  readonly weights: { readonly data: Float32Array; readonly sets: number };
  free(): void;
}

/** Opens the network that a training left at the end of `epoch`. Throws where the file is missing or damaged. */
export async function openTrained(
  engine: Engine,
  run: RunFolder,
  place: readonly string[],
  epoch: number,
  { defence, config, classes }: { defence: Defence; config: StudyConfig; classes: number },
): Promise<TrainedNetwork> {
  const parts = [...place, ...snapshotPlace(epoch)];
  const path = run.join(...parts);
  const bytes = await run.read(...parts);
  if (!bytes) {
    throw new Error(
      `${path} is missing, though its training is done; put it back, or remove ${run.join(...place, 'training.json')} to train again`,
    );
  }
  const trainee = buildTrainee(defence, config, classes, 0);
  const { classification } = trainee;
  const sets = [trainee.network.parameters, trainee.network.statistics, ...classification.sets];
  const { values } = readCheckpointSets(bytes, sets, path);
  const [parameters, statistics, ...classifier] = sets.map((set) => values.get(set.name)!);
  const network = new MobileFaceNet(trainee.network.options, new Map([...parameters!, ...statistics!]));
  const face = liveNetwork(network, defence.about);
  return {
    network: face,
    weights: {
      data: classification.vectors(classifier),
      sets: defence.sharedWeights ? 1 : face.members,
    },
    free: () => {
      for (const set of face.parameters) engine.free(set.flat);
    },
  };
}
