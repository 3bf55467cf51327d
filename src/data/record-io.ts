/**
 * MXNet's RecordIO, which InsightFace's training sets are packed in. A file is a row of frames, little-endian:
 *
 *     u32 magic 0xced7230a | u32: 3 bits of flag, 29 bits of length | payload | zeros up to a multiple of 4
 *
 * A payload that holds the magic at a multiple of 4 is cut there into frames of flag 1 (first), 2 (middle) and 3
 * (last), and is joined again with the magic between; flag 0 is a payload in one piece. The payload of an image is
 *
 *     u32 flag | f32 label | u64 id | u64 id2 | `flag` × f32 labels, which replace `label` | encoded image
 *
 * (dmlc-core's recordio.h; mxnet.recordio.IRHeader.)
 */
import { DataError, ImageError } from './errors.ts';
import type { ByteSource } from './host.ts';
import { MAX_ENCODED_BYTES } from './image-header.ts';
import { windowReader } from './window.ts';

export const RECORD_MAGIC = 0xced7230a;
/** Bytes before a payload. */
const FRAME = 8;
/** Bytes of a payload before its labels. */
const IMAGE_HEADER = 24;
/** What scans look at of each record: frame, header, two labels. */
const HEAD = FRAME + IMAGE_HEADER + 8;
/** One read fetches most records whole. */
const PROBE = 32 * 1024;
/** The magic comes once in 4 GiB of noise; a record in more pieces was made to waste time. */
const MAX_PARTS = 256;
/** Scans read everything, so in large steps. */
const SCAN_WINDOW = 2 ** 20;

/** What the head of a record says. */
export interface RecordSummary {
  /** Of its first frame, bytes from the start of the file. */
  readonly offset: number;
  /** How many labels follow the header; 0 where it has one, in the header itself. */
  readonly flag: number;
  /** The first label. */
  readonly label: number;
  /** The second label, or NaN. */
  readonly second: number;
  /** Bytes of the encoded image; none in InsightFace's records of bounds. */
  readonly imageBytes: number;
}

/** A record of an image. */
export interface ImageRecord {
  readonly label: number;
  readonly second: number;
  readonly flag: number;
  /** The encoded image. */
  readonly image: Uint8Array;
}

/**
 * The payload at `offset`, joined where it was split. Throws an ImageError where there is no record there, it is
 * cut short, or larger than an image may be (64 MiB): the others of the file may still be whole.
 */
export async function readRecord(source: ByteSource, offset: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let total = 0;
  let at = offset;
  for (let part = 0; part < MAX_PARTS; part++) {
    if (!(at >= 0 && at + FRAME <= source.size)) throw cutShort(at, source);
    const probe = await source.read(at, Math.min(PROBE, source.size - at));
    const { flag, length } = parseFrame(probe, at);
    checkOrder(flag, part === 0, at);
    total += length;
    if (total > MAX_ENCODED_BYTES) {
      throw new ImageError(`a record of ${total} bytes; at most ${MAX_ENCODED_BYTES} are read for one image`);
    }
    if (at + FRAME + length > source.size) throw cutShort(at, source);
    const whole = FRAME + length <= probe.length;
    parts.push(whole ? probe.subarray(FRAME, FRAME + length) : await source.read(at + FRAME, length));
    if (flag === 0 || flag === 3) return parts.length === 1 ? parts[0]! : joinParts(parts, total);
    at += FRAME + padded(length);
  }
  throw new ImageError(`a record in more than ${MAX_PARTS} pieces; the file is damaged`);
}

/** Splits a payload into its labels and its image. Throws an ImageError where it is too short for them. */
export function parseImageRecord(payload: Uint8Array): ImageRecord {
  const { flag, label, second, imageBytes } = summarise(payload, payload.length, 0);
  return { flag, label, second, image: payload.subarray(payload.length - imageBytes) };
}

/** What the head of the record at `offset` says. Throws an ImageError as `readRecord` does. */
export async function readRecordHead(source: ByteSource, offset: number): Promise<RecordSummary> {
  if (!(offset >= 0 && offset + FRAME <= source.size)) throw cutShort(offset, source);
  const head = await source.read(offset, Math.min(HEAD, source.size - offset));
  const { flag, length } = parseFrame(head, offset);
  checkOrder(flag, true, offset);
  if (offset + FRAME + length > source.size) throw cutShort(offset, source);
  if (flag === 0) return summarise(head.subarray(FRAME), length, offset);
  const payload = await readRecord(source, offset);
  return summarise(payload, payload.length, offset);
}

