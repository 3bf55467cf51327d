/** A plain tar of `identity/image.jpg`, read where its files lie. */
import { encodedFaceSet, type OpenFaceSet } from './encoded-set.ts';
import type { ByteSource, ImageDecoder } from './host.ts';
import { checkEncodedSize } from './image-header.ts';
import { type LayoutOptions, layOut } from './layout.ts';
import { collectTar, type TarFiles } from './tar.ts';

/**
 * A face set over a plain tar. The set owns the source: closing one closes the other. Throws a DataError
 * where the tar is damaged (src/data/tar.ts) or laid out otherwise (src/data/layout.ts).
 */
export async function tarFaceSet(
  source: ByteSource,
  decodeImage: ImageDecoder,
  options: LayoutOptions = {},
): Promise<OpenFaceSet> {
  return tarFilesFaceSet(source, await collectTar(source), decodeImage, options);
}

/** The same, of a tar whose headers have been walked. */
export function tarFilesFaceSet(
  source: ByteSource,
  files: TarFiles,
  decodeImage: ImageDecoder,
  options: LayoutOptions,
): OpenFaceSet {
  const layout = layOut(source.name, files.paths, files.skipped, options);
  const offsets = Float64Array.from(layout.files, (file) => files.offsets[file]!);
  const sizes = Float64Array.from(layout.files, (file) => files.sizes[file]!);
  return encodedFaceSet(
    {
      source: source.name,
      format: 'tar of identity/image',
      ...layout,
      fetch: async (index) => {
        checkEncodedSize(sizes[index]!);
        return source.read(offsets[index]!, sizes[index]!);
      },
      close: () => source.close(),
    },
    decodeImage,
  );
}
