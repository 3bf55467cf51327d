/** Joins the folders that shares of one study have left behind. */
import { cp, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { contentHash, type RunFolder } from './run-folder.ts';

/** Folders of a run that hold units; everything else is made from them. */
const UNIT_FOLDERS = ['defences', 'surrogates', 'directions'];

/**
 * Copies every unit's files of `parts` into `run`, and returns the configuration that they share, unchecked.
 *
 * Nothing is copied unless all fit: throws where a part is no run, where parts are of different configurations, and where
 * two hold the same file with different content, which shares that overlap would.
 */
export async function joinRuns(
  run: RunFolder,
  parts: readonly string[],
): Promise<{ readonly config: unknown; readonly name: string }> {
  const configs = await Promise.all(parts.map(readConfig));
  const [first] = configs;
  if (!first) throw new Error('merge: expected at least one run folder, got none');
  for (const [index, other] of configs.entries()) {
    const changed = Object.keys({ ...first.config, ...other.config }).filter(
      (key) => contentHash(first.config[key] ?? null) !== contentHash(other.config[key] ?? null),
    );
    if (changed.length > 0) {
      throw new Error(
        `${parts[index]} is of another configuration than ${parts[0]} (${changed.join(', ')}); join shares that were started with the same options`,
      );
    }
  }
  const owner = new Map<string, string>();
  for (const part of parts) {
    for (const path of await unitFiles(part)) {
      const before = owner.get(path);
      if (before === undefined) owner.set(path, part);
      else if (await differ(join(before, path), join(part, path))) {
        throw new Error(
          `${before} and ${part} both hold ${path}, with different content: their shares overlap. Keep the unit's folder (${dirname(path)}) in one of them only`,
        );
      }
    }
  }
  for (const [path, part] of owner) {
    const to = run.join(path);
    if (relative(to, join(part, path)) === '') continue;
    await mkdir(dirname(to), { recursive: true });
    await cp(join(part, path), to);
  }
  return first;
}

async function readConfig(part: string): Promise<{ config: Record<string, unknown>; name: string }> {
  const path = join(part, 'config.json');
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new Error(
      `${part} is not a run: it has no config.json; give folders that facet reproduce has written`,
    );
  }
  try {
    const { config, name } = JSON.parse(text) as { config: Record<string, unknown>; name: string };
    if (config && typeof config === 'object') return { config, name };
  } catch {
    // Said below, as for JSON that is something else.
  }
  throw new Error(`${path} is damaged: expected the settings of a run; put it back or run that share again`);
}

/** Every whole file of the units of a part: drafts and journals belong to stages that are not done. */
async function unitFiles(part: string): Promise<string[]> {
  const files: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(part, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && !/\.(part|journal\.jsonl)$/.test(entry.name)) files.push(path);
    }
  };
  for (const folder of UNIT_FOLDERS) {
    if (await isFolder(join(part, folder))) await walk(folder);
  }
  return files;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function differ(left: string, right: string): Promise<boolean> {
  if (relative(left, right) === '') return false;
  const [a, b] = await Promise.all([readFile(left), readFile(right)]);
  return !a.equals(b);
}
