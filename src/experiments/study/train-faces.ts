/** The faces that networks are trained on: decoded in memory, or read while the device works where they do not fit. */
import { createHash } from 'node:crypto';
import {
  type BatchOptions,
  type BatchSource,
  type FaceSet,
  type LoadedFaces,
  loadedBatches,
  loadFaces,
  StreamedBatches,
} from '../../data/index.ts';
import { startDecodeWorkers } from '../../platform/node-decode-workers.ts';
import { fingerprint } from './test-faces.ts';

export interface TrainFaces {
  /** Side of the images in pixels. */
  readonly size: number;
  /** [images]: identities, 0 … classes − 1. */
  readonly labels: Int32Array;
  readonly classes: number;
  /** Changes when any image or label does. */
  readonly fingerprint: string;
  /** Batches of all images; the caller closes them. */
  batches(options: BatchOptions): BatchSource;
  /** Some images, decoded. */
  load(rows: readonly number[]): Promise<LoadedFaces>;
}

/** Faces in memory. */
export function facesInMemory(faces: LoadedFaces, classes: number): TrainFaces {
  const { size, labels, pixels, indices } = faces;
  return {
    size,
    labels,
    classes,
    fingerprint: fingerprint(pixels, labels),
    batches: (options) => loadedBatches(faces, options),
    load: async (rows) => {
      const length = size * size * 3;
      const own = new Uint8Array(rows.length * length);
      for (const [i, row] of rows.entries()) {
        own.set(pixels.subarray(row * length, (row + 1) * length), i * length);
      }
      return {
        size,
        pixels: own,
        labels: Int32Array.from(rows, (row) => labels[row]!),
        indices: Int32Array.from(rows, (row) => indices[row]!),
        skipped: [],
      };
    },
  };
}

/**
 * Faces that are read, decoded and augmented by threads during training. What cannot be decoded is replaced by another
 * image of the same person. The fingerprint is of names and labels: pixels would have to be read once for it.
 */
export function streamedFaces(set: FaceSet, size: number, workers?: number): TrainFaces {
  const hash = createHash('sha256').update(`${set.name} ${size}\n`);
  for (let image = 0; image < set.labels.length; image++) hash.update(`${set.imageName(image)}\n`);
  return {
    size,
    labels: Int32Array.from(set.labels),
    classes: set.identities.length,
    fingerprint: `${hash.digest('hex').slice(0, 16)}-${fingerprint(Int32Array.from(set.labels))}`,
    batches: (options) =>
      new StreamedBatches(set, {
        ...options,
        size,
        workers: (config) => startDecodeWorkers(config, workers === undefined ? {} : { count: workers }),
      }),
    load: (rows) => loadFaces(set, { size, indices: rows }),
  };
}
