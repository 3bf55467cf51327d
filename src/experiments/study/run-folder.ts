/**
 * A run's folder: where results go, and how a run that was stopped goes on. Every stage writes one file,
 * atomically, with a hash of all that it was made from; a stage whose file has the right hash is done.
 */
import { createHash } from 'node:crypto';
import { access, appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A hash of any JSON value; keys in any order give the same. */
export function contentHash(value: unknown): string {
  return createHash('sha256').update(stableJson(value)).digest('hex').slice(0, 16);
}

function stableJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stableJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return `{${entries
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, entry]) => `${JSON.stringify(key)}:${stableJson(entry)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

export class RunFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens `parent/name`. `new` takes the next free name (`tiny-2`) where it exists, so that nothing done is ever written
   * over; `there` goes on with it, and throws where it does not exist; `either` takes it as it is, for shares of one
   * study that write into one folder. The folder itself appears with the first file in it, so a run that fails before
   * leaves nothing.
   */
  static async open(parent: string, name: string, which: 'new' | 'there' | 'either'): Promise<RunFolder> {
    const wanted = join(parent, name);
    if (which === 'there' && !(await exists(wanted))) {
      throw new Error(
        `there is no run ${wanted} to go on with; leave --resume out to start it, or name another with --name`,
      );
    }
    let path = wanted;
    for (let count = 2; which === 'new' && (await exists(path)); count++)
      path = join(parent, `${name}-${count}`);
    await writing(parent, () => mkdir(parent, { recursive: true }));
    return new RunFolder(path);
  }

  join(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** The file's bytes, or undefined where there is none. */
  async read(...parts: string[]): Promise<Uint8Array | undefined> {
    try {
      return await readFile(this.join(...parts));
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Writes a file whole or not at all. */
  async write(content: string | Uint8Array, ...parts: string[]): Promise<void> {
    await writeWhole(this.join(...parts), content);
  }

  async append(text: string, ...parts: string[]): Promise<void> {
    const path = this.join(...parts);
    await writing(path, async () => {
      await mkdir(dirname(path), { recursive: true });
      await appendFile(path, text);
    });
  }

  /** The stage's result: read if it was made from the same inputs, else made and written. */
  async stage<T>(inputs: unknown, make: () => Promise<T>, ...parts: string[]): Promise<T> {
    const hash = contentHash(inputs);
    const known = await this.finished<T>(inputs, ...parts);
    if (known !== undefined) return known.result;
    const result = await make();
    await this.write(`${JSON.stringify({ hash, result })}\n`, ...parts);
    return result;
  }

  /** A stage's result if it is done. */
  async finished<T>(inputs: unknown, ...parts: string[]): Promise<{ readonly result: T } | undefined> {
    const bytes = await this.read(...parts);
    if (!bytes) return undefined;
    try {
      const parsed = JSON.parse(new TextDecoder().decode(bytes)) as { hash?: unknown; result: T };
      return parsed.hash === contentHash(inputs) ? { result: parsed.result } : undefined;
    } catch {
      // Damaged from outside: files of ours are whole or absent. Made again.
      return undefined;
    }
  }
}

/** Writes a file whole or not at all, and the folders above it. Says what to do where the disk is full or may not be written to. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  await writing(path, async () => {
    await mkdir(dirname(path), { recursive: true });
    const draft = `${path}.part`;
    try {
      await writeFile(draft, content);
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  });
}

async function writing<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOSPC' || code === 'EDQUOT') {
      throw new Error(
        `the disk is full: ${path} could not be written. What was done before is kept: free some space and go on with --resume`,
      );
    }
    if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || code === 'ENOTDIR') {
      throw new Error(`${path} cannot be written (${code}); choose another folder with --out`);
    }
    throw error;
  }
}

/** Whether there is anything at a path. */
export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
