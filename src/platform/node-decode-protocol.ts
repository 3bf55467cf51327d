/** What the main thread and a decoding thread tell each other. */
import type { Slice, SliceConfig, SliceResult } from '../data/loader/slice.ts';

/** `workerData`: what all slices of a thread share. */
export type DecodeWorkerData = SliceConfig;

/** To a thread. The memory of `slice.bytes` and `slice.out` moves with it. */
export interface DecodeRequest {
  readonly id: number;
  readonly slice: Slice;
}

/** From a thread; `out`'s memory moves back. */
export type DecodeReply =
  | { readonly id: number; readonly result: SliceResult }
  | { readonly id: number; readonly failed: string };
