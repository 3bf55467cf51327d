/**
 * LFW's pair lists (`pairs.txt`, `pairsDevTest.txt`, …): text lines of fields between tabs or spaces.
 *
 *     10  300                            folds, and pairs of each kind in a fold (a lone number: one fold)
 *     Abel_Pacheco  1  4                 same:      images 1 and 4 of a person
 *     Robert_Downey_Jr  1  Tommy_Shane_Steiner  1   different: image 1 of each
 *
 * Each fold lists its same pairs, then its different ones. Image 4 of Abel_Pacheco is the set's
 * `Abel_Pacheco/Abel_Pacheco_0004`, with any extension.
 */
import { DataError, firstFew } from './errors.ts';
import type { FaceSet } from './face-set.ts';
import type { FacePair, PairList } from './pairs.ts';

/** Fields of a line that is not blank, and its number from 1. */
interface Line {
  readonly fields: readonly string[];
  readonly number: number;
}

/**
 * Reads a pair list against a set. `listName` is for messages. Line endings and trailing blanks of any kind will do.
 * Throws a DataError with line numbers where the header does not fit the lines or a line is not a pair, and one
 * that names and counts the absent images where the set lacks some.
 */
export function readLfwPairs(text: string, set: FaceSet, listName = 'pairs.txt'): PairList {
  const lines: Line[] = [];
  for (const [i, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const trimmed = raw.trim();
    if (trimmed !== '') lines.push({ fields: trimmed.split(/\s+/), number: i + 1 });
  }
  const header = lines[0];
  const { folds, each } = readHeader(listName, header);
  const body = lines.slice(1);
  if (body.length !== folds * each * 2) {
    throw new DataError(
      `${listName}: line ${header!.number} promises ${folds} folds of ${each} same and ${each} different pairs, ` +
        `${folds * each * 2} lines; got ${body.length}, the last at line ${lines.at(-1)!.number}`,
    );
  }

  const lookUp = imageFinder(set);
  const absent = new Set<string>();
  const find = (person: string, image: number): number => {
    const index = lookUp(person, image);
    if (index === undefined) absent.add(imageName(person, image));
    return index ?? -1;
  };
  const pairs = body.map((line, i): FacePair => {
    const fold = Math.floor(i / (each * 2));
    const same = i % (each * 2) < each;
    return { ...readPair(listName, line, same, fold, find), same, fold };
  });
  if (absent.size > 0) {
    throw new DataError(
      `${listName}: ${set.name} lacks ${absent.size} of the images that the list names: ${firstFew([...absent])}; ` +
        'is it the set that the list is for, and whole?',
    );
  }
  return { pairs, folds };
}

function readHeader(listName: string, header: Line | undefined): { folds: number; each: number } {
  const numbers = header?.fields.map(wholeNumber) ?? [];
  const [first, second] = numbers;
  if (numbers.length === 1 && first) return { folds: 1, each: first };
  if (numbers.length === 2 && first && second) return { folds: first, each: second };
  throw new DataError(
    `${listName}: line ${header?.number ?? 1} should say how many folds and pairs there are, such as "10 300"; ` +
      `got ${JSON.stringify(header?.fields.join(' ') ?? '')}`,
  );
}

function readPair(
  listName: string,
  line: Line,
  same: boolean,
  fold: number,
  find: (person: string, image: number) => number,
): { a: number; b: number } {
  const { fields } = line;
  const wrong = (problem: string): DataError =>
    new DataError(
      `${listName}: line ${line.number} ${problem}; expected ${
        same ? '"name image image" (a same' : '"name image name image" (a different'
      } pair of fold ${fold + 1}), got ${JSON.stringify(fields.join(' '))}`,
    );
  if (fields.length !== (same ? 3 : 4)) throw wrong(`has ${fields.length} fields`);
  const first = wholeNumber(fields[1]!);
  const second = wholeNumber(fields[same ? 2 : 3]!);
  if (!first || !second) throw wrong('has an image number that is not 1, 2, 3, …');
  const other = same ? fields[0]! : fields[2]!;
  if (same && first === second) throw wrong('pairs an image with itself');
  if (!same && other === fields[0]) throw wrong('pairs a person with themself');
  return { a: find(fields[0]!, first), b: find(other, second) };
}

/** From a person and an image number to an index of the set, whatever the file's extension. */
function imageFinder(set: FaceSet): (person: string, image: number) => number | undefined {
  const byStem = new Map<string, number>();
  for (let i = 0; i < set.labels.length; i++) byStem.set(set.imageName(i).replace(/\.[^./]+$/, ''), i);
  return (person, image) => byStem.get(imageName(person, image));
}

function imageName(person: string, image: number): string {
  return `${person}/${person}_${String(image).padStart(4, '0')}`;
}

function wholeNumber(field: string): number | undefined {
  return /^\d{1,9}$/.test(field) ? Number(field) : undefined;
}
