/**
 * CFP's protocol (Sengupta et al. 2016, "Frontal to Profile Face Verification in the Wild"): two lists of images and,
 * for each fold, pairs of their numbers. Frontal–frontal (FF) pairs are both of the frontal list; of a
 * frontal–profile (FP) pair the first is of the frontal list and the second of the profile list.
 *
 *     Protocol/Pair_list_F.txt            "1 ../Data/Images/001/frontal/01.jpg", 5000 lines
 *     Protocol/Pair_list_P.txt            "1 ../Data/Images/001/profile/01.jpg", 2000 lines
 *     Protocol/Split/FP/01/same.txt       "1,1"; diff.txt likewise; folders 01 … 10, one per fold
 */
import { DataError, firstFew } from './errors.ts';
import type { FolderSource } from './host.ts';
import type { NamedPair } from './pair-images.ts';
import { readWholeText, textLines } from './read-whole.ts';

/** Frontal–frontal or frontal–profile. */
export type CfpProtocol = 'FF' | 'FP';

const LISTS = { F: 'Pair_list_F.txt', P: 'Pair_list_P.txt' } as const;

/** Whether a folder is CFP's Protocol, by the names of what is in it. */
export function looksLikeCfp(names: readonly string[]): boolean {
  return names.includes(LISTS.F) && names.includes('Split');
}

/**
 * The pairs of one protocol, from the folder that holds `Pair_list_F.txt` and `Split`. Throws a DataError that names the
 * file and line for numbers that the lists lack, and where files are absent.
 */
export async function readCfpPairs(folder: FolderSource, protocol: CfpProtocol): Promise<NamedPair[]> {
  const lists = {
    F: await readImageList(folder, LISTS.F),
    P: protocol === 'FP' ? await readImageList(folder, LISTS.P) : new Map<number, string>(),
  };
  const second = protocol === 'FP' ? lists.P : lists.F;
  const splits = await folder.list(`Split/${protocol}`);
  const pattern = new RegExp(`^Split/${protocol}/([^/]+)/(same|diff)\\.txt$`, 'i');
  const files = splits.paths.flatMap((path) => {
    const [, fold, kind] = pattern.exec(path) ?? [];
    return fold === undefined ? [] : [{ path, fold, same: kind!.toLowerCase() === 'same' }];
  });
  const folds = [...new Set(files.map(({ fold }) => fold))].sort();
  if (folds.length === 0 || files.length !== folds.length * 2) {
    throw new DataError(
      `${folder.name}: Split/${protocol} should have a folder per fold with same.txt and diff.txt; ` +
        `got ${files.length} such files in ${folds.length} folders: ${firstFew(files.map(({ path }) => path))}`,
    );
  }
  const named: NamedPair[] = [];
  for (const [fold, name] of folds.entries()) {
    for (const { path, same } of files.filter((file) => file.fold === name).sort((x) => (x.same ? -1 : 1))) {
      for (const [a, b] of await readNumbers(folder, path, lists.F, second)) named.push({ a, b, same, fold });
    }
  }
  return named;
}

/** Number → path. */
async function readImageList(folder: FolderSource, file: string): Promise<Map<number, string>> {
  const images = new Map<number, string>();
  const name = `${folder.name}/${file}`;
  for (const { text, number } of textLines(await readText(folder, file), name)) {
    const [, digits, path] = /^(\d{1,9})\s+(\S.*)$/.exec(text) ?? [];
    if (path === undefined || images.has(Number(digits))) {
      throw new DataError(
        `${name}: line ${number} should be a new number and an image's path; got ${JSON.stringify(text.slice(0, 200))}`,
      );
    }
    images.set(Number(digits), path);
  }
  return images;
}

async function readNumbers(
  folder: FolderSource,
  file: string,
  first: ReadonlyMap<number, string>,
  second: ReadonlyMap<number, string>,
): Promise<[string, string][]> {
  const name = `${folder.name}/${file}`;
  return textLines(await readText(folder, file), name).map(({ text, number }) => {
    const [, left, right] = /^(\d{1,9})\s*,\s*(\d{1,9})$/.exec(text) ?? [];
    const [a, b] = [first.get(Number(left)), second.get(Number(right))];
    if (a === undefined || b === undefined || a === b) {
      throw new DataError(
        `${name}: line ${number} should be two numbers of different images, such as "1,2", of the ${first.size} and ` +
          `${second.size} that the lists have; got ${JSON.stringify(text.slice(0, 200))}`,
      );
    }
    return [a, b];
  });
}

async function readText(folder: FolderSource, path: string): Promise<string> {
  const source = await folder.open(path);
  try {
    return await readWholeText(source);
  } finally {
    await source.close();
  }
}
