/** Synthetic faces as a face set, and pairs of them for verification. */
import { DataError } from '../errors.ts';
import { checkIndex, checkRead, type FaceSet } from '../face-set.ts';
import { generatePairs, type PairList } from '../pairs.ts';
import { drawFace, MAX_SIZE, MIN_SIZE } from './draw-face.ts';
import { requireInteger } from './random.ts';

/** Each image has a label in memory: 4 bytes. */
const MOST_IMAGES = 5e8;

export interface SyntheticFaceSetOptions {
  /** World of faces: another seed is another set of people. */
  readonly seed: number;
  /** How many people. */
  readonly identities: number;
  readonly shotsPerIdentity: number;
  /** Number of the first person, 0 unless told. Sets of one seed whose ranges do not meet share nobody. */
  readonly firstIdentity?: number;
  /** Faces read at this size are drawn once and kept; other sizes are drawn whenever read. */
  readonly size?: number;
  /** How much the shots of a person differ, 0 to 1, the default. */
  readonly variation?: number;
}

/**
 * A face set that is drawn, not stored. Image `i` is shot `i % shotsPerIdentity` of identity
 * `⌊i / shotsPerIdentity⌋`. `read` accepts sizes from 16 to 512 pixels.
 */
export function syntheticFaceSet(options: SyntheticFaceSetOptions): FaceSet {
  const { seed, identities, shotsPerIdentity, firstIdentity = 0, size, variation } = options;
  requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('identities', identities, 1, 1e7);
  requireInteger('shotsPerIdentity', shotsPerIdentity, 1, 1e6);
  requireInteger('images (identities × shotsPerIdentity)', identities * shotsPerIdentity, 1, MOST_IMAGES);
  requireInteger('firstIdentity', firstIdentity, 0, Number.MAX_SAFE_INTEGER - identities);
  if (size !== undefined) requireInteger('size', size, MIN_SIZE, MAX_SIZE);
  const names = Array.from({ length: identities }, (_, i) => `synthetic-${seed}-${firstIdentity + i}`);
  const labels = new Int32Array(identities * shotsPerIdentity);
  for (let i = 0; i < labels.length; i++) labels[i] = Math.floor(i / shotsPerIdentity);
  const kept = new Map<number, Uint8Array>();
  const set: FaceSet = {
    name: `synthetic faces (seed ${seed}, ${identities} × ${shotsPerIdentity} from ${firstIdentity})`,
    identities: names,
    labels,
    imageName(index) {
      checkIndex(set, index);
      return `${names[labels[index]!]}/${index % shotsPerIdentity}`;
    },
    async read(index, wanted) {
      checkRead(set, index, wanted);
      const known = wanted === size ? kept.get(index) : undefined;
      // Callers own what they read, so hand out copies.
      if (known) return known.slice();
      const face = drawFace({
        seed,
        identity: firstIdentity + labels[index]!,
        shot: index % shotsPerIdentity,
        size: wanted,
        ...(variation === undefined ? {} : { variation }),
      });
      if (wanted === size) kept.set(index, face.slice());
      return face;
    },
  };
  return set;
}

export interface SyntheticPairsOptions {
  readonly seed: number;
  /** People and shots of the set that the pairs index into. */
  readonly identities: number;
  readonly shots: number;
  readonly folds: number;
  /** An even number; half of them show one person. */
  readonly pairsPerFold: number;
}

/**
 * Verification pairs for a synthetic set of `identities × shots` images: balanced, and folds share nobody.
 * `a` and `b` are images of that set. Nothing is drawn. Throws a DataError where the set is too small.
 */
export function syntheticPairs(options: SyntheticPairsOptions): PairList {
  const { seed, identities, shots, folds, pairsPerFold } = options;
  if (shots < 2 || identities < 2 * folds) {
    throw new DataError(
      `synthetic pairs: ${folds} folds need at least ${2 * folds} identities of 2 shots, got ${identities} of ${shots}`,
    );
  }
  const set = syntheticFaceSet({ seed, identities, shotsPerIdentity: shots });
  return generatePairs(set, { folds, pairsPerFold, seed });
}
