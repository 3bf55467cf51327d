/**
 * Results of an attack, pair by pair as they come: what is written survives a kill at any moment. One line of JSON for
 * each pair, and its images in a file of records of fixed size beside it.
 */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { contentHash, type RunFolder } from './run-folder.ts';

/** An attack's results, images apart. */
export interface JournalEntry<T> {
  readonly index: number;
  readonly result: T;
}

/** The line that a journal begins with: what its entries follow from. */
interface Head {
  readonly hash: string;
}

export class Journal<T> {
  readonly #lines: FileHandle;
  readonly #images: FileHandle;
  readonly #linesPath: string;
  readonly #recordBytes: number;
  readonly #done: Map<number, T>;
  /** Writes follow each other, so that a line is there only when its images are. */
  #writes: Promise<void> = Promise.resolve();
  #failure: unknown;

  private constructor(
    lines: FileHandle,
    images: FileHandle,
    linesPath: string,
    recordBytes: number,
    done: Map<number, T>,
  ) {
    this.#lines = lines;
    this.#images = images;
    this.#linesPath = linesPath;
    this.#recordBytes = recordBytes;
    this.#done = done;
  }

  /**
   * Goes on with the journal of the stage at `place` if it was begun from the same `inputs`, else begins anew.
   * `recordLength` is how many f32 numbers the images of one pair have.
   */
  static async open<T>(
    run: RunFolder,
    place: readonly string[],
    inputs: unknown,
    recordLength: number,
  ): Promise<Journal<T>> {
    const hash = contentHash(inputs);
    const [linesPath, imagesPath] = [run.join(...journalPlace(place)), run.join(...imagesPlace(place))];
    const done = await readDone<T>(run, place, hash);
    await mkdir(dirname(linesPath), { recursive: true });
    const lines = await open(linesPath, done.size > 0 ? 'r+' : 'w');
    try {
      const images = await open(imagesPath, done.size > 0 ? 'r+' : 'w');
      const journal = new Journal<T>(lines, images, linesPath, recordLength * 4, done);
      // Written whole, so that a line that a kill has torn is gone.
      const text = [{ hash }, ...[...done].map(([index, result]) => ({ index, result }))];
      const bytes = Buffer.from(text.map((line) => `${JSON.stringify(line)}\n`).join(''));
      await lines.writeFile(bytes);
      await lines.truncate(bytes.length);
      return journal;
    } catch (error) {
      await lines.close();
      throw error;
    }
  }

  /** Results that are there, by index of their pair. */
  get done(): ReadonlyMap<number, T> {
    return this.#done;
  }

  /** Queues a pair's result and images; `settled` tells when all that is queued is written. */
  add(index: number, result: T, images: Float32Array): void {
    this.#done.set(index, result);
    this.#writes = this.#writes
      .then(async () => {
        if (this.#failure) return;
        const bytes = Buffer.from(images.buffer, images.byteOffset, images.byteLength);
        await this.#images.write(bytes, 0, bytes.length, index * this.#recordBytes);
        await this.#lines.appendFile(`${JSON.stringify({ index, result })}\n`);
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }

  /** Waits until everything is written; throws what went wrong in writing. */
  async settled(): Promise<void> {
    await this.#writes;
    if (this.#failure) throw this.#failure;
  }

  async close(): Promise<void> {
    await this.#writes;
    await Promise.all([this.#lines.close(), this.#images.close()]);
  }

  /** Closes and takes the lines away: the stage has its result. Images stay. */
  async finish(): Promise<void> {
    await this.close();
    await rm(this.#linesPath, { force: true });
  }
}

/** `place` is a stage's file, `….json`; its journal and images lie beside it. */
export function journalPlace(place: readonly string[]): string[] {
  return beside(place, '.journal.jsonl');
}

export function imagesPlace(place: readonly string[]): string[] {
  return beside(place, '.images.f32');
}

function beside(place: readonly string[], ending: string): string[] {
  return [...place.slice(0, -1), place.at(-1)!.replace(/\.json$/, ending)];
}

/** One record of a stage's images, or undefined where the file has no such record. */
export async function readImages(
  run: RunFolder,
  place: readonly string[],
  index: number,
  recordLength: number,
): Promise<Float32Array | undefined> {
  let file: FileHandle;
  try {
    file = await open(run.join(...imagesPlace(place)), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const values = new Float32Array(recordLength);
    const bytes = new Uint8Array(values.buffer);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, index * bytes.length);
    return bytesRead === bytes.length ? values : undefined;
  } finally {
    await file.close();
  }
}

async function readDone<T>(run: RunFolder, place: readonly string[], hash: string): Promise<Map<number, T>> {
  const bytes = await run.read(...journalPlace(place));
  const done = new Map<number, T>();
  if (!bytes) return done;
  const [head, ...lines] = new TextDecoder().decode(bytes).split('\n');
  if (parse<Head>(head)?.hash !== hash) return done;
  for (const line of lines) {
    const entry = parse<JournalEntry<T>>(line);
    if (entry) done.set(entry.index, entry.result);
  }
  return done;
}

/** A whole line of JSON, or undefined for one that was torn. */
function parse<T>(line: string | undefined): T | undefined {
  try {
    return JSON.parse(line ?? '') as T;
  } catch {
    return undefined;
  }
}
