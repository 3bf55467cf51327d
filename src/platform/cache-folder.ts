/** Where Node keeps what can be made again: the unpacked SwiftShader, the autotuner's choices. */
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TextCache } from './host.ts';

function canCreate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * `$XDG_CACHE_HOME/facet` or `~/.cache/facet`; for a user without a home, a folder of their own among
 * the temporary files. Drivers are loaded from it, so a folder made by somebody else is refused.
 */
export function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const home = join(base, 'facet');
  if (canCreate(home)) return home;
  const uid = process.getuid?.() ?? 0;
  const shared = join(tmpdir(), `facet-${uid}`);
  mkdirSync(shared, { recursive: true, mode: 0o700 });
  const { uid: owner } = lstatSync(shared);
  if (owner !== uid) {
    throw new Error(
      `cache: neither ${home} can be made nor ${shared} used (expected owner ${uid}, got ${owner}); ` +
        'set XDG_CACHE_HOME to a folder of yours',
    );
  }
  return shared;
}

/** Texts kept as files in the cache folder, each replaced in one step. */
export function openTextCache(folder: string = cacheFolder()): TextCache {
  const pathOf = (key: string): string => join(folder, `${encodeURIComponent(key)}.txt`);
  return {
    async read(key) {
      return readFile(pathOf(key), 'utf8').catch(() => undefined);
    },
    async write(key, text) {
      const path = pathOf(key);
      const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
      await mkdir(dirname(path), { recursive: true });
      await writeFile(temporary, text);
      await rename(temporary, path);
    },
  };
}
