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
  type Skipped,
  subset,
} from '../../data/index.ts';
import { syntheticFaceSet, syntheticPairs } from '../../data/synthetic/index.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import type { StudyConfig } from './config.ts';
import type { Progress } from './progress.ts';
import { damageNotes, describe, loadTestFaces, type SetDescription, type TestPair } from './test-faces.ts';
import { facesInMemory, streamedFaces, type TrainFaces } from './train-faces.ts';

/** First synthetic identity of the test set; training starts at 0, so they share nobody. */
const FIRST_TEST_IDENTITY = 1_000_000;

export interface StudyData {
  readonly train: TrainFaces;
  readonly test: LoadedFaces;
  /** [test rows] */
  readonly testNames: readonly string[];
  readonly pairs: readonly TestPair[];
  readonly description: {
    readonly train: SetDescription;
    readonly test: SetDescription;
  };
  /** Changes when any image, label or pair does. */
  readonly fingerprint: { readonly train: string; readonly test: string };
  readonly notes: readonly string[];
  /** Lets go of the files that training reads. */
  close(): Promise<void>;
}

/** Decoded training faces of more bytes than this are not held but read as they are needed. */
const MOST_IN_MEMORY = 4 * 1024 ** 3;

/** Draws or reads the faces that `config` names, at its input size. `workers` decode where faces are streamed. */
export async function loadStudyData(
  config: StudyConfig,
  progress: Progress,
  workers?: number,
): Promise<StudyData> {
  const synthetic = config.data.kind === 'synthetic';
  const size = config.inputSize;
  const sets =
    config.data.kind === 'synthetic' ? syntheticSets(config.data, size) : await fileSets(config.data);
  try {
    const count = sets.train.labels.length;
    const streamed =
      config.data.kind === 'files' && (config.data.stream || count * size * size * 3 > MOST_IN_MEMORY);
    const skipped: Skipped[] = [];
    const read = async (): Promise<TrainFaces> => {
      if (streamed) return streamedFaces(sets.train, size, workers);
      const faces = await progress.during(`${synthetic ? 'draw' : 'read'} training faces`, count, (tick) =>
        loadFaces(sets.train, { size, onProgress: tick }),
      );
      skipped.push(...faces.skipped);
      return facesInMemory(faces, sets.train.identities.length);
    };
    const train = await read();
    const judged = await loadTestFaces(sets.test, sets.pairs, size, { synthetic, progress });
    return {
      train,
      test: judged.test,
      testNames: judged.testNames,
      pairs: judged.pairs,
      description: { train: describe(sets.train, train.labels, synthetic), test: judged.description },
      fingerprint: { train: train.fingerprint, test: judged.fingerprint },
      notes: [
        ...sets.notes,
        ...(streamed
          ? [
              'Training faces were read as they were needed; a damaged one was replaced by another of the same person.',
            ]
          : []),
        ...damageNotes(skipped),
        ...judged.notes,
      ],
      close: () => sets.close(),
    };
  } catch (error) {
    await sets.close();
    throw error;
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