/**
 * Visits every record of a file from its start, reading only what says where the next one is. `onProgress` hears
 * of bytes. Throws a DataError at the first byte that is not where a record should begin, and where the last
 * record is cut short.
 */
export async function scanRecords(
  source: ByteSource,
  visit: (record: RecordSummary) => void,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const read = windowReader(source, SCAN_WINDOW);
  const frameAt = async (at: number) => {
    if (at + FRAME > source.size) throw cutShort(at, source);
    const head = await read(at, Math.min(HEAD, source.size - at));
    const frame = parseFrame(head, at);
    const end = at + FRAME + frame.length;
    if (end > source.size) throw cutShort(at, source);
    return { ...frame, head: head.subarray(FRAME), next: at + FRAME + padded(frame.length) };
  };
  let offset = 0;
  let last = 'the start';
  try {
    for (let count = 0; offset < source.size; count++) {
      const { flag, length, head, next } = await frameAt(offset);
      checkOrder(flag, true, offset);
      let after = next;
      if (flag === 0) visit(summarise(head, length, offset));
      else {
        const payload = await readRecord(source, offset);
        visit(summarise(payload, payload.length, offset));
        for (let inner = flag; inner !== 3; ) {
          const frame = await frameAt(after);
          inner = frame.flag;
          after = frame.next;
        }
      }
      offset = after;
      last = `record ${count}`;
      if (count % 4096 === 0) onProgress?.(offset, source.size);
    }
  } catch (thrown) {
    if (!(thrown instanceof ImageError)) throw thrown;
    throw new DataError(
      `${source.name}: after ${last}: ${thrown.message}; with the .idx of this file beside it, the rest can still be read`,
      { cause: thrown },
    );
  }
  onProgress?.(source.size, source.size);
}

function parseFrame(bytes: Uint8Array, at: number): { flag: number; length: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const magic = view.getUint32(0, true);
  if (magic !== RECORD_MAGIC) {
    throw new ImageError(
      `no record at byte ${at}: expected the magic 0x${RECORD_MAGIC.toString(16)}, got 0x${magic.toString(16)}`,
    );
  }
  const word = view.getUint32(4, true);
  return { flag: word >>> 29, length: word & 0x1fffffff };
}

function checkOrder(flag: number, first: boolean, at: number): void {
  if (first ? flag === 0 || flag === 1 : flag === 2 || flag === 3) return;
  throw new ImageError(
    `the frame at byte ${at} has flag ${flag}; expected ${first ? '0 or 1 for the first' : '2 or 3 for a later'} piece`,
  );
}

/** `head` is the payload's first bytes, `length` all of them. */
function summarise(head: Uint8Array, length: number, offset: number): RecordSummary {
  if (length < IMAGE_HEADER) {
    throw new ImageError(
      `the record at byte ${offset} has ${length} bytes; expected a header of ${IMAGE_HEADER}`,
    );
  }
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const flag = view.getUint32(0, true);
  const imageBytes = length - IMAGE_HEADER - flag * 4;
  if (imageBytes < 0) {
    throw new ImageError(
      `the record at byte ${offset} announces ${flag} labels, more than its ${length} bytes hold`,
    );
  }
  const label = view.getFloat32(flag === 0 ? 4 : IMAGE_HEADER, true);
  const second = flag < 2 ? Number.NaN : view.getFloat32(IMAGE_HEADER + 4, true);
  return { offset, flag, label, second, imageBytes };
}

function joinParts(parts: readonly Uint8Array[], total: number): Uint8Array {
  const joined = new Uint8Array(total + 4 * (parts.length - 1));
  const view = new DataView(joined.buffer);
  let at = 0;
  for (const [i, part] of parts.entries()) {
    if (i > 0) {
      view.setUint32(at, RECORD_MAGIC, true);
      at += 4;
    }
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}

function cutShort(at: number, source: ByteSource): ImageError {
  return new ImageError(
    `the record at byte ${at} goes past the end of the file at ${source.size}; is the file whole?`,
  );
}
