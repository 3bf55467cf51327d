/** Batches of sets that do not fit into memory. */
export { DamageCount } from './damage.ts';
export { inThread, type PictureWorkers, type StartWorkers } from './picture-workers.ts';
export type { Damaged, Slice, SliceConfig, SliceResult } from './slice.ts';
export { StreamedBatches, type StreamOptions } from './streamed-batches.ts';
