/**
 * Which identities a step looks at: An et al., "Partial FC: Training 10 Million Identities on a Single Machine", 2021
 * (arXiv:2010.05222), and "Killing Two Birds with One Stone: Efficient and Robust Training of Face Recognition CNNs by
 * Partial FC", 2022 (arXiv:2203.15565). All identities of the batch, and of the others a fresh sample.
 *
 * As in the authors' code, where each device samples its own share of the identities, each chunk gives its fraction.
 */
import { CounterRandom, STREAM } from '../data/random.ts';

export interface ClassSamplerOptions {
  /** Identities of each chunk, as `ChunkedClassifier.sizes`. */
  readonly sizes: readonly number[];
  /** Share of each chunk's identities that a step sees, above 0 and at most 1. */
  readonly fraction: number;
  /** Most images of a batch: a chunk gives at least as many rows, since the batch may all be of it. */
  readonly batchSize: number;
  readonly seed: number;
}

export interface ClassSample {
  /** Rows of the first chunk, rising, then of the second, and so on: i32 [Σ counts]. */
  readonly rows: Int32Array;
  /** Labels as places in `rows`: i32 [N]. */
  readonly labels: Int32Array;
}

/** Draws samples of one size, so that one program serves all steps. */
export class ClassSampler {
  /** Rows that every sample has of each chunk. */
  readonly counts: readonly number[];
  readonly #sizes: readonly number[];
  readonly #batchSize: number;
  readonly #seed: number;
  /** 1 where a row of the chunk at hand is taken. */
  readonly #taken: Uint8Array;

  /** Throws a RangeError unless 0 < fraction ≤ 1, and for sizes and a batch size that are not whole numbers of at least 1. */
  constructor({ sizes, fraction, batchSize, seed }: ClassSamplerOptions) {
    if (!(fraction > 0 && fraction <= 1)) {
      throw new RangeError(`ClassSampler: expected a fraction above 0 and at most 1, got ${fraction}`);
    }
    if (sizes.length === 0 || [...sizes, batchSize].some((n) => !Number.isInteger(n) || n < 1)) {
      throw new RangeError(
        `ClassSampler: expected whole numbers of at least 1, got a batch of ${batchSize} and chunks of ${sizes.slice(0, 8).join(', ') || 'nothing'}`,
      );
    }
    this.#sizes = sizes;
    this.#batchSize = batchSize;
    this.#seed = seed;
    this.#taken = new Uint8Array(Math.max(...sizes));
    this.counts = sizes.map((size) => Math.min(size, Math.max(Math.ceil(fraction * size), batchSize)));
  }

  /**
   * The sample of one step: it follows from the seed, the step and the labels alone.
   * Throws a RangeError for more labels than the batch size, and for one that is no identity.
   */
  sample(labels: ArrayLike<number>, step: number): ClassSample {
    if (labels.length > this.#batchSize) {
      throw new RangeError(
        `ClassSampler: expected at most ${this.#batchSize} labels, the batch size, got ${labels.length}`,
      );
    }
    const classes = this.#sizes.reduce((total, size) => total + size, 0);
    for (let n = 0; n < labels.length; n++) {
      const label = labels[n]!;
      if (Number.isInteger(label) && label >= 0 && label < classes) continue;
      throw new RangeError(
        `ClassSampler: expected labels that are whole numbers from 0 to ${classes - 1}, got ${label} at ${n}`,
      );
    }
    const random = new CounterRandom(this.#seed, STREAM.classes, step);
    const rows = new Int32Array(this.counts.reduce((total, count) => total + count, 0));
    const places = new Int32Array(labels.length);
    let [firstClass, firstPlace] = [0, 0];
    for (const [chunk, size] of this.#sizes.entries()) {
      const count = this.counts[chunk]!;
      const taken = this.#taken.fill(0, 0, size);
      for (let n = 0; n < labels.length; n++) {
        const row = labels[n]! - firstClass;
        if (row >= 0 && row < size) taken[row] = 1;
      }
      drawRows(taken, size, count, random);
      let place = firstPlace;
      for (let row = 0; row < size; row++) if (taken[row]) rows[place++] = row;
      const own = rows.subarray(firstPlace, firstPlace + count);
      for (let n = 0; n < labels.length; n++) {
        const row = labels[n]! - firstClass;
        if (row >= 0 && row < size) places[n] = firstPlace + placeOf(own, row);
      }
      firstClass += size;
      firstPlace += count;
    }
    return { rows, labels: places };
  }
}

/** Takes more rows, each set of them equally likely, until `count` are taken. */
function drawRows(taken: Uint8Array, size: number, count: number, random: CounterRandom): void {
  let have = 0;
  for (let row = 0; row < size; row++) have += taken[row]!;
  if (count - have <= (size - have) / 2) {
    while (have < count) {
      const row = random.below(size);
      if (taken[row]) continue;
      taken[row] = 1;
      have++;
    }
    return;
  }
  // Most are wanted: those to be left out are drawn instead. 2 marks a row that must stay.
  for (let row = 0; row < size; row++) taken[row] = taken[row] ? 2 : 1;
  for (let left = size; left > count; ) {
    const row = random.below(size);
    if (taken[row] !== 1) continue;
    taken[row] = 0;
    left--;
  }
}

/** Where `row` stands in rising `rows`, which hold it. */
function placeOf(rows: Int32Array, row: number): number {
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}
