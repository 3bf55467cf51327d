/** A study's faces: decoded training images, and the test images and pairs that it is judged by. */
import {
  type FaceSet,
  generatePairs,
  type LoadedFaces,
  loadFaces,
  mergeFaceSets,
  type OpenFaceSet,
  openFaceSet,
  openPairs,
  type PairList,
  requireTrainable,
  subset,
} from '../../data/index.ts';
import { syntheticFaceSet, syntheticPairs } from '../../data/synthetic/index.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import type { StudyConfig } from './config.ts';
import type { Progress } from './progress.ts';
import {
  damageNotes,
  describe,
  fingerprint,
  loadTestFaces,
  type SetDescription,
  type TestPair,
} from './test-faces.ts';

/** First synthetic identity of the test set; training starts at 0, so they share nobody. */
const FIRST_TEST_IDENTITY = 1_000_000;

export interface StudyData {
  readonly train: LoadedFaces;
  /** Number of training identities; labels are 0 … classes − 1. */
  readonly classes: number;
  readonly test: LoadedFaces;
  /** [test rows] */
  readonly testNames: readonly string[];
  readonly pairs: readonly TestPair[];
  readonly description: {
    readonly train: SetDescription;
    readonly test: SetDescription;
  };
  /** Changes when any pixel, label or pair does. */
  readonly fingerprint: { readonly train: string; readonly test: string };
  readonly notes: readonly string[];
}

/** Draws or reads the faces that `config` names, at its input size. */
export async function loadStudyData(config: StudyConfig, progress: Progress): Promise<StudyData> {
  const synthetic = config.data.kind === 'synthetic';
  const size = config.inputSize;
  const sets =
    config.data.kind === 'synthetic' ? syntheticSets(config.data, size) : await fileSets(config.data);
  try {
    const count = sets.train.labels.length;
    const train = await progress.during(`${synthetic ? 'draw' : 'read'} training faces`, count, (tick) =>
      loadFaces(sets.train, { size, onProgress: tick }),
    );
    const judged = await loadTestFaces(sets.test, sets.pairs, size, { synthetic, progress });
    return {
      train,
      classes: sets.train.identities.length,
      test: judged.test,
      testNames: judged.testNames,
      pairs: judged.pairs,
      description: { train: describe(sets.train, train, synthetic), test: judged.description },
      fingerprint: { train: fingerprint(train.pixels, train.labels), test: judged.fingerprint },
      notes: [...sets.notes, ...damageNotes(train.skipped), ...judged.notes],
    };
  } finally {
    await sets.close();
  }
}

interface Sets {
  readonly train: FaceSet;
  readonly test: FaceSet;
  readonly pairs: PairList;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

function syntheticSets(data: Extract<StudyConfig['data'], { kind: 'synthetic' }>, size: number): Sets {
  const { seed, train, test } = data;
  return {
    train: syntheticFaceSet({ seed, identities: train.identities, shotsPerIdentity: train.shots, size }),
    test: syntheticFaceSet({
      seed,
      identities: test.identities,
      shotsPerIdentity: test.shots,
      firstIdentity: FIRST_TEST_IDENTITY,
      size,
    }),
    pairs: syntheticPairs({ seed, ...test }),
    notes: [],
    close: async () => {},
  };
}

async function fileSets(data: Extract<StudyConfig['data'], { kind: 'files' }>): Promise<Sets> {
  const opened: OpenFaceSet[] = [];
  const open = async (path: string): Promise<OpenFaceSet> => {
    const set = await openFaceSet(path, nodeDataHost);
    opened.push(set);
    return set;
  };
  const close = async () => {
    await Promise.all(opened.map((set) => set.close()));
  };
  try {
    const parts: FaceSet[] = [];
    for (const path of data.train) parts.push(await open(path));
    const merged = parts.length === 1 ? parts[0]! : mergeFaceSets(parts);
    const train = subset(merged, { exclude: data.exclude, minImagesPerIdentity: data.minImages });
    if (train.identities.length < 2) {
      throw new Error(
        `${merged.name}: training needs at least 2 identities with ${data.minImages} or more images each, got ${train.identities.length} of ${merged.identities.length} identities; ` +
          'use a larger set, or a lower --min-images',
      );
    }
    requireTrainable(train, data.minImages);
    const test = await open(data.test);
    const pairs = data.pairs
      ? await openPairs(data.pairs, nodeDataHost, { images: test })
      : generatePairs(test, { folds: data.folds, pairsPerFold: data.pairsPerFold, seed: 0 });
    const known = new Set(merged.identities);
    const strangers = data.exclude.filter((name) => !known.has(name));
    const passedOver = opened.flatMap((set) => set.skipped);
    const notes = [
      ...(data.exclude.length
        ? [`${data.exclude.length} identities were left out of training: ${data.exclude.join(', ')}.`]
        : []),
      ...(strangers.length
        ? [`Not in the training faces, though to be left out: ${strangers.join(', ')}.`]
        : []),
      ...(merged.identities.length > train.identities.length + data.exclude.length
        ? [`Training identities with fewer than ${data.minImages} images were left out.`]
        : []),
      ...(passedOver.length
        ? [
            `${passedOver.length} entries of the sets are not images: ${passedOver
              .slice(0, 5)
              .map(({ name }) => name)
              .join(', ')}.`,
          ]
        : []),
    ];
    return { train, test, pairs, notes, close };
  } catch (error) {
    await close();
    throw error;
  }
}
