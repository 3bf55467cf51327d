/** The index of a RecordIO file (`train.idx`): a line per record, `key<tab>byte offset`. */
import { DataError } from './errors.ts';
import { growingFloat64, growingUint32 } from './growable.ts';
import type { ByteSource } from './host.ts';

/** Where the records lie, in ascending order of their keys. 12 bytes per record. */
export interface RecordIndex {
  readonly keys: Uint32Array;
  /** Bytes from the start of the .rec. */
  readonly offsets: Float64Array;
}

/** Read at a time. */
const CHUNK = 2 ** 20;
const MAX_KEY = 2 ** 32 - 1;
const [TAB, NEWLINE, RETURN, SPACE, ZERO, NINE] = [0x09, 0x0a, 0x0d, 0x20, 0x30, 0x39];

/**
 * Reads an index whose records must all begin within a file of `recordBytes` bytes. `onProgress` hears of bytes.
 * Memory is 1 MiB and, at most, 24 bytes per line. Throws a DataError that names the line where it is no pair of numbers,
 * points outside the records, or has a key for the second time.
 */
export async function readRecordIndex(
  source: ByteSource,
  recordBytes: number,
  onProgress?: (done: number, total: number) => void,
): Promise<RecordIndex> {
  const keys = growingUint32();
  const offsets = growingFloat64();
  let ascending = true;
  let line = 1;
  let key = -1;
  let value = -1;
  let separated = false;

  const endLine = (): void => {
    if (key >= 0 || value >= 0) {
      if (key < 0 || value < 0) {
        throw new DataError(
          `${source.name}: line ${line} should be a key, a tab and a byte offset; it has one number`,
        );
      }
      if (key > MAX_KEY)
        throw new DataError(`${source.name}: line ${line} has the key ${key}; expected at most ${MAX_KEY}`);
      if (value >= recordBytes) {
        throw new DataError(
          `${source.name}: line ${line} puts record ${key} at byte ${value}, and the records end at ${recordBytes}; ` +
            'is the .rec whole, and is the index its own?',
        );
      }
      if (keys.length > 0 && key <= keys.at(keys.length - 1)) ascending = false;
      keys.push(key);
      offsets.push(value);
    }
    line++;
    key = -1;
    value = -1;
    separated = false;
  };

  for (let start = 0; start < source.size; start += CHUNK) {
    const bytes = await source.read(start, Math.min(CHUNK, source.size - start));
    for (const byte of bytes) {
      if (byte >= ZERO && byte <= NINE) {
        const before = separated ? value : key;
        const number = Math.max(before, 0) * 10 + byte - ZERO;
        if (number > Number.MAX_SAFE_INTEGER) {
          throw new DataError(`${source.name}: line ${line} has a number that is no offset in any file`);
        }
        if (separated) value = number;
        else key = number;
      } else if (byte === NEWLINE) endLine();
      else if (byte === TAB || byte === SPACE || byte === RETURN) {
        // Blanks behind the offset end the line's numbers: a third number would continue it otherwise.
        if (value >= 0) {
          if (byte !== RETURN) throw notAPair(source, line);
        } else if (key >= 0) separated = true;
      } else throw notAPair(source, line);
    }
    onProgress?.(Math.min(start + CHUNK, source.size), source.size);
  }
  endLine();
  if (keys.length === 0) throw new DataError(`${source.name}: is empty; expected a line per record`);
  const index = { keys: keys.finish(), offsets: offsets.finish() };
  return ascending ? index : sortIndex(index, source.name);
}

function notAPair(source: ByteSource, line: number): DataError {
  return new DataError(
    `${source.name}: line ${line} should be a key, a tab and a byte offset; is it the .idx of an MXNet .rec?`,
  );
}

function sortIndex({ keys, offsets }: RecordIndex, name: string): RecordIndex {
  const order = Uint32Array.from(keys.keys()).sort((a, b) => keys[a]! - keys[b]!);
  const sorted = { keys: order.map((i) => keys[i]!), offsets: Float64Array.from(order, (i) => offsets[i]!) };
  for (let i = 1; i < order.length; i++) {
    if (sorted.keys[i] === sorted.keys[i - 1]) {
      throw new DataError(
        `${name}: has the key ${sorted.keys[i]} twice; is it damaged, or two indexes joined?`,
      );
    }
  }
  return sorted;
}

/** Where `key` is in an index, or would be: the first place whose key is not less. */
export function lowerBound({ keys }: RecordIndex, key: number): number {
  if (keys[key] === key) return key; // the usual case: keys 0, 1, 2, …
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
