/**
 * Weight vectors of very many identities, in chunks: a million of 128 numbers are 512 MB, more than one buffer of most
 * adapters may hold. Each chunk is a parameter set with an optimiser of its own, so that nothing as large as all
 * weight vectors is ever made of their gradient either. docs/many-identities.md says how a step goes.
 */
import { gather, ParameterSet, slice, type Tensor } from '../engine/index.ts';
import type { ClassifierOptions } from './classifier.ts';
import { hashName, mulberry32 } from './init.ts';

export interface ChunkedClassifierOptions extends ClassifierOptions {
  /** Identities in each chunk but the last, which holds the rest. `chunkSize` proposes a number. */
  readonly chunkSize: number;
}

/** Some weight vectors of one chunk, as a step on a sample of identities needs them. */
export interface SampledChunk {
  /** i32 [S], rows of the chunk. */
  readonly indices: Tensor;
  /** [M or 1, S, E] */
  readonly weights: Tensor;
}

export class ChunkedClassifier {
  /** One entry, `weight`, each. */
  readonly chunks: readonly ParameterSet[];
  /** Identities of each chunk. */
  readonly sizes: readonly number[];
  readonly shared: boolean;

  /**
   * Starts from the values that a `Classifier` of the same options has.
   * Throws a RangeError for fewer than two classes, and for chunks that are not a whole number of at least one.
   */
  constructor(options: ChunkedClassifierOptions) {
    const {
      name = 'classifier',
      classes,
      embeddingSize = 128,
      members = 1,
      shared = false,
      seed = 0,
    } = options;
    const { chunkSize: most } = options;
    if (!Number.isInteger(classes) || classes < 2 || !Number.isInteger(most) || most < 1) {
      throw new RangeError(
        `ChunkedClassifier: expected at least 2 classes in chunks of at least 1, both whole numbers; got ${classes} classes ` +
          `in chunks of ${most}`,
      );
    }
    this.shared = shared;
    this.sizes = Array.from({ length: Math.ceil(classes / most) }, (_, index) =>
      Math.min(most, classes - index * most),
    );
    this.chunks = this.sizes.map((size, index) => {
      const shape = [shared ? 1 : members, size, embeddingSize];
      const initial = initialRows(shape, index * most, seed, `${name}.weight`);
      return new ParameterSet(`${name}.${index}`, [{ path: 'weight', shape, initial }]);
    });
  }

  /** W by chunks: [M or 1, K_c, E] each. */
  weights(): Tensor[] {
    return this.chunks.map((chunk) => chunk.tensor('weight'));
  }

  /**
   * The weight vectors of a sample.
   *
   * @param rows i32 [Σ counts]: rows of the first chunk, then of the second, and so on, as `ClassSampler` gives them.
   * @param counts how many of each chunk.
   */
  sampled(rows: Tensor, counts: readonly number[]): SampledChunk[] {
    let start = 0;
    return this.weights().map((table, index) => {
      const end = start + (counts[index] ?? 0);
      const indices = slice(rows, [start], [end]);
      start = end;
      return { indices, weights: gather(table, indices) };
    });
  }
}

export interface ChunkSizeOptions {
  readonly embeddingSize: number;
  readonly members: number;
  readonly batchSize: number;
  /** One set of weight vectors for all members. */
  readonly shared: boolean;
  /** Most bytes of a chunk's weight vectors, and of its scores. */
  readonly bytes?: number;
}

/** Small beside any adapter's limit, and large enough that a product over a chunk fills a GPU. */
const CHUNK_BYTES = 16 * 2 ** 20;
/** Whole vec4s, and whole tiles of most kernels. */
const CHUNK_MULTIPLE = 64;

/**
 * Identities in a chunk such that its weight vectors [M or 1, K_c, E] and its scores [M, N, K_c] are at most `bytes`
 * each, in whole multiples of 64 (at least one).
 */
export function chunkSize({
  embeddingSize,
  members,
  batchSize,
  shared,
  bytes = CHUNK_BYTES,
}: ChunkSizeOptions): number {
  const perClass = 4 * Math.max(embeddingSize * (shared ? 1 : members), members * batchSize);
  return Math.max(1, Math.floor(bytes / perClass / CHUNK_MULTIPLE)) * CHUNK_MULTIPLE;
}

/** Rows from `first` on of what `uniformWeights` draws for `Classifier`: its streams are counters, so they can be entered anywhere. */
function initialRows(shape: readonly number[], first: number, seed: number, path: string): Float32Array {
  const [sets = 1, rows = 0, size = 0] = shape;
  const bound = 1 / Math.sqrt(size);
  const values = new Float32Array(sets * rows * size);
  for (let set = 0; set < sets; set++) {
    const next = mulberry32(hashName(`${seed}/${path}/${set}`) + Math.imul(first * size, MULBERRY_STEP));
    for (let i = 0; i < rows * size; i++) values[set * rows * size + i] = bound * (2 * next() - 1);
  }
  return values;
}

/** What mulberry32 adds to its state for each number. */
const MULBERRY_STEP = 0x6d2b79f5;
