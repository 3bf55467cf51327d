/**
 * Opens a face set from a path, whatever it is: what lies there decides the reader. To teach facet another
 * format, see docs/add-a-data-set.md.
 */
import { binSet, looksLikeBin } from './bin-set.ts';
import { expandBraces, isBracePattern } from './brace-pattern.ts';
import type { OpenFaceSet } from './encoded-set.ts';
import { DataError, firstFew } from './errors.ts';
import { folderFaceSet } from './folder-set.ts';
import type { ByteSource, DataHost, FolderSource } from './host.ts';
import type { LayoutOptions } from './layout.ts';
import { decodeText, readWhole } from './read-whole.ts';
import { RECORD_MAGIC } from './record-io.ts';
import { type RecordFiles, recordFaceSet } from './record-set.ts';
import { collectTar } from './tar.ts';
import { tarFilesFaceSet } from './tar-set.ts';
import { looksLikeShard, webDatasetFaceSet } from './web-dataset.ts';

/** Enough to tell formats apart: a tar's first header. */
const HEAD = 512;

export interface OpenFaceSetOptions extends LayoutOptions {
  /** Hears of long openings, in bytes of what is being read; begins anew for each file. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Opens the face set at `path`:
 *
 * - a folder or a plain tar of `identity/image.jpg` (layout.ts);
 * - WebDataset: a pattern of shards (`shard-{000..099}.tar`), a folder of nothing but shards, or one (web-dataset.ts);
 * - InsightFace's `train.rec`, or the folder that holds it (record-set.ts);
 * - InsightFace's verification sets, `lfw.bin` and its kin (bin-set.ts), which `openPairs` opens with their pairs.
 *
 * Only labels, names and offsets are held; pictures are read and decoded by `read`. Throws a DataError where it is
 * none of these, or is damaged.
 */
export async function openFaceSet(
  path: string,
  host: DataHost,
  options: OpenFaceSetOptions = {},
): Promise<OpenFaceSet> {
  if (isBracePattern(path)) return openPattern(path, host, options);
  const opened = await host.open(path);
  if (opened.kind === 'folder') return openFolder(opened.source, host, options);
  const { source } = opened;
  return closingOnFailure([source], async () => {
    const head = await source.read(0, Math.min(HEAD, source.size));
    if (looksLikeBin(head, path)) return (await binSet(source, host.decodeImage)).faces;
    if (isText(head)) {
      throw new DataError(
        `${path}: is text, not images. If it is a list of pairs, open it as one, together with the set of its images`,
      );
    }
    if (isRecordFile(head)) {
      const { folder, file } = splitPath(path);
      const home = await host.open(folder);
      const siblings = home.kind === 'folder' ? await recordSiblings(home.source, file) : {};
      return openRecords({ records: source, ...siblings }, host, options);
    }
    return openTar(path, source, host, options);
  });
}

async function openFolder(
  folder: FolderSource,
  host: DataHost,
  options: OpenFaceSetOptions,
): Promise<OpenFaceSet> {
  const top = await folder.top();
  const record = chooseRecord(
    folder.name,
    top.flatMap(({ name, kind }) => (kind === 'file' && /\.rec$/i.test(name) ? [name] : [])),
  );
  if (record === undefined) {
    const shards = top.filter(({ name, kind }) => kind === 'file' && /\.tar$/i.test(name));
    // A tar beside folders is those folders, packed: people keep both.
    if (shards.length > 0 && !top.some(({ kind }) => kind === 'folder')) {
      const opened = shards.map(({ name }) => ({
        name: `${folder.name}/${name}`,
        open: () => folder.open(name),
      }));
      return webDatasetFaceSet(opened, host.decodeImage, folder.name, options.onProgress);
    }
    return folderFaceSet(folder, host.decodeImage, options);
  }
  const records = await folder.open(record);
  return closingOnFailure([records], async () =>
    openRecords({ records, ...(await recordSiblings(folder, record)) }, host, options),
  );
}

/** Every name of a pattern must be there: a missing shard is a smaller set, which nobody would notice. */
async function openPattern(
  pattern: string,
  host: DataHost,
  options: OpenFaceSetOptions,
): Promise<OpenFaceSet> {
  const shards = expandBraces(pattern).map((name) => ({ name, open: () => openFile(name, host) }));
  return webDatasetFaceSet(shards, host.decodeImage, pattern, options.onProgress);
}

async function openFile(path: string, host: DataHost): Promise<ByteSource> {
  const opened = await host.open(path);
  if (opened.kind === 'file') return opened.source;
  throw new DataError(`${path}: is a folder; expected a shard, a plain tar`);
}

async function openTar(
  path: string,
  source: ByteSource,
  host: DataHost,
  options: OpenFaceSetOptions,
): Promise<OpenFaceSet> {
  const files = await collectTar(source);
  if (!looksLikeShard(files.paths)) return tarFilesFaceSet(source, files, host.decodeImage, options);
  await source.close();
  const shard = { name: path, open: () => openFile(path, host) };
  return webDatasetFaceSet([shard], host.decodeImage, path, options.onProgress);
}

/** The .rec of a folder: `train.rec`, or the only one. */
function chooseRecord(folder: string, names: readonly string[]): string | undefined {
  const chosen = names.find((name) => name.toLowerCase() === 'train.rec') ?? names[0];
  if (names.length > 1 && chosen?.toLowerCase() !== 'train.rec') {
    throw new DataError(`${folder}: holds ${names.length} .rec files: ${firstFew(names)}; open one of them`);
  }
  return chosen;
}

/** The `.idx` and `property` that lie beside a .rec, opened and read. */
async function recordSiblings(folder: FolderSource, record: string): Promise<Omit<RecordFiles, 'records'>> {
  const names = (await folder.top()).map(({ name }) => name);
  const index = record.replace(/\.rec$/i, '.idx');
  const property = names.includes('property') ? await readProperty(folder) : undefined;
  return {
    ...(index !== record && names.includes(index) ? { index: await folder.open(index) } : {}),
    ...(property === undefined ? {} : { property }),
  };
}

async function readProperty(folder: FolderSource): Promise<string> {
  const source = await folder.open('property');
  try {
    return decodeText(await readWhole(source, 4096), source.name);
  } finally {
    await source.close();
  }
}

async function openRecords(
  files: RecordFiles,
  host: DataHost,
  options: OpenFaceSetOptions,
): Promise<OpenFaceSet> {
  try {
    return await recordFaceSet(files, host.decodeImage, options.onProgress);
  } finally {
    await files.index?.close();
  }
}

/** No byte that text has not. The header of a tar has zeros between its fields. */
function isText(head: Uint8Array): boolean {
  return head.length > 0 && head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
}

function isRecordFile(head: Uint8Array): boolean {
  return head.length >= 4 && new DataView(head.buffer, head.byteOffset).getUint32(0, true) === RECORD_MAGIC;
}

/** Runs `work`, and closes `sources` where it fails: nobody else will. */
async function closingOnFailure<T>(sources: readonly ByteSource[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    await Promise.all(sources.map((source) => source.close()));
    throw thrown;
  }
}

/** `sets/ms1m/train.rec` → `sets/ms1m` and `train.rec`. */
function splitPath(path: string): { folder: string; file: string } {
  const [, folder = '', file = path] = /^(.*[\\/])?([^\\/]*)$/s.exec(path) ?? [];
  return { folder: folder === '' ? '.' : folder, file };
}
