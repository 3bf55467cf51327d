/** Features of many faces, in batches of fixed size. */
import { type LoadedFaces, type Normalisation, normalisationTable, normaliseFace } from '../../data/index.ts';
import { type Engine, input } from '../../engine/index.ts';
import type { Embeddings } from '../../evaluation/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';

/** A network compiled to embed images of pixels in [0, 1]. */
export interface Embedder {
  readonly batchSize: number;
  /** Features [members, images, features] of images [images, H, W, 3]. */
  embed(images: Float32Array, count: number): Promise<Embeddings>;
  free(): void;
}

/** Bytes to pixels in [0, 1]. */
const UNIT: Normalisation = { mean: [0, 0, 0], scale: [1 / 255, 1 / 255, 1 / 255] };

/** Compiles a network for batches of `batchSize`; a last, partial batch is filled up and cut again. */
export async function compileEmbedder(
  engine: Engine,
  network: FaceNetwork,
  batchSize: number,
): Promise<Embedder> {
  const { members, embeddingSize: dimension, inputSize } = network;
  const [height, width] = inputSize;
  const pixels = height * width * 3;
  const program = await engine.compile<'images', 'features'>({
    name: 'embed',
    inputs: { images: input([1, batchSize, height, width, 3]) },
    trace: ({ images }) => ({ outputs: { features: network.embed(images) } }),
  });
  const batch = new Float32Array(batchSize * pixels);
  return {
    batchSize,
    async embed(images, count) {
      const data = new Float32Array(members * count * dimension);
      for (let first = 0; first < count; first += batchSize) {
        const size = Math.min(batchSize, count - first);
        batch.set(images.subarray(first * pixels, (first + size) * pixels));
        const { features } = await program.run({ images: batch }).read();
        copyRows(
          { data: features as Float32Array, members, count: batchSize, dimension },
          data,
          count,
          first,
        );
      }
      return { data, members, count, dimension };
    },
    free: () => program.free(),
  };
}

export interface EmbedOptions {
  /** Rows to embed; all by default. */
  readonly rows?: ArrayLike<number>;
  /** Mirror the images left to right. */
  readonly mirrored?: boolean;
  readonly tick?: (done: number) => void;
}

/** Features of loaded faces, [members, rows, features], in the order of `rows`. */
export async function embedFaces(
  embedder: Embedder,
  faces: LoadedFaces,
  { rows, mirrored = false, tick }: EmbedOptions = {},
): Promise<Embeddings> {
  const count = rows?.length ?? faces.labels.length;
  const length = faces.size * faces.size * 3;
  const table = normalisationTable(UNIT);
  const batch = new Float32Array(embedder.batchSize * length);
  let all: Embeddings | undefined;
  for (let first = 0; first < count; first += embedder.batchSize) {
    const size = Math.min(embedder.batchSize, count - first);
    for (let i = 0; i < size; i++) {
      const row = rows ? rows[first + i]! : first + i;
      normaliseFace(faces.pixels, row * length, faces.size, table, mirrored, batch, i * length);
    }
    const part = await embedder.embed(batch, size);
    const { members, dimension } = part;
    all ??= { data: new Float32Array(members * count * dimension), members, count, dimension };
    copyRows(part, all.data, count, first);
    tick?.(first + size);
  }
  if (!all) throw new RangeError('embedFaces: expected at least one face, got none');
  return all;
}

/** Sum of two embeddings of the same images: InsightFace's flip trick, before any normalisation. */
export function addEmbeddings(left: Embeddings, right: Embeddings): Embeddings {
  return { ...left, data: left.data.map((value, i) => value + right.data[i]!) };
}

/** Puts the rows of `part` from `first` on into [members, count, dimension], as many as there is room for. */
function copyRows(part: Embeddings, into: Embeddings['data'], count: number, first: number): void {
  const { data, members, dimension } = part;
  const rows = Math.min(part.count, count - first);
  for (let member = 0; member < members; member++) {
    const from = member * part.count * dimension;
    into.set(data.subarray(from, from + rows * dimension), (member * count + first) * dimension);
  }
}
