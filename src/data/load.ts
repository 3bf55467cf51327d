/** Decodes the pictures of a face set into memory, once, before training or evaluation needs them. */
import { DataError, ImageError, messageOf, type Skipped } from './errors.ts';
import type { FaceSet } from './face-set.ts';

/** Decoded faces, row by row. */
export interface LoadedFaces {
  /** Height and width in pixels. */
  readonly size: number;
  /** RGB bytes [n, size, size, 3]. */
  readonly pixels: Uint8Array;
  /** [n]: each row's identity in the set. */
  readonly labels: Int32Array;
  /** [n]: each row's image in the set. */
  readonly indices: Int32Array;
  /** Pictures that could not be decoded, and why. They have no row. */
  readonly skipped: readonly Skipped[];
}

export interface LoadOptions {
  /** Height and width in pixels. */
  readonly size: number;
  /** Which images, in the order of the rows; all where it is left out. */
  readonly indices?: readonly number[];
  /** Called after each picture. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Pictures decoded at a time. */
  readonly concurrency?: number;
}

/**
 * Reads `indices` of a set (or all of it) at size × size. Rows keep the order asked for. Damaged pictures are
 * left out, named and counted; any other failure (a disk that went away) rejects, as do a set of damaged
 * pictures only and more bytes than one array can have. Needs n × size × size × 3 bytes.
 */
export async function loadFaces(set: FaceSet, options: LoadOptions): Promise<LoadedFaces> {
  const { size, onProgress, concurrency = 8 } = options;
  const wanted = options.indices ?? Array.from(set.labels.keys());
  const stride = size * size * 3;
  const pixels = allocate(set, wanted.length, stride);
  const reasons = new Map<number, string>();

  let started = 0;
  let done = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    while (started < wanted.length && !failed) {
      const row = started++;
      try {
        const face = await set.read(wanted[row]!, size);
        if (face.length !== stride) {
          throw new DataError(
            `${set.name}: image ${wanted[row]} has ${face.length} bytes; expected ${stride}`,
          );
        }
        pixels.set(face, row * stride);
      } catch (thrown) {
        if (!(thrown instanceof ImageError)) {
          failed = true; // the other workers stop after what they have in hand
          throw thrown;
        }
        reasons.set(row, messageOf(thrown));
      }
      onProgress?.(++done, wanted.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));
  return compact(set, size, wanted, pixels, reasons);
}

/** Closes the gaps that skipped pictures left. */
function compact(
  set: FaceSet,
  size: number,
  wanted: readonly number[],
  pixels: Uint8Array,
  reasons: ReadonlyMap<number, string>,
): LoadedFaces {
  const stride = size * size * 3;
  const kept = wanted.length - reasons.size;
  const skipped: Skipped[] = [];
  const labels = new Int32Array(kept);
  const indices = new Int32Array(kept);
  let row = 0;
  for (const [from, index] of wanted.entries()) {
    const reason = reasons.get(from);
    if (reason !== undefined) {
      skipped.push({ name: set.imageName(index), reason });
      continue;
    }
    if (row !== from) pixels.copyWithin(row * stride, from * stride, (from + 1) * stride);
    labels[row] = set.labels[index]!;
    indices[row] = index;
    row++;
  }
  if (kept === 0 && skipped.length > 0) {
    throw new DataError(
      `${set.name}: none of ${skipped.length} images could be decoded; the first: ${skipped[0]!.reason}`,
    );
  }
  return { size, pixels: pixels.subarray(0, kept * stride), labels, indices, skipped };
}

function allocate(set: FaceSet, count: number, stride: number): Uint8Array {
  try {
    return new Uint8Array(count * stride);
  } catch (thrown) {
    throw new DataError(
      `${set.name}: ${count} images of ${stride} bytes are ${count * stride} bytes, more than one array can have; ` +
        'load fewer or smaller images (indices, subset, size)',
      { cause: thrown },
    );
  }
}
