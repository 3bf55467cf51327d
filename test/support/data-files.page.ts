/** Runs in the page: the data room over picked files and fetched ranges. */
import { openFaceSet, openPairs } from '../../src/data/index.ts';
import { browserDataHost, urlSource } from '../../src/platform/browser-files.ts';

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));

function picked(files: Readonly<Record<string, string>>) {
  return browserDataHost(
    new Map(Object.entries(files).map(([path, data]) => [path, new Blob([Uint8Array.from(bytesOf(data))])])),
  );
}

/** Opens a set among picked files (base64) and reads one image, and says what it is. */
export async function openPicked(
  files: Readonly<Record<string, string>>,
  path: string,
  image: number,
  size: number,
) {
  const set = await openFaceSet(path, picked(files));
  return {
    format: set.format,
    identities: set.identities,
    names: Array.from(set.labels, (_, index) => set.imageName(index)),
    pixels: [...(await set.read(image, size))],
  };
}

/** Opens a list of pairs among picked files. */
export async function openPickedPairs(files: Readonly<Record<string, string>>, path: string, images: string) {
  const { pairs, format } = await openPairs(path, picked(files), { images });
  return { pairs, format };
}

/** What goes wrong with a file. */
export async function complaint(files: Readonly<Record<string, string>>, path: string): Promise<string> {
  try {
    const set = await openFaceSet(path, picked(files));
    await set.read(0, 8);
    return '';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** Reads a range of an address, and what a server without ranges is answered. */
export async function fetchRange(url: string, offset: number, length: number) {
  try {
    const source = await urlSource(url);
    return { size: source.size, bytes: [...(await source.read(offset, length))] };
  } catch (error) {
    return { error: (error as Error).message };
  }
}
