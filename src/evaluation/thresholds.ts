/**
 * The threshold of a defence: what it takes to be accepted as somebody, chosen by how often strangers are.
 *
 * As everywhere in this folder a pair is accepted when its similarity is **greater than** the threshold.
 */
import { type Embeddings, type MatchingRule, measure, similarity } from './matching.ts';

/** Similarities of pairs of different people, of which only the highest need be kept. */
export interface ImpostorScores {
  /** How many pairs were scored. */
  readonly count: number;
  /** The highest of their similarities, descending; all of them when as long as `count`. */
  readonly top: Float64Array;
}

/**
 * The smallest threshold t at which the share of impostor pairs with similarity > t does not exceed `far`.
 *
 * That is the (k + 1)-th highest impostor similarity, k being the largest number with k / count ≤ far: with
 * a strict comparison the smallest threshold exists and is a score that was seen. Where scores tie there,
 * fewer than k are accepted.
 *
 * @param scores every impostor similarity, in any order, or the top ones from `impostorScores`
 * @param far    false accept rate in (0, 1)
 * @throws RangeError when there are too few impostor pairs to see even one false accept at `far`, or fewer
 *   top scores were kept than `far` asks for.
 */
export function thresholdAtFar(scores: Float32Array | Float64Array | ImpostorScores, far: number): number {
  if (!(far > 0 && far < 1)) {
    throw new RangeError(`thresholdAtFar: expected a false accept rate between 0 and 1, got ${far}`);
  }
  const { count, top } =
    'top' in scores ? scores : { count: scores.length, top: Float64Array.from(scores).sort().reverse() };
  // Sorting puts NaN last, so reversed it comes first.
  if (Number.isNaN(top[0])) {
    throw new RangeError('thresholdAtFar: the scores hold NaN; the network may have diverged');
  }
  const allowed = allowedAccepts(count, far);
  if (allowed < 1) {
    throw new RangeError(
      `thresholdAtFar: a false accept rate of ${far} needs at least ${Math.ceil(1 / far)} pairs of different people, ` +
        `got ${count}; use more test images or a higher false accept rate`,
    );
  }
  if (allowed >= top.length) {
    throw new RangeError(
      `thresholdAtFar: a false accept rate of ${far} over ${count} pairs needs the ${allowed + 1} highest scores, ` +
        `got ${top.length}; give impostorScores the highest rate that will be asked for`,
    );
  }
  return top[allowed]!;
}

/** The largest k with k / count ≤ far, as float64 compares them (far · count alone rounds 0.29 · 100 to 28.99…). */
function allowedAccepts(count: number, far: number): number {
  let allowed = Math.min(count, Math.floor(far * count) + 1);
  while (allowed > 0 && allowed / count > far) allowed--;
  return allowed;
}

/** What `impostorScores` should look at and keep. */
export interface ImpostorOptions {
  /** The highest false accept rate that will be asked of the scores; 1 keeps every score. */
  readonly far: number;
  /**
   * Score about this many pairs, drawn by a seeded hash of the pair, instead of all of them: the number of
   * pairs grows with the square of the number of images.
   */
  readonly sample?: { readonly pairs: number; readonly seed: number };
}

/**
 * Similarities of all pairs of images of different people.
 *
 * Memory is bounded by what `far` needs: of n pairs only the far · n highest are held, in a heap.
 *
 * @param embeddings `[members, images, features]`
 * @param identities who is shown, `[images]`
 * @throws RangeError when identities and images differ in number, or all images show one person.
 */
export function impostorScores(
  embeddings: Embeddings,
  identities: ArrayLike<number | string>,
  rule: MatchingRule,
  options: ImpostorOptions,
): ImpostorScores {
  const measured = measure(embeddings);
  const { count: images } = measured;
  if (identities.length !== images) {
    throw new RangeError(
      `impostorScores: got ${images} images and ${identities.length} identities; each image needs one`,
    );
  }
  const total = countImpostors(identities);
  if (total === 0) {
    throw new RangeError(
      `impostorScores: all ${images} images show one person, so there are no pairs of different people; ` +
        'use a test set of at least two identities',
    );
  }
  const { sample } = options;
  // A pair is drawn when its hash, uniform in [0, 2³²), is under this.
  const bar = sample && sample.pairs < total ? (sample.pairs / total) * 2 ** 32 : undefined;
  const drawn = (i: number, j: number) => bar === undefined || hashPair(i, j, sample!.seed) < bar;

  let count = total;
  if (bar !== undefined) {
    count = 0;
    forEachImpostor(identities, (i, j) => {
      if (drawn(i, j)) count++;
    });
  }
  const top = new TopScores(Math.min(count, allowedAccepts(count, options.far) + 1));
  forEachImpostor(identities, (i, j) => {
    if (drawn(i, j)) top.add(similarity(rule, measured, i, measured, j));
  });
  return { count, top: top.descending() };
}

function countImpostors(identities: ArrayLike<number | string>): number {
  const sizes = new Map<number | string, number>();
  for (let i = 0; i < identities.length; i++) sizes.set(identities[i]!, (sizes.get(identities[i]!) ?? 0) + 1);
  let pairs = (identities.length * (identities.length - 1)) / 2;
  for (const size of sizes.values()) pairs -= (size * (size - 1)) / 2;
  return pairs;
}

function forEachImpostor(
  identities: ArrayLike<number | string>,
  visit: (i: number, j: number) => void,
): void {
  for (let i = 0; i < identities.length; i++) {
    for (let j = i + 1; j < identities.length; j++) {
      if (identities[i] !== identities[j]) visit(i, j);
    }
  }
}

/** A well-mixed 32-bit hash of a pair (the finaliser of MurmurHash3 over both indices and the seed). */
function hashPair(i: number, j: number, seed: number): number {
  let h = mix(mix(seed ^ 0x9e3779b9) ^ i);
  h = mix(Math.imul(h, 31) ^ j);
  return h >>> 0;
}

function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The highest `capacity` of a stream of numbers: a binary heap whose root is the lowest kept. */
class TopScores {
  private readonly heap: Float64Array;
  private size = 0;

  constructor(capacity: number) {
    this.heap = new Float64Array(capacity);
  }

  add(score: number): void {
    if (this.size < this.heap.length) {
      this.rise(this.size++, score);
    } else if (score > this.heap[0]!) {
      this.sink(score);
    }
  }

  descending(): Float64Array {
    return this.heap.slice(0, this.size).sort().reverse();
  }

  private rise(from: number, score: number): void {
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (this.heap[parent]! <= score) break;
      this.heap[hole] = this.heap[parent]!;
      hole = parent;
    }
    this.heap[hole] = score;
  }

  private sink(score: number): void {
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= this.size) break;
      if (child + 1 < this.size && this.heap[child + 1]! < this.heap[child]!) child++;
      if (this.heap[child]! >= score) break;
      this.heap[hole] = this.heap[child]!;
      hole = child;
    }
    this.heap[hole] = score;
  }
}
