/** From what is typed to a configuration: a preset, and only what the options change of it. */
import { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import {
  addStudyOptions,
  type StudyOptions,
  studyConfigOf,
} from '../src/experiments/commands/study-options.ts';
import { PRESETS } from '../src/experiments/study/index.ts';

function configOf(...words: string[]) {
  const command = addStudyOptions(new Command('reproduce').exitOverride());
  command.configureOutput({ writeErr: () => {} });
  command.parse(words, { from: 'user' });
  return studyConfigOf(command.opts<StudyOptions>());
}

describe('the options of a study', () => {
  test.each(Object.keys(PRESETS))('leave preset %s as it is where none is given', async (name) => {
    expect(await configOf('--preset', name)).toEqual(PRESETS[name]!.config);
  });

  test('change the initial weights alone', async () => {
    const { config } = PRESETS.small!;
    expect(config.training.initialWeights).toBe('pytorch');
    expect(await configOf('--preset', 'small', '--initial-weights', 'he')).toEqual({
      ...config,
      training: { ...config.training, initialWeights: 'he' },
    });
    await expect(async () => configOf('--initial-weights', 'zero')).rejects.toThrow(/he, pytorch/);
  });

  test('set how many pairs are attacked, and how many of them along training', async () => {
    const { config } = PRESETS.tiny!;
    expect(await configOf('--attack-pairs', '300', '--snapshot-pairs', '70')).toEqual({
      ...config,
      attack: { ...config.attack, pairs: 300, snapshotPairs: 70 },
    });
  });

  test('switch the flip sum and the pictures of directions on and off', async () => {
    expect(await configOf('--flip-sum', '--directions')).toEqual({
      ...PRESETS.tiny!.config,
      flipSum: true,
      directions: true,
    });
    expect(await configOf('--preset', 'small', '--no-flip-sum', '--no-directions')).toEqual({
      ...PRESETS.small!.config,
      flipSum: false,
      directions: false,
    });
  });
});
