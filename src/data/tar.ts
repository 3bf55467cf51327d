/**
 * The tar format, for random access: one walk over the headers gives each file's offset and size, and
 * pictures are then read where they lie. Old (v7), POSIX ustar, pax and GNU long names are understood.
 *
 * Nothing is guessed: a header whose checksum is wrong, an entry that is cut short and an archive without
 * its end marker are errors, because a half-downloaded data set looks just like a smaller one.
 */
import { DataError, type Skipped } from './errors.ts';
import { growingFloat64 } from './growable.ts';
import type { ByteSource } from './host.ts';
import { type WindowReader, windowReader } from './window.ts';

/** A plain file within a tar. */
export interface TarEntry {
  readonly path: string;
  /** Where its bytes begin, from the start of the archive. */
  readonly offset: number;
  /** Bytes. */
  readonly size: number;
}

/** The files of a tar, without an object for each. */
export interface TarFiles {
  readonly paths: readonly string[];
  /** Where each begins, bytes. */
  readonly offsets: Float64Array;
  /** Bytes of each. */
  readonly sizes: Float64Array;
  /** Links and devices, which are never followed. Folders are not counted: they hold nothing themselves. */
  readonly skipped: readonly Skipped[];
}

const BLOCK = 512;
/** Long names and pax records are read whole, so a forged size must not ask for the memory of a data set. */
const MAX_META = 1024 * 1024;

const LINKS: Readonly<Record<string, string>> = { '1': 'hard link', '2': 'symbolic link' };
const SPECIAL: Readonly<Record<string, string>> = {
  '3': 'character device',
  '4': 'block device',
  '6': 'fifo',
};

/** Long name, long link target, pax record, global pax record: they speak of the entry that follows. */
const META: ReadonlySet<string> = new Set(['L', 'K', 'x', 'g']);

/** What a pax or GNU record says of the entry that follows it. */
interface Override {
  path?: string;
  size?: number;
}

/** Walks a tar and returns where its files lie. Memory is 64 KiB, and the path and 16 bytes for each file. */
export async function collectTar(source: ByteSource): Promise<TarFiles> {
  const paths: string[] = [];
  const offsets = growingFloat64();
  const sizes = growingFloat64();
  const skipped: Skipped[] = [];
  for await (const entry of walkTar(source)) {
    if ('reason' in entry) skipped.push(entry);
    else {
      paths.push(entry.path);
      offsets.push(entry.offset);
      sizes.push(entry.size);
    }
  }
  return { paths, offsets: offsets.finish(), sizes: sizes.finish(), skipped };
}

/**
 * The files of a tar in their order and, as skipped, its links and devices. Memory is a window of 64 KiB, which
 * callers may share to read small files on the way. Throws a DataError that names the entry for a bad
 * checksum, truncation, or a form it does not read.
 */
