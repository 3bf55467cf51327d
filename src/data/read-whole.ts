/** Small files, read whole: lists, headers, single images. A size is checked before any memory is asked for. */
import { DataError } from './errors.ts';
import type { ByteSource } from './host.ts';

/** The longest text that is read whole: 256 MiB, some millions of lines. */
export const MAX_TEXT_BYTES = 256 * 2 ** 20;

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

/** Lines that are not blank. Line endings of Unix, Windows and old Macs will do. */
export function textLines(text: string): TextLine[] {
  const lines: TextLine[] = [];
  let number = 0;
  for (const raw of text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/)) {
    number++;
    const trimmed = raw.trim();
    if (trimmed !== '') lines.push({ text: trimmed, number });
  }
  return lines;
}
