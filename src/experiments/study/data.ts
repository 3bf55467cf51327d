/** A study's faces: decoded training images, and the test images and pairs that it is judged by. */
import { createHash } from 'node:crypto';
import {
  type FaceSet,
  generatePairs,
  type LoadedFaces,
  loadFaces,
  mergeFaceSets,
  type OpenFaceSet,
  openFaceSet,
  type PairList,
  readLfwPairs,
  requireTrainable,
  subset,
} from '../../data/index.ts';
import { syntheticFaceSet, syntheticPairs } from '../../data/synthetic/index.ts';
import { readText } from '../../platform/node-files.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import type { StudyConfig } from './config.ts';
import type { Progress } from './progress.ts';

/** First synthetic identity of the test set; training starts at 0, so they share nobody. */
const FIRST_TEST_IDENTITY = 1_000_000;

/** A pair of test images, by row of the loaded faces. */
export interface TestPair {
  readonly a: number;
  readonly b: number;
  readonly same: boolean;
  readonly fold: number;
}

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

interface SetDescription {
  readonly name: string;
  readonly identities: number;
  readonly images: number;
  readonly synthetic: boolean;
}

/** Draws or reads the faces that `config` names, at its input size. */
export async function loadStudyData(config: StudyConfig, progress: Progress): Promise<StudyData> {
  const sets =
    config.data.kind === 'synthetic'
      ? syntheticSets(config.data, config.inputSize)
      : await fileSets(config.data);
  const synthetic = config.data.kind === 'synthetic';
  const verb = synthetic ? 'draw' : 'read';
  try {
    const train = await progress.during(`${verb} training faces`, sets.train.labels.length, (tick) =>
      loadFaces(sets.train, { size: config.inputSize, onProgress: tick }),
    );
    // Only images that some pair uses are needed.
    const used = [...new Set(sets.pairs.pairs.flatMap(({ a, b }) => [a, b]))].sort(
      (left, right) => left - right,
    );
    const test = await progress.during(`${verb} test faces`, used.length, (tick) =>
      loadFaces(sets.test, { size: config.inputSize, indices: used, onProgress: tick }),
    );
    const rowOf = new Map(Array.from(test.indices, (index, row) => [index, row]));
    const pairs = sets.pairs.pairs.flatMap(({ a, b, same, fold }) => {
      const [left, right] = [rowOf.get(a), rowOf.get(b)];
      return left === undefined || right === undefined ? [] : [{ a: left, b: right, same, fold }];
    });
    const lost = sets.pairs.pairs.length - pairs.length;
    const skipped = [...train.skipped, ...test.skipped];
    const notes = [
      ...sets.notes,
      ...(skipped.length
        ? [
            `${skipped.length} damaged images were left out: ${skipped
              .slice(0, 5)
              .map(({ name, reason }) => `${name} (${reason})`)
              .join(', ')}${skipped.length > 5 ? ', …' : ''}.`,
          ]
        : []),
      ...(lost ? [`${lost} verification pairs were left out because an image of theirs is damaged.`] : []),
    ];
    return {
      train,
      classes: sets.train.identities.length,
      test,
      testNames: Array.from(test.indices, (index) => sets.test.imageName(index)),
      pairs,
      description: {
        train: describe(sets.train, train, synthetic),
        test: describe(sets.test, test, synthetic),
      },
      fingerprint: {
        train: fingerprint(train.pixels, train.labels),
        test: fingerprint(
          test.pixels,
          test.labels,
          Int32Array.from(pairs.flatMap((p) => [p.a, p.b, Number(p.same), p.fold])),
        ),
      },
      notes,
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
      ? readLfwPairs(await readText(data.pairs), test, data.pairs)
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

function describe(set: FaceSet, faces: LoadedFaces, synthetic: boolean): SetDescription {
  return { name: set.name, identities: new Set(faces.labels).size, images: faces.labels.length, synthetic };
}

function fingerprint(...parts: readonly ArrayBufferView[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex').slice(0, 16);
}
