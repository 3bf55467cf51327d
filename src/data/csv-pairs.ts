/**
 * Pairs as a plain table, for lists of one's own:
 *
 *     image_a,image_b,same,fold
 *     Ada/1.jpg,Ada/2.jpg,1,1
 *     Ada/1.jpg,"Byron, Lord/1.jpg",0,2
 *
 * `same` is 1 or true, 0 or false. `fold` may be left out (ten folds of consecutive lines are made then), and is any
 * whole number: folds are numbered anew from 0 in its order. Other columns are passed over.
 */
import { parseCsv } from './csv.ts';
import { DataError } from './errors.ts';
import { consecutiveFold, type NamedPair } from './pair-images.ts';

const COLUMNS = ['image_a', 'image_b', 'same'];
const SAME: ReadonlyMap<string, boolean> = new Map([
  ['1', true],
  ['true', true],
  ['0', false],
  ['false', false],
]);

/** Whether a text begins as such a table does. */
export function looksLikeCsvPairs(firstLine: string): boolean {
  return /(^|,)\s*"?image_a"?\s*(,|$)/i.test(firstLine);
}

/** Reads a table of pairs. Throws a DataError that names the line and what is wrong with it. */
export function parseCsvPairs(text: string, listName: string): NamedPair[] {
  const rows = parseCsv(text, listName, COLUMNS, ['fold']);
  if (rows.length === 0) throw new DataError(`${listName}: has a header and no pairs`);
  const folded = rows[0]!.fields[3] !== '';
  const named = rows.map(({ fields, number }, i) => {
    const [a, b, sameText, foldText] = fields as [string, string, string, string];
    const same = SAME.get(sameText.toLowerCase());
    const wrong = (problem: string) => new DataError(`${listName}: line ${number} ${problem}`);
    if (a === '' || b === '') throw wrong('names no image in image_a or image_b');
    if (a === b) throw wrong(`pairs ${a} with itself`);
    if (same === undefined)
      throw wrong(`has same = ${JSON.stringify(sameText)}; expected 1, 0, true or false`);
    if (folded ? !/^\d{1,9}$/.test(foldText) : foldText !== '') {
      throw wrong(
        `has fold = ${JSON.stringify(foldText)}; expected a whole number in every line, or in none`,
      );
    }
    return { a, b, same, fold: folded ? Number(foldText) : consecutiveFold(i, rows.length) };
  });
  const order = [...new Set(named.map(({ fold }) => fold))].sort((a, b) => a - b);
  const place = new Map(order.map((fold, i) => [fold, i]));
  return named.map((pair) => ({ ...pair, fold: place.get(pair.fold)! }));
}
