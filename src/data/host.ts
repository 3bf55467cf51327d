/**
 * What the readers of this room need from the host they run on. `src/platform/node-files.ts` offers it in
 * Node; a page can offer the same over `fetch` with ranges or a picked `File`.
 */
import { DataError, type Skipped } from './errors.ts';

/** A file that is read in pieces. */
export interface ByteSource {
  /** For error messages: a path or an address. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; rejects where the source has fewer. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A folder of files. */
export interface FolderSource {
  readonly name: string;
  /** What lies directly in it, sorted by name. Unlike `list`, links are followed: there is no loop in one level. */
  top(): Promise<readonly FolderEntry[]>;
  /**
   * Paths of all plain files beneath it, or beneath a folder `under` it, relative to it and with '/', and what was
   * passed over (links, devices).
   */
  list(under?: string): Promise<{ readonly paths: readonly string[]; readonly skipped: readonly Skipped[] }>;
  /** A file to read in pieces, by its path within the folder. */
  open(path: string): Promise<ByteSource>;
}

export interface FolderEntry {
  readonly name: string;
  /** What a link leads to; devices, and links that lead nowhere, are `other`. */
  readonly kind: 'file' | 'folder' | 'other';
}

/** Encoded image → RGB bytes, size × size × 3. Rejects with an ImageError where it cannot. */
export type ImageDecoder = (bytes: Uint8Array, size: number) => Promise<Uint8Array>;

/** A picture in memory. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB bytes, height × width × 3. */
  readonly pixels: Uint8Array;
}

/** Encoded image → its pixels at its own size. Rejects with an ImageError where it cannot. */
export type PictureDecoder = (bytes: Uint8Array) => Promise<Picture>;

/** Files and pictures, as a host offers them. */
export interface DataHost {
  open(
    path: string,
  ): Promise<
    | { readonly kind: 'file'; readonly source: ByteSource }
    | { readonly kind: 'folder'; readonly source: FolderSource }
  >;
  /** A whole UTF-8 text file. */
  readText(path: string): Promise<string>;
  readonly decodeImage: ImageDecoder;
  readonly decodePicture: PictureDecoder;
}

/** Bytes in memory as a source. */
export function memorySource(bytes: Uint8Array, name = 'bytes in memory'): ByteSource {
  return {
    name,
    size: bytes.length,
    async read(offset, length) {
      checkRange(name, bytes.length, offset, length);
      return bytes.subarray(offset, offset + length);
    },
    async close() {},
  };
}

/** Throws a DataError unless offset … offset + length lies within `size` bytes. */
export function checkRange(name: string, size: number, offset: number, length: number): void {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) {
    throw new DataError(`${name}: cannot read bytes ${offset} to ${offset + length}; it has ${size}`);
  }
}
