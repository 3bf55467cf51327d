/**
 * Opens a face set from a path: a tar of `identity/image.jpg`, or a folder of the same layout. To teach
 * facet another format, see docs/add-a-data-set.md.
 */
import { ImageError, messageOf, type Skipped } from './errors.ts';
import { checkRead, type FaceSet } from './face-set.ts';
import type { ByteSource, DataHost, FolderSource, ImageDecoder } from './host.ts';
import { type Layout, layOut } from './layout.ts';
import { indexTar } from './tar.ts';

/** A face set that holds something open, and what its reader passed over. */
export interface OpenFaceSet extends FaceSet {
  /** Entries that are no images, links, hidden files. */
  readonly skipped: readonly Skipped[];
  /** Lets go of the file. Subsets and merges of the set cannot be read afterwards. */
  close(): Promise<void>;
}

/**
 * Opens the tar or folder at `path`; which of them it is decides the reader. Only paths and offsets are
 * held; pictures are read and decoded by `read`. Throws a DataError where it is neither, or is damaged.
 */
export async function openFaceSet(path: string, host: DataHost): Promise<OpenFaceSet> {
  const opened = await host.open(path);
  if (opened.kind === 'folder') return folderFaceSet(opened.source, host.decodeImage);
  try {
    return await tarFaceSet(opened.source, host.decodeImage);
  } catch (thrown) {
    await opened.source.close();
    throw thrown;
  }
}

/** A face set over a plain tar. The set owns the source: closing one closes the other. */
export async function tarFaceSet(source: ByteSource, decodeImage: ImageDecoder): Promise<OpenFaceSet> {
  const index = await indexTar(source);
  const files = index.entries.map((entry) => ({ path: entry.path, place: entry }));
  const layout = layOut(source.name, files, index.skipped);
  return faceSet(
    source.name,
    layout,
    decodeImage,
    ({ offset, size }) => source.read(offset, size),
    () => source.close(),
  );
}

/** A face set over a folder of folders. */
export async function folderFaceSet(source: FolderSource, decodeImage: ImageDecoder): Promise<OpenFaceSet> {
  const { paths, skipped } = await source.list();
  const files = paths.map((path) => ({ path, place: path }));
  const layout = layOut(source.name, files, skipped);
  return faceSet(
    source.name,
    layout,
    decodeImage,
    (path) => source.read(path),
    async () => {},
  );
}

function faceSet<Place>(
  sourceName: string,
  layout: Layout<Place>,
  decodeImage: ImageDecoder,
  fetchBytes: (place: Place) => Promise<Uint8Array>,
  close: () => Promise<void>,
): OpenFaceSet {
  const set: OpenFaceSet = {
    name: shortName(sourceName),
    identities: layout.identities,
    images: layout.images,
    skipped: layout.skipped,
    close,
    async read(index, size) {
      checkRead(set, index, size);
      const bytes = await fetchBytes(layout.places[index]!);
      try {
        return await decodeImage(bytes, size);
      } catch (thrown) {
        if (!(thrown instanceof ImageError)) throw thrown;
        const { name } = set.images[index]!;
        throw new ImageError(`${sourceName}: ${name}: ${messageOf(thrown)}`, { cause: thrown });
      }
    },
  };
  return set;
}

/** `data/lfw_112.tar` → `lfw_112`. */
function shortName(sourceName: string): string {
  const base = sourceName.split(/[\\/]/).filter(Boolean).at(-1) ?? sourceName;
  return base.replace(/\.tar$/i, '');
}
