/**
 * Features of the images of a face set, as they are decoded: while the device embeds one batch, the next is decoded, so
 * that neither waits, and no more than a few batches are ever held.
 */
import {
  DataError,
  type FaceSet,
  ImageError,
  type Normalisation,
  normalisationTable,
  normaliseFace,
  type Skipped,
} from '../../data/index.ts';
import { type Engine, input, type Program } from '../../engine/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';

export interface EmbedImagesOptions {
  /** Images in a batch. */
  readonly batchSize: number;
  /** Add the features of the mirrored image: InsightFace's flip trick, before any normalisation. */
  readonly flip?: boolean;
  /** Is told how many images are done, damaged ones among them. */
  readonly tick?: (done: number) => void;
}

/** One batch's features, the images in the order asked for; damaged ones have none. */
export interface EmbeddedBatch {
  /** Images of the set. */
  readonly indices: readonly number[];
  /** [members, indices, features] */
  readonly features: Float32Array;
  readonly skipped: readonly Skipped[];
}

/** A network compiled for one batch size. */
export interface ImageEmbedder {
  readonly network: FaceNetwork;
  /** Embeds `indices` of a set, batch by batch. Rejects where the set cannot be read. */
  embed(set: FaceSet, indices: readonly number[]): AsyncGenerator<EmbeddedBatch>;
  free(): void;
}

/** Bytes to pixels in [0, 1]. */
const UNIT: Normalisation = { mean: [0, 0, 0], scale: [1 / 255, 1 / 255, 1 / 255] };
/** Pictures decoded at a time. */
const DECODERS = 8;

/** The batch size that suits the adapter: caches of a CPU are small, a GPU wants work. */
export function defaultBatchSize({ device }: Engine): number {
  return device.traits.software ? 8 : 64;
}

/** Compiles the network. Throws a DataError for one whose images are not square, as no face set's are. */
export async function compileImageEmbedder(
  engine: Engine,
  network: FaceNetwork,
  options: EmbedImagesOptions,
): Promise<ImageEmbedder> {
  const [height, width] = network.inputSize;
  if (height !== width) {
    throw new DataError(
      `${network.description}: takes images of ${height}×${width}; expected a square, since face sets are read as squares`,
    );
  }
  const { batchSize, flip = false, tick = () => {} } = options;
  const program = await engine.compile<'pixels', 'features'>({
    name: 'embed',
    inputs: { pixels: input([1, batchSize, height, height, 3]) },
    trace: ({ pixels }) => ({ outputs: { features: network.embed(pixels) } }),
  });
  const submit = submitter(program, height, batchSize, flip);

  async function* embed(set: FaceSet, indices: readonly number[]): AsyncGenerator<EmbeddedBatch> {
    let done = 0;
    const finish = async ({ decoded, features }: Submitted): Promise<EmbeddedBatch> => {
      const parts = await features;
      done += decoded.indices.length + decoded.skipped.length;
      tick(done);
      return {
        indices: decoded.indices,
        skipped: decoded.skipped,
        features: gatherRows(parts, network, batchSize, decoded.indices.length),
      };
    };
    let running: Submitted | undefined;
    for (let first = 0; first < indices.length; first += batchSize) {
      const decoded = await decode(set, indices.slice(first, first + batchSize), height);
      const next = submit(decoded);
      if (running) yield await finish(running);
      running = next;
    }
    if (running) yield await finish(running);
  }

  return {
    network,
    embed,
    free() {
      program.free();
      for (const parameters of network.parameters) engine.free(parameters.flat);
    },
  };
}

interface Decoded {
  readonly indices: readonly number[];
  /** RGB bytes of each, size × size × 3. */
  readonly faces: readonly Uint8Array[];
  readonly skipped: readonly Skipped[];
}

async function decode(set: FaceSet, wanted: readonly number[], size: number): Promise<Decoded> {
  const faces: (Uint8Array | ImageError)[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < wanted.length) {
      const at = next++;
      try {
        faces[at] = await set.read(wanted[at]!, size);
      } catch (thrown) {
        // A damaged picture is left out; a disk that went away ends the work.
        if (!(thrown instanceof ImageError)) throw thrown;
        faces[at] = thrown;
      }
    }
  };
  await Promise.all(Array.from({ length: DECODERS }, worker));
  const good = wanted.filter((_, at) => !(faces[at] instanceof ImageError));
  return {
    indices: good,
    faces: faces.flatMap((face) => (face instanceof ImageError ? [] : [face])),
    skipped: faces.flatMap((face, at) =>
      face instanceof ImageError ? [{ name: set.imageName(wanted[at]!), reason: face.message }] : [],
    ),
  };
}

interface Submitted {
  readonly decoded: Decoded;
  /** What each pass over the batch gave: [members, batch, features]. */
  readonly features: Promise<readonly Float32Array[]>;
}

/** Sends a batch on its way; the device works on it while the caller goes on. */
function submitter(
  program: Program<'pixels', 'features'>,
  size: number,
  batchSize: number,
  flip: boolean,
): (decoded: Decoded) => Submitted {
  const table = normalisationTable(UNIT);
  const length = size * size * 3;
  const pixels = new Float32Array(batchSize * length);
  const pass = async (faces: readonly Uint8Array[], mirrored: boolean): Promise<Float32Array> => {
    // A last, partial batch leaves the rows of the one before: they are embedded again and not looked at.
    for (const [row, face] of faces.entries()) {
      normaliseFace(face, 0, size, table, mirrored, pixels, row * length);
    }
    const { features } = await program.run({ pixels }).read();
    return features as Float32Array;
  };
  return (decoded) => {
    const { faces } = decoded;
    const passes = faces.length === 0 ? [] : [pass(faces, false), ...(flip ? [pass(faces, true)] : [])];
    const features = Promise.all(passes);
    // Awaited a batch later; until then a failure must not count as unhandled.
    features.catch(() => {});
    return { decoded, features };
  };
}

/** The first `count` rows of each member, added up over the passes. */
function gatherRows(
  parts: readonly Float32Array[],
  { members, embeddingSize }: FaceNetwork,
  batchSize: number,
  count: number,
): Float32Array {
  const rows = new Float32Array(members * count * embeddingSize);
  for (const part of parts) {
    for (let member = 0; member < members; member++) {
      const [from, to] = [member * batchSize * embeddingSize, member * count * embeddingSize];
      for (let i = 0; i < count * embeddingSize; i++) rows[to + i]! += part[from + i]!;
    }
  }
  return rows;
}
