/**
 * Batches of a set that is read while the device works: this thread reads files, workers decode and augment, and the
 * batches that follow are made before they are asked for.
 */
import { AUGMENTATIONS, checkAugment } from '../augment/options.ts';
import type { BatchSource } from '../batch-source.ts';
import { allocateBatch, type Batch, type BatchOptions, batchOrder } from '../batches.ts';
import { DataError, firstFew, ImageError, messageOf } from '../errors.ts';
import type { FaceSet } from '../face-set.ts';
import { CENTRED } from '../normalise.ts';
import { type BatchOrder, checkStep } from '../sampling.ts';
import { DamageCount } from './damage.ts';
import { Lender } from './lender.ts';
import { inThread, type PictureWorkers, type StartWorkers } from './picture-workers.ts';
import { replacementsOf } from './replacements.ts';
import type { Slice, SliceResult } from './slice.ts';

export interface StreamOptions extends BatchOptions {
  /** Height and width in pixels. */
  readonly size: number;
  /** Starts what decodes and augments; without, the set decodes and the caller's thread augments. */
  readonly workers?: StartWorkers;
  /** Batches made ahead; 2 unless told, 0 for none. */
  readonly prefetch?: number;
  /**
   * A picture that cannot be decoded: `replace` it by another of the same person, the same one in every run, and count
   * it; or `fail`, rejecting with an ImageError that names it.
   */
  readonly damaged?: 'replace' | 'fail';
}

/** Pictures in a slice, at most: enough that messages to threads cost little, few enough to spread a batch. */
const SLICE = 16;
const MOST_PREFETCH = 64;

/** A batch that is being made, or is made. */
interface Making {
  readonly batch: Promise<Batch>;
  /** Nobody will ask for it: what has not begun need not. */
  isUnwanted: boolean;
}

/** What has been fetched of a picture. */
type Fetched = { readonly bytes: Uint8Array } | { readonly reason: string };

/**
 * The batches of a face set. The same bits as `loadedBatches` of the same images, whatever the number of workers and
 * whatever was asked for before.
 *
 * Holds prefetch + 1 batches, batchSize × size² × 12 bytes each; 2 × workers + 1 slices of 16 pictures at most, files
 * and pixels; and the order's 8 bytes an image. Every batch lives in one of these buffers until the `read` after it.
 */
export class StreamedBatches implements BatchSource {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** Damaged images met so far; of a run that was resumed, those since then. */
  readonly damage = new DamageCount();
  readonly #set: FaceSet;
  readonly #size: number;
  readonly #prefetch: number;
  readonly #replaces: boolean;
  readonly #order: BatchOrder;
  readonly #workers: PictureWorkers;
  readonly #perSlice: number;
  readonly #batches: Lender<Batch>;
  /** Pixels of slices. */
  readonly #slices: Lender<Float32Array<ArrayBuffer>>;
  /** By epoch × stepsPerEpoch + step. */
  readonly #making = new Map<number, Making>();
  #lent: Batch | undefined;
  #isReading = false;
  #isClosed = false;

  /** Throws a DataError for options out of range, and where the set gives no batch. */
  constructor(set: FaceSet, options: StreamOptions) {
    const { size, seed = 0, flip = true, prefetch = 2, damaged = 'replace' } = options;
    if (!Number.isInteger(size) || size < 1) {
      throw new DataError(`${set.name}: image size must be a positive whole number of pixels, got ${size}`);
    }
    if (!Number.isInteger(prefetch) || prefetch < 0 || prefetch > MOST_PREFETCH) {
      throw new DataError(
        `batches: prefetch must be a whole number from 0 to ${MOST_PREFETCH}, got ${prefetch}`,
      );
    }
    const { augment = AUGMENTATIONS.none, normalisation = CENTRED, workers = inThread } = options;
    checkAugment(augment); // before threads start
    this.#order = batchOrder(set.labels, options);
    this.batchSize = this.#order.batchSize;
    this.stepsPerEpoch = this.#order.stepsPerEpoch;
    this.#set = set;
    this.#size = size;
    this.#prefetch = prefetch;
    this.#replaces = damaged === 'replace';
    this.#workers = workers({ seed, size, flip, augment, normalisation });
    const { count } = this.#workers;
    this.#perSlice = Math.min(SLICE, Math.ceil(this.batchSize / count));
    const several = <Item>(length: number, make: () => Item) => new Lender(Array.from({ length }, make));
    this.#batches = several(prefetch + 1, () => allocateBatch(this.batchSize, size));
    // One at work and one waiting for each worker, and one being fetched.
    this.#slices = several(2 * count + 1, () => this.#pixels());
  }

