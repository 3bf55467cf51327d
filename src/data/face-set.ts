/**
 * A face set: people, and pictures of them that are decoded only when asked for.
 *
 * Every reader (a tar, a folder, the synthetic faces) ends in this one interface, so that training,
 * attacks and evaluation never learn where pictures came from.
 */

import { DataError, firstFew } from './errors.ts';

/**
 * Pictures of named people, read on demand. Immutable once made. What there is one of per image is a typed
 * array or a function, never an object: training sets have millions of images.
 */
export interface FaceSet {
  /** What reports call the set. */
  readonly name: string;
  /** One name per identity. */
  readonly identities: readonly string[];
  /** [images]: each image's identity, an index into `identities`. Its length is the number of images. */
  readonly labels: Int32Array;
  /** What an image is called: unique within the set, by custom `identity/file.jpg`. */
  imageName(index: number): string;
  /** RGB bytes, height × width × 3, resized to size × size. Rejects with an ImageError where it is damaged. */
  read(index: number, size: number): Promise<Uint8Array>;
  /**
   * The image's file as it is stored (JPEG, PNG or WebP), where decoding and resizing it is all that `read` does.
   * Sets that draw or align their pictures have none.
   */
  readEncoded?(index: number): Promise<Uint8Array>;
}

/** Throws a DataError unless `index` is an image of `set` and `size` a positive whole number of pixels. */
export function checkRead(set: FaceSet, index: number, size: number): void {
  checkIndex(set, index);
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(`${set.name}: image size must be a positive whole number of pixels, got ${size}`);
  }
}

/** Throws a DataError unless `index` is an image of `set`. */
export function checkIndex(set: FaceSet, index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= set.labels.length) {
    throw new DataError(
      `${set.name}: no image ${index}; expected a whole number from 0 to ${set.labels.length - 1}`,
    );
  }
}

export interface SubsetOptions {
  /** Identities to leave out. A name that the set lacks is fine: lists of leaks serve many sets. */
  readonly exclude?: readonly string[];
  /** Keep only these. A name that the set lacks is an error: a misspelling would shrink the study. */
  readonly onlyIdentities?: readonly string[];
  /** Leave out identities with fewer images than this. */
  readonly minImagesPerIdentity?: number;
  /** Keep at most this many identities, the first in the set's order, after the other filters. */
  readonly maxIdentities?: number;
  /** Keep at most this many images of each identity, the first in the set's order. */
  readonly maxImagesPerIdentity?: number;
}

/**
 * Part of a set, with its identities numbered anew from 0 in their old order; images keep their names.
 * An empty result is an error that says which filter emptied it.
 */
export function subset(set: FaceSet, options: SubsetOptions): FaceSet {
  const minimum = wholeOption(set, 'minImagesPerIdentity', options.minImagesPerIdentity, 0);
  const mostIdentities = wholeOption(set, 'maxIdentities', options.maxIdentities, Infinity);
  const mostImages = wholeOption(set, 'maxImagesPerIdentity', options.maxImagesPerIdentity, Infinity);
  const counts = imagesPerIdentity(set);
  const excluded = new Set(options.exclude ?? []);
  const only = options.onlyIdentities && new Set(options.onlyIdentities);
  if (only) {
    const known = new Set(set.identities);
    const absent = [...only].filter((name) => !known.has(name));
    if (absent.length > 0) {
      throw new DataError(
        `${set.name}: onlyIdentities names ${absent.length} identities that the set lacks: ${firstFew(absent)}; ` +
          `check their spelling against the set's ${set.identities.length} identities`,
      );
    }
  }

  const named = set.identities
    .map((_, i) => i)
    .filter((i) => {
      const name = set.identities[i]!;
      return !excluded.has(name) && (!only || only.has(name));
    });
  const frequent = named.filter((i) => counts[i]! >= minimum);
  const kept = frequent.slice(0, mostIdentities);
  if (kept.length === 0) {
    throw new DataError(
      `${set.name}: no identity is left of ${set.identities.length}: ${named.length} passed exclude and onlyIdentities, ` +
        `${frequent.length} of those have at least ${minimum} images, maxIdentities is ${mostIdentities}`,
    );
  }

  const renumbered = new Int32Array(set.identities.length).fill(-1);
  let total = 0;
  for (const [fresh, old] of kept.entries()) {
    renumbered[old] = fresh;
    total += Math.min(counts[old]!, mostImages);
  }
  const taken = new Uint32Array(kept.length);
  const labels = new Int32Array(total);
  const origin = new Uint32Array(total);
  let row = 0;
  for (let index = 0; index < set.labels.length; index++) {
    const identity = renumbered[set.labels[index]!]!;
    if (identity < 0 || taken[identity]! >= mostImages) continue;
    taken[identity]!++;
    labels[row] = identity;
    origin[row++] = index;
  }
  const identities = kept.map((i) => set.identities[i]!);
  return view(set.name, identities, labels, (index) => ({ set, index: origin[index]! }), !!set.readEncoded);
}

