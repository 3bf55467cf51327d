/** Opens any list of pairs: what it is decides the reader, and every reader ends in the one type below. */
import { type BinSet, binSet, looksLikeBin } from './bin-set.ts';
import { type CfpProtocol, looksLikeCfp, readCfpPairs } from './cfp-pairs.ts';
import { looksLikeCsvPairs, parseCsvPairs } from './csv-pairs.ts';
import { shortName } from './encoded-set.ts';
import { DataError, type Skipped } from './errors.ts';
import type { FaceSet } from './face-set.ts';
import type { ByteSource, DataHost, FolderSource } from './host.ts';
import { looksLikeLfwPairs, parseLfwPairs } from './lfw-pairs.ts';
import { openFaceSet } from './open.ts';
import { type NamedPair, resolvePairs } from './pair-images.ts';
import type { PairList } from './pairs.ts';
import { looksLikePathPairs, parsePathPairs } from './path-pairs.ts';
import { readWholeText } from './read-whole.ts';

/** Pairs of images, and the images. `a` and `b` of a pair are images of `faces`. */
export interface VerificationSet extends PairList {
  /** What reports call it: 'lfw', 'agedb_30', 'pairs'. */
  readonly name: string;
  /** What the list is, in words: "LFW's pairs.txt". */
  readonly format: string;
  readonly faces: FaceSet;
  /** What the reader of the images passed over. */
  readonly skipped: readonly Skipped[];
  /** Lets go of what was opened here: not of a face set that the caller gave. */
  close(): Promise<void>;
}

export interface OpenPairsOptions {
  /**
   * The images that the list names: a set, or the path of one, which is then opened as `openFaceSet` does with
   * `loose`. Left out for an InsightFace .bin, which brings its own.
   */
  readonly images?: FaceSet | string;
}

/**
 * Opens a list of pairs and finds its images:
 *
 * - an InsightFace `.bin` (lfw.bin, cfp_fp.bin, agedb_30.bin), with its own images;
 * - LFW's `pairs.txt` and its kin (lfw-pairs.ts);
 * - AgeDB-30's lists of "path path label" or "label path path" (path-pairs.ts);
 * - a CSV with the columns image_a,image_b,same and perhaps fold (csv-pairs.ts);
 * - CFP's folder `Protocol`, for CFP-FP, or its `Protocol/Split/FF` or `…/FP` (cfp-pairs.ts).
 *
 * Throws a DataError where it is none of them or damaged, where images are needed and not given, and where the
 * set lacks some, which are counted and named.
 */
export async function openPairs(
  path: string,
  host: DataHost,
  options: OpenPairsOptions = {},
): Promise<VerificationSet> {
  const { images } = options;
  const list = await readList(path, host);
  if ('faces' in list) {
    if (images === undefined) return withOwnImages(path, list);
    await list.faces.close();
    throw new DataError(`${path}: brings its own images; leave out the set that was given with it`);
  }
  const { format, named } = list;
  if (images === undefined) {
    throw new DataError(`${path}: is ${format}, which names images and has none; say which set they are in`);
  }
  const opened = typeof images === 'string' ? await openFaceSet(images, host, { loose: true }) : undefined;
  const faces = typeof images === 'string' ? opened! : images;
  const close = async () => opened?.close();
  try {
    const found = resolvePairs(named, faces, path);
    return { ...found, name: listName(path), format, faces, skipped: opened?.skipped ?? [], close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

function withOwnImages(path: string, { faces, list }: BinSet): VerificationSet {
  const { format, skipped } = faces;
  return { ...list, name: listName(path), format, faces, skipped, close: () => faces.close() };
}

interface NamedList {
  readonly format: string;
  readonly named: readonly NamedPair[];
}

async function readList(path: string, host: DataHost): Promise<NamedList | BinSet> {
  const [, protocolFolder, protocol] = /^(?:(.*)[\\/])?Split[\\/](FF|FP)[\\/]?$/.exec(path) ?? [];
  if (protocol !== undefined) return readCfp(protocolFolder || '.', host, protocol as CfpProtocol);
  const opened = await host.open(path);
  if (opened.kind === 'folder') return readFolder(path, opened.source, host);
  const { source } = opened;
  let keepOpen = false;
  try {
    const head = await source.read(0, Math.min(HEAD, source.size));
    if (!looksLikeBin(head, path)) return await readText(source, head);
    const set = await binSet(source, host.decodeImage);
    keepOpen = true;
    return set;
  } finally {
    if (!keepOpen) await source.close();
  }
}

async function readFolder(path: string, folder: FolderSource, host: DataHost): Promise<NamedList> {
  const names = (await folder.top()).map(({ name }) => name);
  if (looksLikeCfp(names)) return { format: 'CFP-FP', named: await readCfpPairs(folder, 'FP') };
  if (names.includes('Protocol')) return readCfp(`${path}/Protocol`, host, 'FP');
  throw new DataError(
    `${path}: is a folder without Pair_list_F.txt and Split, so it is not CFP's protocol; give a list of pairs`,
  );
}

async function readCfp(path: string, host: DataHost, protocol: CfpProtocol): Promise<NamedList> {
  const opened = await host.open(path);
  if (opened.kind === 'folder') {
    return { format: `CFP-${protocol}`, named: await readCfpPairs(opened.source, protocol) };
  }
  await opened.source.close();
  throw new DataError(`${path}: is a file; expected CFP's folder with Pair_list_F.txt and Split`);
}

/** Enough for the first line of any list. */
const HEAD = 4096;

async function readText(source: ByteSource, head: Uint8Array): Promise<NamedList> {
  const firstLine = firstLineOf(head, source.name);
  const text = await readWholeText(source);
  if (looksLikeLfwPairs(firstLine)) {
    return { format: 'LFW’s list of pairs', named: parseLfwPairs(text, source.name) };
  }
  if (looksLikeCsvPairs(firstLine)) {
    return { format: 'a CSV of pairs', named: parseCsvPairs(text, source.name) };
  }
  if (looksLikePathPairs(firstLine)) {
    return { format: 'a list of pairs by path', named: parsePathPairs(text, source.name) };
  }
  throw new DataError(
    `${source.name}: begins like no list of pairs that is known: ${JSON.stringify(firstLine.slice(0, 100))}; expected ` +
      '"10 300" (LFW), "image_a,image_b,same" (CSV), "path path 1" or "1 path path" (AgeDB-30)',
  );
}

/** The first line that is not blank. The bytes may end within a character, which is replaced. */
function firstLineOf(head: Uint8Array, name: string): string {
  if (head.includes(0))
    throw new DataError(`${name}: holds bytes that no text has; expected a list of pairs`);
  const text = new TextDecoder().decode(head).replace(/^\uFEFF/, '');
  return text.split(/[\r\n]+/).find((line) => line.trim() !== '') ?? '';
}

/** `lists/agedb_30_pair.txt` → `agedb_30_pair`. */
function listName(path: string): string {
  return shortName(path).replace(/\.(txt|csv|tsv)$/i, '');
}
