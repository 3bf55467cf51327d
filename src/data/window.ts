/** Small reads from a large file: a walk over headers should cost one read for many of them. */
import { type ByteSource, checkRange } from './host.ts';

/** Exactly `length` bytes from `offset`; rejects where the source has fewer. */
export type WindowReader = (offset: number, length: number) => Promise<Uint8Array>;

/**
 * A reader that fetches `windowBytes` at a time and answers from what it has. Meant for walks forward; what is
 * larger than the window is read by itself. Memory is the window.
 */
export function windowReader(source: ByteSource, windowBytes = 64 * 1024): WindowReader {
  let held: Uint8Array = new Uint8Array(0);
  let start = 0;
  return async (offset, length) => {
    checkRange(source.name, source.size, offset, length);
    if (length > windowBytes) return source.read(offset, length);
    if (offset < start || offset + length > start + held.length) {
      held = await source.read(offset, Math.min(windowBytes, source.size - offset));
      start = offset;
    }
    return held.subarray(offset - start, offset - start + length);
  };
}

/** A source whose reads go through a window. Closing it closes the source. */
export function windowed(source: ByteSource, windowBytes?: number): ByteSource {
  const { name, size } = source;
  return { name, size, read: windowReader(source, windowBytes), close: () => source.close() };
}
