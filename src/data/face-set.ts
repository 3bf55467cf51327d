/**
 * A face set: people, and pictures of them that are decoded only when asked for.
 *
 * Every reader (a tar, a folder, the synthetic faces) ends in this one interface, so that training,
 * attacks and evaluation never learn where pictures came from.
 */

import { DataError, firstFew } from './errors.ts';

/** Pictures of named people, read on demand. Immutable once made. */
export interface FaceSet {
  /** What reports call the set. */
  readonly name: string;
  /** One name per identity; an image's `identity` is an index into this. */
  readonly identities: readonly string[];
  /** One entry per image; `name` is unique within the set, by custom `identity/file.jpg`. */
  readonly images: readonly { readonly identity: number; readonly name: string }[];
  /** RGB bytes, height × width × 3, resized to size × size. */
  read(index: number, size: number): Promise<Uint8Array>;
}

/** Throws a DataError unless `index` is an image of `set` and `size` a positive whole number of pixels. */
export function checkRead(set: FaceSet, index: number, size: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= set.images.length) {
    throw new DataError(
      `${set.name}: no image ${index}; expected a whole number from 0 to ${set.images.length - 1}`,
    );
  }
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(`${set.name}: image size must be a positive whole number of pixels, got ${size}`);
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

  const renumbered = new Map(kept.map((old, fresh) => [old, fresh]));
  const taken = new Uint32Array(kept.length);
  const images: { identity: number; name: string }[] = [];
  const origin: number[] = [];
  for (const [index, image] of set.images.entries()) {
    const identity = renumbered.get(image.identity);
    if (identity === undefined || taken[identity]! >= mostImages) continue;
    taken[identity]!++;
    images.push({ identity, name: image.name });
    origin.push(index);
  }
  const part: FaceSet = {
    name: set.name,
    identities: kept.map((i) => set.identities[i]!),
    images,
    async read(index, size) {
      checkRead(part, index, size);
      return set.read(origin[index]!, size);
    },
  };
  return part;
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
        'leave them out of one with subset(set, { exclude }) or rename them',
    );
  }

  const images: { identity: number; name: string }[] = [];
  const origin: { set: FaceSet; index: number }[] = [];
  let base = 0;
  for (const set of sets) {
    for (const [index, image] of set.images.entries()) {
      images.push({ identity: base + image.identity, name: image.name });
      origin.push({ set, index });
    }
    base += set.identities.length;
  }
  const merged: FaceSet = {
    name,
    identities: sets.flatMap((s) => s.identities),
    images,
    async read(index, size) {
      checkRead(merged, index, size);
      const { set, index: inner } = origin[index]!;
      return set.read(inner, size);
    },
  };
  return merged;
}

/** Number of images of each identity, in the set's order of identities. */
export function imagesPerIdentity(set: FaceSet): Uint32Array {
  const counts = new Uint32Array(set.identities.length);
  for (const image of set.images) counts[image.identity]!++;
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
    images: set.images.length,
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
