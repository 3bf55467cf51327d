/** What the readers of stored images share: bytes are fetched, decoded, and blamed on the right image. */
import { ImageError, messageOf, type Skipped } from './errors.ts';
import { checkIndex, checkRead, type FaceSet } from './face-set.ts';
import type { ImageDecoder } from './host.ts';

/** A face set that holds something open, and what its reader passed over. */
export interface OpenFaceSet extends FaceSet {
  /** What the files are, in words: 'tar of identity/image'. */
  readonly format: string;
  /** Entries that are no images, links, hidden files, records that lie. */
  readonly skipped: readonly Skipped[];
  readEncoded(index: number): Promise<Uint8Array>;
  /** Lets go of the files. Subsets and merges of the set cannot be read afterwards. */
  close(): Promise<void>;
}

export interface EncodedSetParts
  extends Pick<OpenFaceSet, 'format' | 'identities' | 'labels' | 'skipped' | 'imageName' | 'close'> {
  /** The path or address of the files, for error messages. */
  readonly source: string;
  /** An image's file. Rejects with an ImageError where that image alone is damaged. */
  fetch(index: number): Promise<Uint8Array>;
}

/** Makes a set of stored images. Errors of decoding name the source and the image. */
export function encodedFaceSet(parts: EncodedSetParts, decodeImage: ImageDecoder): OpenFaceSet {
  const { source, format, identities, labels, skipped, close } = parts;
  const blamed = async <T>(index: number, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown;
      throw new ImageError(`${source}: ${parts.imageName(index)}: ${messageOf(thrown)}`, { cause: thrown });
    }
  };
  const set: OpenFaceSet = {
    name: shortName(source),
    format,
    identities,
    labels,
    skipped,
    close,
    imageName(index) {
      checkIndex(set, index);
      return parts.imageName(index);
    },
    async readEncoded(index) {
      checkIndex(set, index);
      return blamed(index, () => parts.fetch(index));
    },
    async read(index, size) {
      checkRead(set, index, size);
      return blamed(index, async () => decodeImage(await parts.fetch(index), size));
    },
  };
  return set;
}

/** `data/lfw_112.tar` → `lfw_112`, `faces_emore/train.rec` → `faces_emore`. */
export function shortName(source: string): string {
  const parts = source.split(/[\\/]/).filter((part) => part !== '' && part !== '.');
  const base = parts.at(-1) ?? source;
  if (/^train\.rec$/i.test(base) && parts.length > 1) return parts.at(-2)!;
  return base.replace(/\.(tar|rec|bin)$/i, '');
}
