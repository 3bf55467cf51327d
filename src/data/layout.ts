/**
 * The layout that tars and folders share: `identity/image.jpg`. Turns a heap of paths into identities and
 * images, in an order that does not depend on who packed them or on which file system they lie.
 */
import { DataError, firstFew, type Skipped } from './errors.ts';
import { nameTable } from './name-table.ts';

export interface Layout {
  /** Sorted by UTF-16 code units, so that every host numbers identities alike. */
  readonly identities: readonly string[];
  /** [images]: index into `identities`. */
  readonly labels: Int32Array;
  /** [images]: index into the paths that were given. */
  readonly files: Uint32Array;
  imageName(index: number): string;
  /** What every image's path has before its name: '' or folders that hold the whole set, with a slash at the end. */
  readonly prefix: string;
  readonly skipped: readonly Skipped[];
}

export interface LayoutOptions {
  /**
   * Take images wherever they lie, for verification, where nobody needs to know who they are: an image's
   * identity is the folder that it is in, and an image in no folder is an identity of its own.
   */
  readonly loose?: boolean;
}

const IMAGE = /\.(jpe?g|png|webp)$/i;
/** CFP sorts a person's images by pose: `001/frontal/01.jpg`. */
const POSES: ReadonlySet<string> = new Set(['frontal', 'profile']);

/** Whether a path's extension is that of an image that can be decoded. */
export function isImagePath(path: string): boolean {
  return IMAGE.test(path);
}

/**
 * `path` without `./` and doubled slashes. Throws a DataError for absolute paths and for `..`: nothing here
 * is ever unpacked, but an archive that tries is not one to trust with results.
 */
export function safePath(set: string, path: string): string {
  if (isPlain(path)) return path;
  const escapes =
    path.startsWith('/') ||
    path.startsWith('\\') ||
    /^[a-z]:[\\/]/i.test(path) ||
    path.includes('\0') ||
    (path.includes('..') && path.split(/[\\/]/).includes('..'));
  if (escapes) {
    throw new DataError(
      `${set}: entry ${JSON.stringify(path)} points outside the set; expected paths like identity/image.jpg`,
    );
  }
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');
}

/** Whether a path needs no second look: of millions, nearly all. */
function isPlain(path: string): boolean {
  const odd = ['//', './', '\\', '\0'].some((part) => path.includes(part));
  return !odd && !path.startsWith('/') && !path.endsWith('/') && !path.endsWith('.') && path[1] !== ':';
}

/**
 * Sorts files into identities. Files that are no images, and hidden ones (`.DS_Store`, `._face.jpg`), are
 * counted and skipped. Folders around all identities (`lfw/Name/…`) are looked through, and so are CFP's
 * folders of poses within each (`001/frontal/01.jpg`).
 *
 * Takes about 100 bytes per image beside its path while it sorts, and its name and 12 bytes afterwards.
 *
 * Throws a DataError for duplicates, for images that are not exactly at identity/image, and for no images.
 */
