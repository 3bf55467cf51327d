/** Small files, read whole: lists, headers, single images. A size is checked before any memory is asked for. */
import { DataError } from './errors.ts';
import type { ByteSource } from './host.ts';

/** The longest text that is read whole: 256 MiB. */
export const MAX_TEXT_BYTES = 256 * 2 ** 20;
/** Lines that a list may have, blank ones aside. */
export const MAX_LINES = 1_000_000;

/** A source from its first byte to its last. Throws a DataError for more than `most` bytes. */
export async function readWhole(source: ByteSource, most: number): Promise<Uint8Array> {
  if (source.size > most) {
    throw new DataError(
      `${source.name}: has ${source.size} bytes; expected at most ${most}. Is it the right file?`,
    );
  }
  return source.read(0, source.size);
}

/** A source as UTF-8 text, without a byte order mark. Throws a DataError where it is not UTF-8. */
export async function readWholeText(source: ByteSource): Promise<string> {
  return decodeText(await readWhole(source, MAX_TEXT_BYTES), source.name);
}

/** Bytes as UTF-8 text, without a byte order mark. */
export function decodeText(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new DataError(`${name}: is not UTF-8 text; expected a plain list, check that it is the right file`);
  }
}

/** Line `number`, from 1, of a text. */
export interface TextLine {
  /** Without blanks at its ends. */
  readonly text: string;
  readonly number: number;
}

/**
 * Lines that are not blank. Line endings of Unix, Windows and old Macs will do. Throws a DataError for more than a
 * million: each line takes some hundred bytes of memory once it is read.
 */
export function textLines(text: string, name: string): TextLine[] {
  const lines: TextLine[] = [];
  const ends = /\r\n|\n|\r|$/g;
  let number = 0;
  let start = text.startsWith('\uFEFF') ? 1 : 0;
  while (start <= text.length) {
    ends.lastIndex = start;
    const end = ends.exec(text);
    const stop = end?.index ?? text.length;
    number++;
    const trimmed = text.slice(start, stop).trim();
    if (trimmed !== '') lines.push({ text: trimmed, number });
    if (lines.length > MAX_LINES) {
      throw new DataError(`${name}: has more than ${MAX_LINES} lines; expected a shorter list, so split it`);
    }
    if (stop === text.length) break;
    start = stop + (end?.[0].length ?? 1);
  }
  return lines;
}
