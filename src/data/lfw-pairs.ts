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
import { DataError } from './errors.ts';
import type { FaceSet } from './face-set.ts';
import { type NamedPair, resolvePairs } from './pair-images.ts';
import type { PairList } from './pairs.ts';
import { textLines } from './read-whole.ts';

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
  return resolvePairs(parseLfwPairs(text, listName), set, listName);
}

/** The list alone: images are named `Person/Person_0001`, without an extension. Throws as `readLfwPairs` does. */
export function parseLfwPairs(text: string, listName: string): NamedPair[] {
  const lines = textLines(text, listName).map(
    (line): Line => ({ fields: line.text.split(/\s+/), number: line.number }),
  );
  const header = lines[0];
  const { folds, each } = readHeader(listName, header);
  const body = lines.slice(1);
  if (body.length !== folds * each * 2) {
    throw new DataError(
      `${listName}: line ${header!.number} promises ${folds} folds of ${each} same and ${each} different pairs, ` +
        `${folds * each * 2} lines; got ${body.length}, the last at line ${lines.at(-1)!.number}`,
    );
  }
  return body.map((line, i) => {
    const fold = Math.floor(i / (each * 2));
    const same = i % (each * 2) < each;
    return { ...readPair(listName, line, same, fold), same, fold };
  });
}

/** Whether a text begins as LFW's lists do: a line of one or two whole numbers. */
export function looksLikeLfwPairs(firstLine: string): boolean {
  return /^\d+(\s+\d+)?$/.test(firstLine.trim());
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

function readPair(listName: string, line: Line, same: boolean, fold: number): { a: string; b: string } {
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
  return { a: imageName(fields[0]!, first), b: imageName(other, second) };
}

function imageName(person: string, image: number): string {
  return `${person}/${person}_${String(image).padStart(4, '0')}`;
}

function wholeNumber(field: string): number | undefined {
  return /^\d{1,9}$/.test(field) ? Number(field) : undefined;
}
