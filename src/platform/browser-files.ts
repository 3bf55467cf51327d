/**
 * Files and pictures in a page, as src/data/host.ts asks for them: files that the user picked (an input with `multiple` or
 * `webkitdirectory`, or a drop), addresses that are fetched in ranges, and the browser's own decoders.
 */
import { DataError, ImageError, messageOf } from '../data/errors.ts';
import { type ByteSource, checkRange, type DataHost, type FolderSource, type Picture } from '../data/host.ts';
import { readImageHeader } from '../data/image-header.ts';
import { readWholeText } from '../data/read-whole.ts';
import { canvasRgb } from './canvas-rgb.ts';

/** A picked file, read in pieces. */
export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(name, blob.size, offset, length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
    async close() {},
  };
}

/** A file behind an address whose server answers range requests. Throws a DataError where it does not. */
export async function urlSource(url: string): Promise<ByteSource> {
  const ask = async (offset: number, length: number): Promise<Response> => {
    const range = `bytes=${offset}-${offset + length - 1}`;
    const response = await fetch(url, { headers: { Range: range } }).catch((cause: unknown) => {
      throw new DataError(`${url}: could not be fetched: ${messageOf(cause)}`, { cause });
    });
    if (response.status !== 206) {
      await response.body?.cancel();
      throw new DataError(
        `${url}: the server answered ${response.status} to a request for ${range}; expected 206, so that it need not be read whole`,
      );
    }
    return response;
  };
  const first = await ask(0, 1);
  await first.body?.cancel();
  const size = Number(/\/(\d{1,15})$/.exec(first.headers.get('content-range') ?? '')?.[1]);
  if (!Number.isSafeInteger(size)) {
    throw new DataError(
      `${url}: the server does not say how long the file is (Content-Range, exposed to this page)`,
    );
  }
  return {
    name: url,
    size,
    async read(offset, length) {
      checkRange(url, size, offset, length);
      if (length === 0) return new Uint8Array(0);
      const bytes = new Uint8Array(await (await ask(offset, length)).arrayBuffer());
      if (bytes.length === length) return bytes;
      throw new DataError(`${url}: the server sent ${bytes.length} bytes of ${length} from ${offset}`);
    },
    async close() {},
  };
}

/** Picked files by their paths (`webkitRelativePath`, or the name), as a folder of the given path. */
function pickedFolder(files: ReadonlyMap<string, Blob>, folder: string): FolderSource {
  const prefix = folder === '' || folder === '.' ? '' : `${folder.replace(/\/+$/, '')}/`;
  const beneath = (start: string): string[] =>
    [...files.keys()].filter((path) => path.startsWith(start)).sort();
  return {
    name: folder,
    async top() {
      const kinds = new Map<string, 'file' | 'folder'>();
      for (const path of beneath(prefix)) {
        const [name = '', ...rest] = path.slice(prefix.length).split('/');
        kinds.set(name, rest.length > 0 ? 'folder' : 'file');
      }
      return [...kinds].map(([name, kind]) => ({ name, kind }));
    },
    async list(under = '') {
      const start = under === '' ? prefix : `${prefix}${under}/`;
      return { paths: beneath(start).map((path) => path.slice(prefix.length)), skipped: [] };
    },
    async open(path) {
      const file = files.get(prefix + path);
      if (!file) throw new DataError(`${prefix}${path}: is not among the files that were picked`);
      return blobSource(file, prefix + path);
    },
  };
}

/**
 * What src/data's readers need, in a page: paths are those of `files` and of the folders that hold them, or addresses
 * that begin with http. Pictures are decoded by the browser, so that JPEGs and resized ones can differ a little
 * from Node's.
 */
export function browserDataHost(files: ReadonlyMap<string, Blob> = new Map()): DataHost {
  const open: DataHost['open'] = async (path) => {
    if (/^https?:\/\//.test(path)) return { kind: 'file', source: await urlSource(path) };
    const file = files.get(path);
    if (file) return { kind: 'file', source: blobSource(file, path) };
    const folder = pickedFolder(files, path);
    if ((await folder.top()).length === 0) {
      throw new DataError(`${path}: is not among the ${files.size} files that were picked`);
    }
    return { kind: 'folder', source: folder };
  };
  return {
    open,
    async readText(path) {
      const opened = await open(path);
      if (opened.kind === 'folder') throw new DataError(`${path}: is a folder; expected a text file`);
      return readWholeText(opened.source);
    },
    decodeImage: async (bytes, size) => (await decode(bytes, size)).pixels,
    decodePicture: (bytes) => decode(bytes),
  };
}

/** Decodes at a picture's own size, or squeezed into size × size. */
async function decode(bytes: Uint8Array, size?: number): Promise<Picture> {
  readImageHeader(bytes);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)]), {
      imageOrientation: 'from-image',
      premultiplyAlpha: 'none',
      ...(size === undefined ? {} : { resizeWidth: size, resizeHeight: size, resizeQuality: 'high' }),
    });
  } catch (cause) {
    throw new ImageError(`cannot be decoded: ${messageOf(cause)}`, { cause });
  }
  const { width, height } = bitmap;
  try {
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new DataError('this browser gives no 2D canvas to read pictures from');
    context.drawImage(bitmap, 0, 0);
    return { width, height, pixels: canvasRgb(context) };
  } finally {
    bitmap.close();
  }
}
