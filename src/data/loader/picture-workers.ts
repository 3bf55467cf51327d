/** What turns slices of batches into pixels: threads, which a host starts, or the caller's own. */
import { type Slice, type SliceConfig, SliceFiller, type SliceResult } from './slice.ts';

export interface PictureWorkers {
  /** Slices that can be at work at once. */
  readonly count: number;
  /** Whether they decode image files; else they are given pixels. */
  readonly decodes: boolean;
  /** Fills a slice, whose arrays are no longer the caller's. Rejects with a DataError where a worker is lost. */
  run(slice: Slice): Promise<SliceResult>;
  /** Ends the threads; slices under way reject. */
  close(): Promise<void>;
}

/** Starts workers for slices of one kind. */
export type StartWorkers = (config: SliceConfig) => PictureWorkers;

/** No threads: pictures come decoded, as the set's `read` gives them, and are augmented here. Works in pages too. */
export const inThread: StartWorkers = (config) => {
  const filler = new SliceFiller(config);
  return { count: 1, decodes: false, run: (slice) => filler.fill(slice), close: async () => {} };
};