/** A set whose images are images of other sets. */
function view(
  name: string,
  identities: readonly string[],
  labels: Int32Array,
  origin: (index: number) => { readonly set: FaceSet; readonly index: number },
  encoded: boolean,
): FaceSet {
  const part: FaceSet = {
    name,
    identities,
    labels,
    imageName(image) {
      checkIndex(part, image);
      const { set, index } = origin(image);
      return set.imageName(index);
    },
    async read(image, size) {
      checkRead(part, image, size);
      const { set, index } = origin(image);
      return set.read(index, size);
    },
  };
  if (!encoded) return part;
  return Object.assign(part, {
    async readEncoded(image: number): Promise<Uint8Array> {
      checkIndex(part, image);
      const { set, index } = origin(image);
      if (!set.readEncoded) throw new DataError(`${set.name}: its pictures are not stored as files`);
      return set.readEncoded(index);
    },
  });
}

/**
 * The same set with each identity called `prefix` + its name, for sets that number their people from 0 and
 * are to be merged. Images keep their names.
 */
export function prefixIdentities(set: FaceSet, prefix: string): FaceSet {
  const identities = set.identities.map((name) => prefix + name);
  return view(set.name, identities, set.labels, (index) => ({ set, index }), !!set.readEncoded);
}

/**
 * Several sets as one. Identities of different sets are different people, even if they share a name:
 * a shared name is an error, since it is either a leak or a clash, and both are for a person to settle.
 */
export function mergeFaceSets(sets: readonly FaceSet[], name = sets.map((s) => s.name).join('+')): FaceSet {
  if (sets.length === 0) throw new DataError('mergeFaceSets: expected at least one set, got none');
  const owner = new Map<string, string>();
  const clashes: string[] = [];
  for (const set of sets) {
    for (const identity of set.identities) {
      const before = owner.get(identity);
      if (before !== undefined) clashes.push(`${identity} (in ${before} and ${set.name})`);
      owner.set(identity, set.name);
    }
  }
  if (clashes.length > 0) {
    throw new DataError(
      `mergeFaceSets: ${clashes.length} identity names are in more than one set: ${firstFew(clashes)}; ` +
        'leave them out of one with subset(set, { exclude }), or rename them with prefixIdentities',
    );
  }

  const labels = new Int32Array(sets.reduce((sum, set) => sum + set.labels.length, 0));
  /** First image of each set. */
  const starts: number[] = [];
  let start = 0;
  let base = 0;
  for (const set of sets) {
    for (let i = 0; i < set.labels.length; i++) labels[start + i] = base + set.labels[i]!;
    starts.push(start);
    start += set.labels.length;
    base += set.identities.length;
  }
  const origin = (image: number) => {
    const which = starts.findLastIndex((first) => first <= image);
    return { set: sets[which]!, index: image - starts[which]! };
  };
  const identities = sets.flatMap((set) => set.identities);
  return view(
    name,
    identities,
    labels,
    origin,
    sets.every((set) => set.readEncoded),
  );
}

/** Number of images of each identity, in the set's order of identities. */
export function imagesPerIdentity(set: FaceSet): Uint32Array {
  const counts = new Uint32Array(set.identities.length);
  for (const identity of set.labels) counts[identity]!++;
  return counts;
}

export interface FaceSetSummary {
  readonly name: string;
  readonly identities: number;
  readonly images: number;
  /** Images per identity. */
  readonly fewest: number;
  readonly median: number;
  readonly most: number;
  /** Identities with exactly one image: fine to test on, useless to train on. */
  readonly singles: readonly string[];
}

/** Counts that a report prints about a set. */
export function describeFaceSet(set: FaceSet): FaceSetSummary {
  const counts = imagesPerIdentity(set);
  const sorted = counts.slice().sort();
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1 ? sorted[middle]! : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
  return {
    name: set.name,
    identities: set.identities.length,
    images: set.labels.length,
    fewest: sorted[0] ?? 0,
    median,
    most: sorted.at(-1) ?? 0,
    singles: set.identities.filter((_, i) => counts[i] === 1),
  };
}

/**
 * Throws a DataError that names the identities with fewer than `minImages` images: a classifier cannot
 * learn a person from one picture, and should not find out after a night's training.
 */
export function requireTrainable(set: FaceSet, minImages = 2): void {
  const counts = imagesPerIdentity(set);
  const scarce = set.identities.filter((_, i) => counts[i]! < minImages);
  if (scarce.length > 0) {
    throw new DataError(
      `${set.name}: ${scarce.length} of ${set.identities.length} identities have fewer than ${minImages} images: ` +
        `${firstFew(scarce)}; leave them out with subset(set, { minImagesPerIdentity: ${minImages} })`,
    );
  }
}

function wholeOption(set: FaceSet, option: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < 0) {
    throw new DataError(`${set.name}: ${option} must be a whole number of at least 0, got ${value}`);
  }
  return value;
}
