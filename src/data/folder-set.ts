/** A folder of `identity/image.jpg`: VGGFace2, CASIA-WebFace, LFW and most sets that people make themselves. */
import { encodedFaceSet, type OpenFaceSet } from './encoded-set.ts';
import type { FolderSource, ImageDecoder } from './host.ts';
import { checkEncodedSize } from './image-header.ts';
import { type LayoutOptions, layOut } from './layout.ts';

/**
 * A face set over a folder of folders. Holds names, no pictures. Throws a DataError where the layout is
 * another one (src/data/layout.ts).
 */
export async function folderFaceSet(
  source: FolderSource,
  decodeImage: ImageDecoder,
  options: LayoutOptions = {},
): Promise<OpenFaceSet> {
  const { paths, skipped } = await source.list();
  const layout = layOut(source.name, paths, skipped, options);
  return encodedFaceSet(
    {
      source: source.name,
      format: 'folder of identity/image',
      ...layout,
      fetch: async (index) => {
        const file = await source.open(layout.prefix + layout.imageName(index));
        try {
          checkEncodedSize(file.size);
          return await file.read(0, file.size);
        } finally {
          await file.close();
        }
      },
      close: async () => {},
    },
    decodeImage,
  );
}
