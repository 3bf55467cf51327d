/**
 * Lists of pairs by path, as AgeDB-30, CALFW and CPLFW are handed round: a pair a line, three fields between
 * blanks, the label first or last.
 *
 *     agedb_30/0_MariaCallas_35_f.jpg agedb_30/1_MariaCallas_70_f.jpg 1       (agedb_30_pair.txt)
 *     0 agedb_30_112x112/17_left.jpg agedb_30_112x112/17_right.jpg            (agedb_30_ann.txt)
 *
 * 1 means one person, 0 or -1 two. The lists have no folds: ten of consecutive lines are made.
 */
import { DataError } from './errors.ts';
import { consecutiveFold, type NamedPair } from './pair-images.ts';
import { textLines } from './read-whole.ts';

const LABEL = /^(1|0|-1)$/;

/** Which field is the label, by the first line: 'first', 'last', or neither. */
function labelPlace(line: string): 'first' | 'last' | undefined {
  const fields = line.split(/\s+/);
  if (fields.length !== 3) return undefined;
  if (LABEL.test(fields[2]!)) return 'last';
  return LABEL.test(fields[0]!) ? 'first' : undefined;
}

/** Whether a text begins as such a list does. */
export function looksLikePathPairs(firstLine: string): boolean {
  return labelPlace(firstLine.trim()) !== undefined;
}

/** Reads a list of pairs by path. Throws a DataError that names the line that is no pair, or where there is none. */
export function parsePathPairs(text: string, listName: string): NamedPair[] {
  const lines = textLines(text, listName);
  const place = labelPlace(lines[0]?.text ?? '');
  if (place === undefined) {
    throw new DataError(
      `${listName}: line ${lines[0]?.number ?? 1} is no pair; expected "path path label" or "label path path", ` +
        `where the label is 1, 0 or -1, got ${JSON.stringify(lines[0]?.text.slice(0, 200) ?? '')}`,
    );
  }
  return lines.map((line, i) => {
    const fields = line.text.split(/\s+/);
    const label = place === 'first' ? fields[0]! : fields[2]!;
    if (fields.length !== 3 || !LABEL.test(label)) {
      throw new DataError(
        `${listName}: line ${line.number} should have the label (1, 0 or -1) ${place} of three fields, as line ` +
          `${lines[0]!.number} has; got ${JSON.stringify(line.text.slice(0, 200))}. Paths with blanks need a CSV`,
      );
    }
    const [a, b] = place === 'first' ? [fields[1]!, fields[2]!] : [fields[0]!, fields[1]!];
    if (a === b) throw new DataError(`${listName}: line ${line.number} pairs ${a} with itself`);
    return { a, b, same: label === '1', fold: consecutiveFold(i, lines.length) };
  });
}
