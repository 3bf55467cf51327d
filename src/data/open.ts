/**
 * Opens a face set from a path: a tar of `identity/image.jpg`, or a folder of the same layout. To teach
 * facet another format, see docs/add-a-data-set.md.
 */
import type { OpenFaceSet } from './encoded-set.ts';
import { folderFaceSet } from './folder-set.ts';
import type { DataHost } from './host.ts';
import type { LayoutOptions } from './layout.ts';
import { tarFaceSet } from './tar-set.ts';

/**
 * Opens the tar or folder at `path`; which of them it is decides the reader. Only paths and offsets are
 * held; pictures are read and decoded by `read`. Throws a DataError where it is neither, or is damaged.
 */
export async function openFaceSet(
  path: string,
  host: DataHost,
  options: LayoutOptions = {},
): Promise<OpenFaceSet> {
  const opened = await host.open(path);
  if (opened.kind === 'folder') return folderFaceSet(opened.source, host.decodeImage, options);
  try {
    return await tarFaceSet(opened.source, host.decodeImage, options);
  } catch (thrown) {
    await opened.source.close();
    throw thrown;
  }
}
