/** Where training gets its batches: from faces in memory, or from a set that is read while the device works. */
import { type Batch, Batches, type BatchOptions } from './batches.ts';
import type { LoadedFaces } from './load.ts';

/** Batches by epoch and step. Everything of a batch follows from (seed, epoch, step), so a run resumes anywhere. */
export interface BatchSource {
  readonly batchSize: number;
  /** Batches in one epoch. */
  readonly stepsPerEpoch: number;
  /**
   * Batch `step` (from 0) of `epoch` (from 0), in any order of asking; a source may prepare those that follow. The
   * batch may be read until the next call, which comes after this one's promise is settled. Rejects with a DataError
   * where there is no such step or the images cannot be had.
   */
  read(epoch: number, step: number): Promise<Batch>;
  /** Lets go of threads and buffers; not of the images' files, which stay their opener's. */
  close(): Promise<void>;
}

/** Decoded faces as a source: `Batches`, whose bits it gives. Augments in the caller's thread. */
export function loadedBatches(faces: LoadedFaces, options: BatchOptions): BatchSource {
  const batches = new Batches(faces, options);
  const { batchSize, stepsPerEpoch } = batches;
  return {
    batchSize,
    stepsPerEpoch,
    read: async (epoch, step) => batches.read(epoch, step),
    close: async () => {},
  };
}