  /** Prepares the batches that follow; one that does not follow the last is as right, and later. */
  async read(epoch: number, step: number): Promise<Batch> {
    checkStep(epoch, step, this.stepsPerEpoch);
    if (this.#isClosed) throw this.#closed();
    if (this.#isReading) {
      throw new DataError(`${this.#set.name}: one batch at a time; await the last read before the next`);
    }
    this.#isReading = true;
    try {
      if (this.#lent) this.#batches.giveBack(this.#lent);
      this.#lent = undefined;
      const wanted = epoch * this.stepsPerEpoch + step;
      this.#prepare(wanted);
      const making = this.#making.get(wanted)!;
      let batch: Batch;
      try {
        batch = await making.batch;
      } finally {
        this.#making.delete(wanted); // one that failed may be asked for again
      }
      if (this.#isClosed) throw this.#closed();
      this.#lent = batch;
      return batch;
    } finally {
      this.#isReading = false;
    }
  }

  /** Rejects what is under way, ends the workers. The set stays open: it is its opener's. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const under = [...this.#making.values()];
    for (const making of under) making.isUnwanted = true;
    await this.#workers.close();
    await Promise.allSettled(under.map(({ batch }) => batch));
    this.#making.clear();
  }

  #closed(): DataError {
    return new DataError(`${this.#set.name}: its batches were closed`);
  }

  /** Has batch `wanted` and those that follow it made, and forgets the others. */
  #prepare(wanted: number): void {
    const last = wanted + this.#prefetch;
    for (const [number, making] of this.#making) {
      if (number >= wanted && number <= last) continue;
      making.isUnwanted = true;
      this.#making.delete(number);
      // Its buffer comes back once nothing writes to it.
      making.batch.then((batch) => this.#batches.giveBack(batch)).catch(() => {});
    }
    for (let number = wanted; number <= last; number++) {
      if (!this.#making.has(number)) this.#making.set(number, this.#begin(number));
    }
  }

  #begin(number: number): Making {
    let making: Making | undefined;
    const isUnwanted = () => making?.isUnwanted ?? false;
    const batch = this.#make(
      Math.floor(number / this.stepsPerEpoch),
      number % this.stepsPerEpoch,
      isUnwanted,
    );
    // A failure is told to who asks for the batch; until then it must not count as unhandled.
    batch.catch(() => {});
    making = { batch, isUnwanted: false };
    return making;
  }

  /** Makes one batch. When it rejects, its buffer has been given back. */
  async #make(epoch: number, step: number, isUnwanted: () => boolean): Promise<Batch> {
    const batch = await this.#batches.take();
    try {
      if (isUnwanted()) return batch;
      const visits = new Uint32Array(this.batchSize);
      batch.fresh = this.#order.read(epoch, step, batch.rows, visits);
      const slices: Promise<void>[] = [];
      for (let from = 0; from < this.batchSize; from += this.#perSlice) {
        const places = range(from, Math.min(from + this.#perSlice, this.batchSize));
        slices.push(this.#fill(batch, places, visits, epoch, isUnwanted));
      }
      // All of them: a buffer that is given back must not be written to any more.
      const failed = (await Promise.allSettled(slices)).find((slice) => slice.status === 'rejected');
      if (failed) throw failed.reason;
      for (const [i, row] of batch.rows.entries()) batch.labels[i] = this.#set.labels[row]!;
      return batch;
    } catch (thrown) {
      this.#batches.giveBack(batch);
      throw thrown;
    }
  }

  /** Fills some places of a batch, with other images where theirs are damaged. */
  async #fill(
    batch: Batch,
    places: readonly number[],
    visits: Uint32Array,
    epoch: number,
    isUnwanted: () => boolean,
  ): Promise<void> {
    const meant = new Map(places.map((place) => [place, batch.rows[place]!]));
    let missing = places;
    for (let attempt = 0; missing.length > 0; attempt++) {
      const failures = await this.#attempt(batch, missing, visits, epoch, isUnwanted);
      for (const [place, reason] of failures) {
        if (!this.#replaces) throw new ImageError(reason);
        const image = batch.rows[place]!;
        this.damage.add(image, this.#set.imageName(image), reason);
        const first = meant.get(place)!;
        const other = replacementsOf(this.#set.labels, first)[attempt];
        if (other === undefined) {
          throw new ImageError(
            `${this.#set.name}: ${this.#set.imageName(first)} and the ${attempt} images nearest to it are damaged; ` +
              `leave them out, or repair the set. The last: ${reason}`,
          );
        }
        batch.rows[place] = other;
      }
      missing = [...failures.keys()];
    }
  }

  /** One attempt at some places of a batch. Returns those whose picture is damaged, and why. */
  async #attempt(
    batch: Batch,
    places: readonly number[],
    visits: Uint32Array,
    epoch: number,
    isUnwanted: () => boolean,
  ): Promise<Map<number, string>> {
    const failures = new Map<number, string>();
    let out = await this.#slices.take();
    try {
      if (isUnwanted()) return failures;
      const fetched = await Promise.all(places.map((place) => this.#fetch(batch.rows[place]!)));
      const files: Uint8Array[] = [];
      const whole = places.filter((place, i) => {
        const one = fetched[i]!;
        if ('bytes' in one) files.push(one.bytes);
        else failures.set(place, one.reason);
        return 'bytes' in one;
      });
      if (whole.length === 0) return failures;
      const images = Uint32Array.from(whole, (place) => batch.rows[place]!);
      const result = await this.#run({
        epoch,
        images,
        visits: Uint32Array.from(whole, (place) => visits[place]!),
        encoded: this.#workers.decodes && this.#set.readEncoded !== undefined,
        ...packed(files),
        out,
      });
      out = result.out;
      const stride = this.#size ** 2 * 3;
      for (const [i, place] of whole.entries()) {
        batch.images.set(out.subarray(i * stride, (i + 1) * stride), place * stride);
      }
      for (const { place, reason } of result.damaged) {
        const name = this.#set.imageName(images[place]!);
        failures.set(whole[place]!, `${this.#set.name}: ${name}: ${reason}`);
      }
      return failures;
    } finally {
      // A worker that was lost took the memory with it.
      this.#slices.giveBack(out.length > 0 ? out : this.#pixels());
    }
  }

  /** Room for a slice. */
  #pixels(): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#perSlice * this.#size ** 2 * 3);
  }

  /** Adds to a worker's failure which images it had. */
  async #run(slice: Slice): Promise<SliceResult> {
    const { images } = slice;
    try {
      return await this.#workers.run(slice);
    } catch (thrown) {
      const names = Array.from(images, (image) => this.#set.imageName(image));
      throw new DataError(`${this.#set.name}: ${messageOf(thrown)}, with the images ${firstFew(names)}`, {
        cause: thrown,
      });
    }
  }

  /** An image's file where workers decode; sets that draw or align their pictures have none, and give pixels. */
  async #fetch(image: number): Promise<Fetched> {
    try {
      const set = this.#set;
      const reading =
        this.#workers.decodes && set.readEncoded ? set.readEncoded(image) : set.read(image, this.#size);
      return { bytes: await reading };
    } catch (thrown) {
      if (!(thrown instanceof ImageError)) throw thrown;
      return { reason: messageOf(thrown) };
    }
  }
}

/** Files one after another, in memory of their own, which can be moved to another thread. */
function packed(files: readonly Uint8Array[]): { bytes: Uint8Array<ArrayBuffer>; ends: Uint32Array } {
  const ends = new Uint32Array(files.length);
  let total = 0;
  for (const [i, file] of files.entries()) {
    total += file.length;
    ends[i] = total;
  }
  const bytes = new Uint8Array(total);
  for (const [i, file] of files.entries()) bytes.set(file, ends[i]! - file.length);
  return { bytes, ends };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}