export function layOut(
  set: string,
  paths: readonly string[],
  passedOver: readonly Skipped[],
  options: LayoutOptions = {},
): Layout {
  const skipped = [...passedOver];
  const found: string[] = [];
  const origin: number[] = [];
  for (const [file, raw] of paths.entries()) {
    const path = safePath(set, raw);
    if (path.startsWith('.') || path.includes('/.')) skipped.push({ name: path, reason: 'hidden file' });
    else if (!isImagePath(path)) skipped.push({ name: path, reason: 'not a jpg, png or webp file' });
    else {
      found.push(path);
      origin.push(file);
    }
  }
  if (found.length === 0) {
    throw new DataError(
      `${set}: no images; expected identity/image.jpg (or png, webp), got ${skipped.length} other entries` +
        (skipped.length > 0 ? `: ${firstFew(skipped.map((s) => s.name))}` : ''),
    );
  }

  const { prefix, identityOf } = options.loose ? looseScheme() : strictScheme(set, found);
  const byName = new Map<string, number>();
  const provisional = Uint32Array.from(found, (path) => {
    const identity = identityOf(path);
    const known = byName.get(identity) ?? byName.size;
    byName.set(identity, known);
    return known;
  });
  const identities = [...byName.keys()].sort(compare);
  const rank = new Int32Array(identities.length);
  for (const [place, name] of identities.entries()) rank[byName.get(name)!] = place;

  const labelOf = (i: number): number => rank[provisional[i]!]!;
  const order = sortByLabel(found, labelOf, identities.length);
  for (let i = 1; i < order.length; i++) {
    const path = found[order[i]!]!;
    if (path === found[order[i - 1]!]) {
      throw new DataError(`${set}: ${path} is there twice; expected each image once, so pack the set anew`);
    }
  }
  const names = nameTable(order.length, (i) => found[order[i]!]!.slice(prefix.length));
  return {
    identities,
    labels: Int32Array.from(order, labelOf),
    files: order.map((i) => origin[i]!),
    imageName: (index) => names.at(index),
    prefix,
    skipped,
  };
}

/** Places of the paths, by label and then by path: a sort per label, since one of them all takes far longer. */
function sortByLabel(paths: readonly string[], labelOf: (i: number) => number, labels: number): Uint32Array {
  const ends = new Uint32Array(labels + 1);
  for (let i = 0; i < paths.length; i++) ends[labelOf(i) + 1]!++;
  for (let label = 0; label < labels; label++) ends[label + 1]! += ends[label]!;
  const next = ends.slice(0, labels);
  const order = new Uint32Array(paths.length);
  for (let i = 0; i < paths.length; i++) order[next[labelOf(i)]!++] = i;
  for (let label = 0; label < labels; label++) {
    order.subarray(ends[label], ends[label + 1]).sort((a, b) => compare(paths[a]!, paths[b]!));
  }
  return order;
}

interface Scheme {
  readonly prefix: string;
  readonly identityOf: (path: string) => string;
}

/** identity/image, or CFP's identity/pose/image, beneath whatever folders hold them all. */
function strictScheme(set: string, paths: readonly string[]): Scheme {
  const posed = paths.every((path) => {
    const parts = path.split('/');
    return parts.length >= 3 && POSES.has(parts.at(-2)!);
  });
  const depth = posed ? 3 : 2;
  const prefix = commonFolders(paths, depth);
  const misplaced = paths.filter((path) => countParts(path, prefix.length) !== depth);
  if (misplaced.length > 0) {
    throw new DataError(
      `${set}: ${misplaced.length} of ${paths.length} images are not at identity/image: ${firstFew(misplaced)}; ` +
        'give each person one folder, with that person’s images directly in it',
    );
  }
  return { prefix, identityOf: (path) => path.slice(prefix.length, path.indexOf('/', prefix.length)) };
}

function looseScheme(): Scheme {
  return {
    prefix: '',
    identityOf: (path) => {
      const slash = path.lastIndexOf('/');
      return slash < 0 ? path : path.slice(0, slash);
    },
  };
}

/** Leading folders that all paths share, leaving at least `depth` parts of each; '' or with a slash at the end. */
function commonFolders(paths: readonly string[], depth: number): string {
  let shared = paths[0]!.split('/').slice(0, -depth).join('/');
  if (shared !== '') shared += '/';
  for (const path of paths) {
    while (shared !== '' && !(path.startsWith(shared) && countParts(path, shared.length) >= depth)) {
      shared = shared.slice(0, shared.lastIndexOf('/', shared.length - 2) + 1);
    }
  }
  return shared;
}

/** How many parts a path has from `start` on. */
function countParts(path: string, start: number): number {
  let parts = 1;
  for (let at = path.indexOf('/', start); at >= 0; at = path.indexOf('/', at + 1)) parts++;
  return parts;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
