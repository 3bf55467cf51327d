/** Files and folders in Node, as src/data/host.ts asks for them. */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, messageOf, type Skipped } from '../data/errors.ts';
import { type ByteSource, checkRange, type FolderEntry, type FolderSource } from '../data/host.ts';
import { decodeText, MAX_TEXT_BYTES } from '../data/read-whole.ts';

/** Opens a file or folder. Throws a DataError where there is neither, or it may not be read. */
export async function openPath(
  path: string,
): Promise<{ kind: 'file'; source: ByteSource } | { kind: 'folder'; source: FolderSource }> {
  const found = await explain(path, () => stat(path));
  if (found.isDirectory()) return { kind: 'folder', source: folderSource(path) };
  if (found.isFile()) return { kind: 'file', source: await fileSource(path) };
  throw new DataError(
    `${path}: is neither a file nor a folder; give the path of a data set or a list of pairs`,
  );
}

/** A file, opened for reading in pieces. Close it when done. */
export async function fileSource(path: string): Promise<ByteSource> {
  const handle = await explain(path, () => open(path, constants.O_RDONLY));
  const { size } = await handle.stat();
  return {
    name: path,
    size,
    async read(offset, length) {
      checkRange(path, size, offset, length);
      return readFully(handle, path, offset, length);
    },
    close: () => handle.close(),
  };
}

/** A folder and everything beneath it. Links inside are passed over: a loop of links has no end. */
export function folderSource(root: string): FolderSource {
  return {
    name: root,
    async top() {
      const entries = await explain(root, () => readdir(root, { withFileTypes: true }));
      const found = await Promise.all(
        entries.map(async (entry): Promise<FolderEntry> => {
          // People link to a train.rec on another disk. One level deep there is no loop to fear.
          const real = entry.isSymbolicLink() ? await stat(join(root, entry.name)).catch(() => entry) : entry;
          const kind = real.isFile() ? 'file' : real.isDirectory() ? 'folder' : 'other';
          return { name: entry.name, kind };
        }),
      );
      return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    },
    open: (path) => fileSource(join(root, path)),
    async list(under = '') {
      const paths: string[] = [];
      const skipped: Skipped[] = [];
      const waiting = [under];
      for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
        const here = folder;
        for (const entry of await explain(join(root, here), () =>
          readdir(join(root, here), { withFileTypes: true }),
        )) {
          const path = here === '' ? entry.name : `${here}/${entry.name}`;
          if (entry.isDirectory()) waiting.push(path);
          else if (entry.isFile()) paths.push(path);
          else
            skipped.push({
              name: path,
              reason: entry.isSymbolicLink() ? 'symbolic link' : 'not a plain file',
            });
        }
      }
      return { paths, skipped };
    },
  };
}

/** A whole file. */
export async function readBytes(path: string): Promise<Uint8Array> {
  return explain(path, () => readFile(path));
}

/** A whole text file. Throws a DataError where it is not UTF-8, or far longer than a list is. */
export async function readText(path: string): Promise<string> {
  const { size } = await explain(path, () => stat(path));
  if (size > MAX_TEXT_BYTES) {
    throw new DataError(`${path}: has ${size} bytes; expected a text of at most ${MAX_TEXT_BYTES}`);
  }
  return decodeText(await readBytes(path), path);
}

async function readFully(
  handle: FileHandle,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) {
      throw new DataError(`${path}: ended at byte ${offset + done} while open; was it being written?`);
    }
    done += bytesRead;
  }
  return bytes;
}

/** Node's file errors, in words that name the path and what to do. */
async function explain<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    const advice =
      code === 'ENOENT'
        ? 'there is nothing at this path; check its spelling'
        : code === 'EACCES'
          ? 'it may not be read; check its permissions'
          : messageOf(thrown);
    throw new DataError(`${path}: ${advice}`, { cause: thrown });
  }
}
