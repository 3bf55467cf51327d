/** All that a unit's training follows from: while it is unchanged, the networks are kept. */
import type { StudyConfig } from '../config.ts';
import { DEFENCES, type Defence } from '../defences.ts';
import { type TrainedUnit, trainingSeed } from '../units.ts';

/** The surrogate is a single network like the defence of that name. */
export function defenceOf(unit: TrainedUnit): Defence {
  return DEFENCES[unit.kind === 'defence' ? unit.name : 'single'];
}

/** The defence, or `surrogate`. */
export function nameOf(unit: TrainedUnit): string {
  return unit.kind === 'defence' ? unit.name : 'surrogate';
}

/** `faces` is the fingerprint of the training faces. */
export function trainingInputs(config: StudyConfig, unit: TrainedUnit, faces: string): object {
  return {
    name: nameOf(unit),
    seed: trainingSeed(unit),
    faces,
    settings: trainingSettings(config, defenceOf(unit)),
  };
}

/** Settings that the training follows from; what only other defences or attacks use is not among them. */
function trainingSettings(config: StudyConfig, { uses }: Defence) {
  const { inputSize, widthMultiplier, embeddingSize, members, head, classifier } = config;
  const own = Object.fromEntries(uses.map((key) => [key, config[key]]));
  const training = withoutDefaults(config.training);
  return { inputSize, widthMultiplier, embeddingSize, members, head, classifier, training, ...own };
}

/** Initial weights that are asked for and are the default's make the same networks as none asked for. */
function withoutDefaults({ initialWeights, ...training }: StudyConfig['training']) {
  return initialWeights === undefined || initialWeights === 'he' ? training : { ...training, initialWeights };
}
