/**
 * InsightFace's verification sets (`lfw.bin`, `cfp_fp.bin`, `agedb_30.bin`): a pickle of `(bins, issame_list)`, where
 * `bins` holds two encoded images per pair, as bytes or NumPy arrays of bytes, and `issame_list` a boolean per pair.
 * So it is a face set and a list of pairs in one. Nothing says who is on the images, only which pairs
 * show one person.
 */
import { encodedFaceSet, type OpenFaceSet } from './encoded-set.ts';
import { DataError } from './errors.ts';
import type { ByteSource, ImageDecoder } from './host.ts';
import { checkEncodedSize } from './image-header.ts';
import { consecutiveFold } from './pair-images.ts';
import type { FacePair, PairList } from './pairs.ts';
import { readPickle } from './pickle.ts';
import { elementOf, PickleArray, type PickleValue } from './pickle-values.ts';
import { readWhole } from './read-whole.ts';

/** A .bin is read whole; LFW's has 61 MB. */
const MAX_BIN_BYTES = 2 ** 30;

export interface BinSet {
  /**
   * Images 2i and 2i + 1 are pair i. For want of names, the one person of pair 12 is called `pair-12`, and two are
   * `pair-12a` and `pair-12b`: those who are in several pairs have several names, so it is no set to train on.
   */
  readonly faces: OpenFaceSet;
  readonly list: PairList;
}

/** Whether a file is a .bin: it begins as pickles of protocol 2 and later do, or is called so. */
export function looksLikeBin(head: Uint8Array, path: string): boolean {
  return /\.bin$/i.test(path) || (head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5);
}

/**
 * Reads a .bin. Memory is the file and about 100 bytes per image: images are views of it. The set owns the source.
 * Throws a DataError where it is not such a pickle, asks for code to be run, or its numbers of images and pairs
 * do not fit each other.
 */
export async function binSet(source: ByteSource, decodeImage: ImageDecoder): Promise<BinSet> {
  const { name } = source;
  const root = readPickle(await readWhole(source, MAX_BIN_BYTES), name);
  const [bins, flags] = Array.isArray(root) && root.length === 2 ? root.map(asList) : [];
  if (!bins || !flags) {
    throw new DataError(
      `${name}: its pickle is not the (bins, issame_list) of InsightFace's verification sets`,
    );
  }
  if (flags.length === 0 || bins.length !== flags.length * 2) {
    throw new DataError(
      `${name}: has ${bins.length} images and ${flags.length} pairs; expected two images for each of at least one pair`,
    );
  }
  const images = Array.from({ length: bins.length }, (_, i) => imageOf(bins.at(i), i, name));
  const same = Array.from({ length: flags.length }, (_, i) => flagOf(flags.at(i), i, name));
  const pairs = same.map(
    (isSame, i): FacePair => ({
      a: 2 * i,
      b: 2 * i + 1,
      same: isSame,
      fold: consecutiveFold(i, same.length),
    }),
  );

  const identities: string[] = [];
  const labels = new Int32Array(images.length);
  for (const [i, isSame] of same.entries()) {
    labels[2 * i] = identities.length;
    identities.push(isSame ? `pair-${i}` : `pair-${i}a`);
    labels[2 * i + 1] = isSame ? identities.length - 1 : identities.length;
    if (!isSame) identities.push(`pair-${i}b`);
  }
  const faces = encodedFaceSet(
    {
      source: name,
      format: 'InsightFace verification set (.bin)',
      identities,
      labels,
      skipped: [],
      imageName: (index) => `${identities[labels[index]!]}/${index}`,
      async fetch(index) {
        checkEncodedSize(images[index]!.length);
        return images[index]!;
      },
      close: () => source.close(),
    },
    decodeImage,
  );
  return { faces, list: { pairs, folds: 1 + pairs.at(-1)!.fold } };
}

interface List {
  readonly length: number;
  at(index: number): PickleValue;
}

/** A list, a tuple, or a NumPy array along its first axis. */
function asList(value: PickleValue): List | undefined {
  if (Array.isArray(value)) return { length: value.length, at: (index) => value[index] ?? null };
  if (!(value instanceof PickleArray) || value.shape.length !== 1) return undefined;
  const { data } = value;
  if (!(data instanceof Uint8Array)) return { length: data.length, at: (index) => data[index] ?? null };
  return { length: value.length, at: (index) => elementOf(value, index) ?? null };
}

function imageOf(value: PickleValue, index: number, name: string): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (
    value instanceof PickleArray &&
    value.data instanceof Uint8Array &&
    value.data.length === value.length
  ) {
    // Encoded images have one axis; one of pixels would have three, and nobody could say which.
    if (value.shape.filter((size) => size !== 1).length <= 1) return value.data;
    throw new DataError(
      `${name}: image ${index} is an array of shape [${value.shape}]; expected the bytes of a JPEG, PNG or WebP file`,
    );
  }
  throw new DataError(
    `${name}: image ${index} is ${describe(value)}; expected bytes or a NumPy array of them`,
  );
}

function flagOf(value: PickleValue, index: number, name: string): boolean {
  const flag = value instanceof PickleArray && value.length === 1 ? elementOf(value, 0) : value;
  if (flag === true || flag === 1) return true;
  if (flag === false || flag === 0) return false;
  throw new DataError(`${name}: pair ${index} has ${describe(value)} in place of True or False`);
}

function describe(value: PickleValue): string {
  if (value === null) return 'None';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof PickleArray) return `an array of shape [${value.shape}] and type ${value.dtype.kind}`;
  if (typeof value === 'object') return 'an object';
  return `${typeof value === 'string' ? 'text' : 'the number'} ${JSON.stringify(value).slice(0, 40)}`;
}
