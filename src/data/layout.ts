/**
 * The layout that tars and folders share: `identity/image.jpg`. Turns a heap of paths into identities and
 * images, in an order that does not depend on who packed them or on which file system they lie.
 */
import { DataError, firstFew, type Skipped } from './errors.ts';

/** One file of a set: its path and whatever its reader needs to find it again. */
export interface LaidFile<Place> {
  readonly path: string;
  readonly place: Place;
}

export interface Layout<Place> {
  /** Sorted by UTF-16 code units, so that every host numbers identities alike. */
  readonly identities: readonly string[];
  readonly images: readonly { readonly identity: number; readonly name: string }[];
  /** One per image. */
  readonly places: readonly Place[];
  readonly skipped: readonly Skipped[];
}

const IMAGE = /\.(jpe?g|png|webp)$/i;

/**
 * `path` without `./` and doubled slashes. Throws a DataError for absolute paths and for `..`: nothing here
 * is ever unpacked, but an archive that tries is not one to trust with results.
 */
export function safePath(set: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const escapes =
    path.startsWith('/') ||
    path.startsWith('\\') ||
    /^[a-z]:[\\/]/i.test(path) ||
    path.includes('\0') ||
    path.split(/[\\/]/).includes('..');
  if (escapes) {
    throw new DataError(
      `${set}: entry ${JSON.stringify(path)} points outside the set; expected paths like identity/image.jpg`,
    );
  }
  return parts.join('/');
}

/**
 * Sorts files into identities. Files that are no images, and hidden ones (`.DS_Store`, `._face.jpg`), are
 * counted and skipped. One folder around all identities (`lfw/Name/…`) is looked through.
 *
 * Throws a DataError for duplicates, for images that are not exactly at identity/image, and for no images.
 */
export function layOut<Place>(
  set: string,
  files: readonly LaidFile<Place>[],
  passedOver: readonly Skipped[],
) {
  const skipped = [...passedOver];
  const seen = new Set<string>();
  const faces: { parts: string[]; place: Place }[] = [];
  for (const file of files) {
    const path = safePath(set, file.path);
    if (seen.has(path)) {
      throw new DataError(`${set}: ${path} is there twice; expected each image once, so pack the set anew`);
    }
    seen.add(path);
    const parts = path.split('/');
    if (parts.some((part) => part.startsWith('.'))) skipped.push({ name: path, reason: 'hidden file' });
    else if (!IMAGE.test(path)) skipped.push({ name: path, reason: 'not a jpg, png or webp file' });
    else faces.push({ parts, place: file.place });
  }
  if (faces.length === 0) {
    throw new DataError(
      `${set}: no images; expected identity/image.jpg (or png, webp), got ${skipped.length} other entries` +
        (skipped.length > 0 ? `: ${firstFew(skipped.map((s) => s.name))}` : ''),
    );
  }

  const top = faces[0]!.parts[0];
  const depth = faces.every((f) => f.parts.length >= 3 && f.parts[0] === top) ? 3 : 2;
  const misplaced = faces.filter((f) => f.parts.length !== depth).map((f) => f.parts.join('/'));
  if (misplaced.length > 0) {
    throw new DataError(
      `${set}: ${misplaced.length} of ${faces.length} images are not at identity/image: ${firstFew(misplaced)}; ` +
        'give each person one folder, with that person’s images directly in it',
    );
  }

  const sorted = faces
    .map(({ parts, place }) => ({ identity: parts.at(-2)!, name: parts.slice(-2).join('/'), place }))
    .sort((a, b) => compare(a.identity, b.identity) || compare(a.name, b.name));
  const identities: string[] = [];
  const images = sorted.map(({ identity, name }) => {
    if (identities.at(-1) !== identity) identities.push(identity);
    return { identity: identities.length - 1, name };
  });
  const layout: Layout<Place> = { identities, images, places: sorted.map((s) => s.place), skipped };
  return layout;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