export async function* walkTar(
  source: ByteSource,
  read: WindowReader = windowReader(source),
): AsyncGenerator<TarEntry | Skipped> {
  const readBlock = blockReader(source, read);
  let next: Override = {};
  let last = 'the start';
  let offset = 0;
  for (;;) {
    const header = await readBlock(offset, last);
    if (isZero(header)) {
      await checkEnd(source, readBlock, offset, last);
      return;
    }
    checkSum(source, header, offset, last);
    const type = String.fromCharCode(header[156]!);
    const meta = META.has(type);
    const path = (meta ? undefined : next.path) ?? headerPath(header);
    const stated = (meta ? undefined : next.size) ?? headerNumber(source, header, 124, 12, path);
    const size = type in LINKS ? 0 : stated;
    const data = offset + BLOCK;
    if (data + size > source.size) {
      throw new DataError(
        `${source.name}: cut short in ${path}: its ${size} bytes begin at ${data} and the file ends at ${source.size}; ` +
          'fetch or pack the archive again',
      );
    }

    if (meta) {
      const record = await readMeta(source, data, size, path);
      next = { ...next, ...metaOverride(source, type, record, path) };
    } else {
      if (type === '0' || type === '\0' || type === '7') {
        // Archives older than ustar mark a folder by a slash at the end of its name.
        if (!path.endsWith('/')) yield { path, offset: data, size };
      } else if (type !== '5') {
        const reason = LINKS[type] ?? SPECIAL[type];
        if (reason === undefined) {
          throw new DataError(
            `${source.name}: ${path} is of tar type ${JSON.stringify(type)}, which is not read here; ` +
              'pack the set anew as plain files',
          );
        }
        yield { name: path, reason };
      }
      next = {};
    }
    last = path;
    offset = data + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** Reads single blocks, and knows what it means that there is none. */
function blockReader(source: ByteSource, read: WindowReader) {
  return async (offset: number, after: string): Promise<Uint8Array> => {
    if (offset + BLOCK > source.size) {
      throw new DataError(
        `${source.name}: cut short after ${after}: expected a header or the two zero blocks that end a tar ` +
          `at byte ${offset}, and the file ends at ${source.size}; fetch or pack the archive again`,
      );
    }
    return read(offset, BLOCK);
  };
}

/** After the first zero block: only zeros may follow. Two tars joined end to end would lose the second. */
async function checkEnd(
  source: ByteSource,
  readBlock: (offset: number, after: string) => Promise<Uint8Array>,
  end: number,
  last: string,
): Promise<void> {
  for (let offset = end + BLOCK; offset + BLOCK <= source.size; offset += BLOCK) {
    if (!isZero(await readBlock(offset, last))) {
      throw new DataError(
        `${source.name}: bytes follow the end of the archive at ${offset} (after ${last}); expected zeros. ` +
          'Two archives joined end to end? Pack them as one',
      );
    }
  }
}

function isZero(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

function checkSum(source: ByteSource, header: Uint8Array, offset: number, last: string): void {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    // The sum is taken with its own field as spaces. Some old tars summed signed bytes.
    const byte = i >= 148 && i < 156 ? 32 : header[i]!;
    unsigned += byte;
    signed += byte > 127 ? byte - 256 : byte;
  }
  const digits = fieldText(header, 148, 8).trim();
  const stated = /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1;
  if (stated === unsigned || stated === signed) return;
  const gzip = header[0] === 0x1f && header[1] === 0x8b;
  throw new DataError(
    gzip && offset === 0
      ? `${source.name}: is gzip-compressed; expected a plain tar, for random access. Unpack it with gunzip first`
      : `${source.name}: no tar header at byte ${offset} (after ${last}): its checksum should be ${unsigned}, ` +
          `got ${JSON.stringify(digits)}; the file is damaged or is not a tar`,
  );
}

function headerPath(header: Uint8Array): string {
  const name = fieldText(header, 0, 100);
  // GNU's own magic is 'ustar  ', and its bytes from 345 are times, not a prefix.
  const posix = fieldText(header, 257, 6) === 'ustar' && header[262] === 0;
  const prefix = posix ? fieldText(header, 345, 155) : '';
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** An octal number in ASCII or, for GNU's large files, big-endian with the top bit set. */
function headerNumber(
  source: ByteSource,
  header: Uint8Array,
  at: number,
  length: number,
  path: string,
): number {
  if ((header[at]! & 0x80) !== 0) {
    let value = header[at]! & 0x7f;
    for (let i = 1; i < length; i++) value = value * 256 + header[at + i]!;
    if (Number.isSafeInteger(value)) return value;
  } else {
    const digits = fieldText(header, at, length).trim();
    if (/^[0-7]*$/.test(digits)) return digits === '' ? 0 : Number.parseInt(digits, 8);
  }
  throw new DataError(`${source.name}: ${path} has no readable size in its header; the file is damaged`);
}

function fieldText(header: Uint8Array, at: number, length: number): string {
  return textOf(header.subarray(at, at + length));
}

/** UTF-8 up to the first NUL. */
function textOf(bytes: Uint8Array): string {
  const nul = bytes.indexOf(0);
  return new TextDecoder().decode(nul < 0 ? bytes : bytes.subarray(0, nul));
}

async function readMeta(source: ByteSource, at: number, size: number, path: string): Promise<Uint8Array> {
  if (size > MAX_META) {
    throw new DataError(
      `${source.name}: ${path} is a name record of ${size} bytes; expected at most ${MAX_META}`,
    );
  }
  return source.read(at, size);
}

/** The path and size that a meta record gives the next entry. */
function metaOverride(source: ByteSource, type: string, record: Uint8Array, path: string): Override {
  if (type === 'L') return { path: textOf(record) };
  if (type === 'K') return {}; // the target of a link, and links are not followed
  const override: Override = {};
  for (const [key, value] of paxRecords(source, record, path)) {
    if (key.startsWith('GNU.sparse')) {
      throw new DataError(
        `${source.name}: ${path} announces a sparse file; pack the set anew as plain files`,
      );
    }
    if (key !== 'path' && key !== 'size') continue;
    if (type === 'g') {
      throw new DataError(
        `${source.name}: a global pax record sets ${key} for every entry; pack the set anew`,
      );
    }
    if (key === 'path') override.path = value;
    else if (/^\d+$/.test(value) && Number.isSafeInteger(Number(value))) override.size = Number(value);
    else
      throw new DataError(
        `${source.name}: ${path} has the pax size ${JSON.stringify(value)}; expected digits`,
      );
  }
  return override;
}

/** Pax records: `length key=value\n`, where length counts the whole record in bytes. */
function paxRecords(source: ByteSource, record: Uint8Array, path: string): [string, string][] {
  const found: [string, string][] = [];
  let at = 0;
  while (at < record.length && record[at] !== 0) {
    const space = record.indexOf(0x20, at);
    const digits = space < 0 ? '' : new TextDecoder().decode(record.subarray(at, space));
    const length = /^\d{1,7}$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = record.indexOf(0x3d, space);
    if (length === 0 || end > record.length || record[end - 1] !== 0x0a || equals < 0 || equals >= end) {
      throw new DataError(
        `${source.name}: the pax record ${path} is malformed at byte ${at}; the file is damaged`,
      );
    }
    const decoder = new TextDecoder();
    found.push([
      decoder.decode(record.subarray(space + 1, equals)),
      decoder.decode(record.subarray(equals + 1, end - 1)),
    ]);
    at = end;
  }
  return found;
}
