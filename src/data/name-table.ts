/** Names of millions of images as one block of UTF-8: about their bytes and four more each, and no string until asked. */
import { DataError } from './errors.ts';

/** A byte order mark at the beginning of a name is part of it. */
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });
const ENCODER = new TextEncoder();
/** UTF-8 bytes of a UTF-16 code unit, at most. */
const MOST_BYTES = 3;

export interface NameTable {
  readonly length: number;
  /** Name `index`, from 0. */
  at(index: number): string;
}

/** Packs `count` names, each asked for once and in order. Lone surrogates become U+FFFD, as in any UTF-8. */
export function nameTable(count: number, name: (index: number) => string): NameTable {
  let bytes = new Uint8Array(1024);
  const ends = new Uint32Array(count);
  let used = 0;
  for (let i = 0; i < count; i++) {
    const text = name(i);
    if (used + text.length * MOST_BYTES > bytes.length) {
      const larger = new Uint8Array(Math.max(bytes.length * 2, used + text.length * MOST_BYTES));
      larger.set(bytes);
      bytes = larger;
    }
    used += ENCODER.encodeInto(text, bytes.subarray(used)).written;
    if (used >= 2 ** 32) throw new DataError(`the names of ${i} images take more than 4 GiB; shorten them`);
    ends[i] = used;
  }
  const packed = bytes.slice(0, used);
  return {
    length: count,
    at: (index) => DECODER.decode(packed.subarray(index === 0 ? 0 : ends[index - 1], ends[index])),
  };
}
