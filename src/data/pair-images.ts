/**
 * From the image paths that a list of pairs names to the images of a set. Lists were written for other folders
 * and file formats than the set may have, so a path is matched from its end, and its extension need not be the set's.
 */
import { DataError, firstFew } from './errors.ts';
import type { FaceSet } from './face-set.ts';
import type { FacePair, PairList } from './pairs.ts';

/** A pair as a list has it: two paths. */
export interface NamedPair {
  readonly a: string;
  readonly b: string;
  readonly same: boolean;
  /** From 0. */
  readonly fold: number;
}

/** How well an image of the set fits a path, and which it is. */
interface Match {
  readonly score: number;
  readonly index: number;
  readonly ambiguous: boolean;
}

/**
 * The pairs with their images found in `set`. `a/b.jpg` finds, best first, `a/b.jpg`, `a/b.png`, then an image
 * whose path ends in what the list says (`x/a/b.png`) or is what the list's path ends in (`b.png`). Takes
 * memory for the list, not for the set.
 *
 * Throws a DataError that counts and names the images that the set lacks, and one for a path that fits several
 * images equally well.
 */
export function resolvePairs(named: readonly NamedPair[], set: FaceSet, listName: string): PairList {
  const wanted = findImages(new Set(named.flatMap(({ a, b }) => [a, b])), set, listName);
  let folds = 0;
  const pairs = named.map(({ a, b, same, fold }): FacePair => {
    folds = Math.max(folds, fold + 1);
    return { a: wanted.get(a)!, b: wanted.get(b)!, same, fold };
  });
  return { pairs, folds };
}

/** Images of a set by the paths that a list gives them. Throws as `resolvePairs` does. */
export function findImages(
  paths: ReadonlySet<string>,
  set: FaceSet,
  listName: string,
): ReadonlyMap<string, number> {
  const { found, absent, ambiguous } = matchImages(paths, set);
  if (absent.length > 0) {
    throw new DataError(
      `${listName}: ${set.name} lacks ${absent.length} of the images that the list names: ${firstFew(absent)}; ` +
        'is it the set that the list is for, and whole?',
    );
  }
  if (ambiguous.length > 0) {
    throw new DataError(
      `${listName}: ${ambiguous.length} paths fit more than one image of ${set.name} each: ${firstFew(ambiguous)}; ` +
        'name them as the set does',
    );
  }
  return found;
}

export interface MatchedImages {
  /** Path → image. */
  readonly found: ReadonlyMap<string, number>;
  /** Paths that fit no image. */
  readonly absent: readonly string[];
  /** Paths that fit several equally well. */
  readonly ambiguous: readonly string[];
}

/** The image of a set that fits each path best. About 500 bytes per path, whatever the set. */
export function matchImages(paths: ReadonlySet<string>, set: FaceSet): MatchedImages {
  /** Every end of a wanted stem → the paths that end so. */
  const byEnd = new Map<string, { path: string; parts: number; extension: string }[]>();
  for (const path of paths) {
    const { parts, extension } = splitPath(path);
    for (let from = 0; from < parts.length; from++) {
      const end = parts.slice(from).join('/');
      const known = byEnd.get(end) ?? [];
      known.push({ path, parts: parts.length, extension });
      byEnd.set(end, known);
    }
  }

  const found = new Map<string, Match>();
  const offer = (path: string, score: number, index: number): void => {
    const best = found.get(path);
    if (best && best.score > score) return;
    found.set(path, { score, index, ambiguous: best?.score === score });
  };
  for (let index = 0; index < set.labels.length; index++) {
    const { parts, extension } = splitPath(set.imageName(index));
    for (let from = 0; from < parts.length; from++) {
      const end = from === 0 ? parts.join('/') : parts.slice(from).join('/');
      for (const candidate of byEnd.get(end) ?? []) {
        const shared = parts.length - from;
        // Of the two paths, one must be the end of the other: sharing a file name alone is no match.
        if (from > 0 && shared < candidate.parts) continue;
        const whole = from === 0 && shared === candidate.parts ? 1 : 0;
        const alike = candidate.extension === extension ? 2 : candidate.extension === '' ? 1 : 0;
        offer(candidate.path, shared * 8 + whole * 4 + alike, index);
      }
    }
  }

  const absent = [...paths].filter((path) => !found.has(path));
  const clear = [...found].filter(([, { ambiguous }]) => !ambiguous);
  return {
    found: new Map(clear.map(([path, { index }]) => [path, index])),
    absent,
    ambiguous: [...found].flatMap(([path, { ambiguous }]) => (ambiguous ? [path] : [])),
  };
}

/** `../Data\Images/01.JPG` → Data, Images, 01 and jpg. Paths deeper than 16 folders are matched by their last 16. */
function splitPath(path: string): { parts: string[]; extension: string } {
  const parts = path.split(/[\\/]/).filter((part) => part !== '' && part !== '.' && part !== '..');
  const file = parts.pop() ?? '';
  const dot = /\.(jpe?g|png|webp)$/i.exec(file);
  parts.push(dot ? file.slice(0, dot.index) : file);
  const extension = (dot?.[1] ?? '').toLowerCase().replace('jpeg', 'jpg');
  return { parts: parts.slice(-16), extension };
}

/**
 * The fold of pair `index` of a list that has none: ten runs of consecutive pairs, the first ones a pair longer
 * where ten does not divide them, as scikit-learn's KFold makes them and InsightFace evaluates. Fewer than ten
 * pairs are as many folds.
 */
export function consecutiveFold(index: number, count: number): number {
  const folds = Math.min(10, count);
  const size = Math.floor(count / folds);
  const longer = count % folds;
  const border = longer * (size + 1);
  return index < border ? Math.floor(index / (size + 1)) : longer + Math.floor((index - border) / size);
}
