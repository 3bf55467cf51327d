/** What makes a study train a network again, and what does not. */
import { describe, expect, test } from 'vitest';
import type { StudyConfig } from '../src/experiments/study/config.ts';
import type { DefenceName } from '../src/experiments/study/defences.ts';
import { PRESETS } from '../src/experiments/study/presets.ts';
import { contentHash } from '../src/experiments/study/run-folder.ts';
import { trainingInputs } from '../src/experiments/study/unit/training-inputs.ts';

const { config } = PRESETS.tiny!;

function hashOf(
  changes: Partial<StudyConfig>,
  training: Partial<StudyConfig['training']> = {},
  name: DefenceName = 'single',
) {
  const changed = { ...config, ...changes, training: { ...config.training, ...training } };
  return contentHash(trainingInputs(changed, { kind: 'defence', name, seed: 0 }, 'faces'));
}

describe('a network is trained again', () => {
  test.each<[string, Partial<StudyConfig>, Partial<StudyConfig['training']>]>([
    ['epochs', {}, { epochs: config.training.epochs + 1 }],
    ['initial weights', {}, { initialWeights: 'pytorch' }],
    ['its head', { head: { kind: 'cosface', margin: 0.3, scale: 30 } }, {}],
    ['its size', { inputSize: 56 }, {}],
  ])('for other %s', (_, changes, training) => {
    expect(hashOf(changes, training)).not.toBe(hashOf({}));
  });

  test('for another weight of the diversity term only where it has the term', () => {
    const changes = { diversity: { ...config.diversity, weight: 5 } };
    expect(hashOf(changes, {}, 'diverse')).not.toBe(hashOf({}, {}, 'diverse'));
    expect(hashOf(changes)).toBe(hashOf({}));
  });

  test('neither for another attack nor for the initial weights that it has anyhow', () => {
    expect(hashOf({ far: 0.001, attack: { ...config.attack, pairs: 7 } })).toBe(hashOf({}));
    expect(hashOf({}, { initialWeights: 'he' })).toBe(hashOf({}));
  });
});
