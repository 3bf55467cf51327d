/** A study so small that tests can run it whole. */
import type { Engine } from '../../src/engine/index.ts';
import type { Results } from '../../src/experiments/report/index.ts';
import {
  PRESETS,
  RunFolder,
  runStudy,
  type StudyConfig,
  type StudyTask,
  signSteps,
  silentProgress,
} from '../../src/experiments/study/index.ts';

export const micro: StudyConfig = {
  ...PRESETS.tiny!.config,
  data: {
    kind: 'synthetic',
    seed: 1,
    train: { identities: 6, shots: 6 },
    test: { identities: 8, shots: 4, folds: 2, pairsPerFold: 12 },
  },
  inputSize: 24,
  widthMultiplier: 0.125,
  embeddingSize: 16,
  members: 2,
  defences: ['single', 'diverse'],
  training: {
    epochs: 3,
    batchSize: 12,
    learningRate: 0.05,
    warmupSteps: 2,
    momentum: 0.9,
    weightDecay: 5e-4,
    snapshots: 2,
    augment: 'none',
    imagesPerIdentity: null,
  },
  far: 0.05,
  attack: {
    pairs: 3,
    snapshotPairs: 2,
    batchSize: 2,
    methods: ['i-fgsm'],
    settings: signSteps(1 / 255, 30),
  },
  distances: [1.2, 0.8],
};

type Options = Partial<
  Pick<StudyTask, 'config' | 'progress' | 'signal' | 'only' | 'shard' | 'gatherOnly'>
> & {
  readonly which?: 'new' | 'there' | 'either';
};

/** Runs the micro study, or what `options` make of it, in `folder/name`. */
export async function runMicro(
  engine: Engine,
  folder: string,
  name: string,
  { which = 'new', ...options }: Options = {},
): Promise<Results | undefined> {
  return runStudy({
    engine,
    config: micro,
    run: await RunFolder.open(folder, name, which),
    progress: silentProgress,
    signal: new AbortController().signal,
    name,
    command: 'npx facet reproduce',
    facetVersion: '0',
    ...options,
  });
}

/** The same, where there must be results. */
export async function runWhole(...task: Parameters<typeof runMicro>): Promise<Results> {
  const results = await runMicro(...task);
  if (!results) throw new Error('a whole study gives results');
  return results;
}

/** What must not depend on when and how often a run was stopped. */
export function measured({ defences, examples, notes, leftOut, transfer, directions }: Results) {
  return { defences, examples, notes, leftOut, transfer, directions };
}
