/** Features of many faces, in batches of fixed size. */
import type { LoadedFaces } from '../../data/index.ts';
import { Batches } from '../../data/index.ts';
import { type Engine, input } from '../../engine/index.ts';
import type { Embeddings } from '../../evaluation/index.ts';
import type { MobileFaceNet } from '../../models/mobilefacenet.ts';

/** A network compiled to embed standardised images. */
export interface Embedder {
  /** Features [members, images, features] of images that are standardised already, [images, H, W, 3]. */
  embed(images: Float32Array, count: number): Promise<Embeddings>;
  free(): void;
}

/** Compiles a network for batches of `batchSize`; a last, partial batch is filled up and cut again. */
export async function compileEmbedder(
  engine: Engine,
  network: MobileFaceNet,
  batchSize: number,
): Promise<Embedder> {
  const { members, inputSize, embeddingSize: dimension } = network.options;
  const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
  const pixels = height * width * 3;
  const program = await engine.compile<'images', 'features'>({
    name: 'embed',
    inputs: { images: input([1, batchSize, height, width, 3]) },
    trace: ({ images }) => ({ outputs: { features: network.forward(images, 'inference').features } }),
  });
  const batch = new Float32Array(batchSize * pixels);
  return {
    async embed(images, count) {
      const data = new Float32Array(members * count * dimension);
      for (let first = 0; first < count; first += batchSize) {
        const size = Math.min(batchSize, count - first);
        batch.set(images.subarray(first * pixels, (first + size) * pixels));
        const { features } = await program.run({ images: batch }).read();
        for (let member = 0; member < members; member++) {
          const from = member * batchSize * dimension;
          const own = (features as Float32Array).subarray(from, from + size * dimension);
          data.set(own, (member * count + first) * dimension);
        }
      }
      return { data, members, count, dimension };
    },
    free: () => program.free(),
  };
}

/** Features of loaded faces, [members, faces, features], in the order of their rows. */
export async function embedFaces(
  embedder: Embedder,
  network: MobileFaceNet,
  faces: LoadedFaces,
  tick: (done: number) => void = () => {},
): Promise<Embeddings> {
  const { members, embeddingSize: dimension } = network.options;
  const count = faces.labels.length;
  const batches = new Batches(faces, {
    batchSize: Math.min(64, count),
    shuffle: false,
    flip: false,
    last: 'wrap',
  });
  const data = new Float32Array(members * count * dimension);
  let done = 0;
  for (let step = 0; step < batches.stepsPerEpoch; step++) {
    const { images, fresh } = batches.read(0, step);
    const part = await embedder.embed(images, fresh);
    for (let member = 0; member < members; member++) {
      const own = part.data.subarray(member * fresh * dimension, (member + 1) * fresh * dimension);
      data.set(own, (member * count + done) * dimension);
    }
    done += fresh;
    tick(done);
  }
  return { data, members, count, dimension };
}
