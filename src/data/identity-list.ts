/** Lists of identities as a command line gives them: `--exclude 7398,7261` or `--exclude @leaks.txt`. */
import { DataError } from './errors.ts';

/**
 * Names from a comma-separated list or, after `@`, from a text file with one name a line, where blank lines and
 * lines that begin with `#` say nothing. Doubles are dropped. Throws a DataError for an empty list: a filter
 * that filters nothing was not what was meant.
 */
export async function parseIdentityList(
  argument: string,
  readText: (path: string) => Promise<string>,
): Promise<readonly string[]> {
  const fromFile = argument.startsWith('@');
  const text = fromFile ? await readText(argument.slice(1)) : argument;
  const names = (fromFile ? text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/) : text.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !(fromFile && name.startsWith('#')));
  if (names.length === 0) {
    throw new DataError(
      `identity list ${JSON.stringify(argument)} names no one; expected "name,name" or "@file" with one name a line`,
    );
  }
  return [...new Set(names)];
}
