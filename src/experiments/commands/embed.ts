/** `facet embed`: features of a set's images, for NumPy. */
import { open, rename, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { type OpenFaceSet, openFaceSet } from '../../data/index.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import { adapterOption } from '../adapter-option.ts';
import type { EmbeddedBatch, ImageEmbedder } from '../networks/embed-images.ts';
import { NpyWriter } from '../networks/npy.ts';
import {
  addBatchOption,
  addWeightsOptions,
  openNetworks,
  openOptions,
  type WeightsOptions,
} from '../networks/open.ts';
import { type EmbedderOptions, withEmbedder } from '../networks/with-embedder.ts';

interface Options extends WeightsOptions, EmbedderOptions {
  readonly images: string;
  readonly out: string;
}

/** Adds `facet embed` to the program. */
export function registerEmbed(program: Command): void {
  const command = program
    .command('embed')
    .description('write the features of a set’s images as .npy, and their names beside it')
    .requiredOption('--images <set>', 'a tar, a folder or an InsightFace set of images')
    .option('--out <file>', 'the .npy to write; names go to the same path with .txt', 'embeddings.npy')
    .option('--flip', 'add the features of each image’s mirror image')
    .option('--json', 'print what was written as JSON, and no progress');
  addBatchOption(addWeightsOptions(command)).addOption(adapterOption()).action(embedCommand);
}

async function embedCommand(options: Options): Promise<void> {
  const { out, json } = options;
  const network = await openNetworks(options.weights, openOptions(options));
  const set = await openFaceSet(options.images, nodeDataHost, { loose: true });
  try {
    const images = set.labels.length;
    const { shape, names, damaged, seconds } = await withEmbedder(
      network,
      images,
      options,
      async (embedder) => {
        const started = performance.now();
        const written = await writeEmbeddings(embedder, set, out);
        return { ...written, seconds: (performance.now() - started) / 1000 };
      },
    );
    const speed = (images / seconds).toFixed(1);
    process.stdout.write(
      json
        ? `${JSON.stringify({ out, names, shape, damagedImages: damaged, seconds }, null, 2)}\n`
        : `${out}: [${shape.join(', ')}], names in ${names}; ${speed} images/s\n` +
            (damaged > 0 ? `${damaged} damaged images were left out\n` : ''),
    );
  } finally {
    await set.close();
  }
}

/** Writes features and names, both whole or not at all. Rows are [members, features], or [features] for one member. */
async function writeEmbeddings(
  embedder: ImageEmbedder,
  set: OpenFaceSet,
  out: string,
): Promise<{ readonly shape: readonly number[]; readonly names: string; readonly damaged: number }> {
  const { members, embeddingSize } = embedder.network;
  const row = members === 1 ? [embeddingSize] : [members, embeddingSize];
  const names = out.endsWith('.npy') ? out.replace(/\.npy$/, '.txt') : `${out}.txt`;
  const writer = await NpyWriter.create(out, row);
  let rows = 0;
  let damaged = 0;
  try {
    const list = await open(`${names}.part`, 'w');
    try {
      const indices = Array.from(set.labels.keys());
      for await (const batch of embedder.embed(set, indices)) {
        await writer.append(imagesFirst(batch, members, embeddingSize));
        await list.appendFile(batch.indices.map((index) => `${set.imageName(index)}\n`).join(''));
        rows += batch.indices.length;
        damaged += batch.skipped.length;
      }
    } finally {
      await list.close();
    }
    await rename(`${names}.part`, names);
    await writer.finish();
  } catch (error) {
    await writer.abandon();
    await rm(`${names}.part`, { force: true });
    throw error;
  }
  return { shape: [rows, ...row], names, damaged };
}

/** [members, images, features] → [images, members, features]. */
function imagesFirst({ features, indices }: EmbeddedBatch, members: number, dimension: number): Float32Array {
  const count = indices.length;
  const turned = new Float32Array(features.length);
  for (let member = 0; member < members; member++) {
    for (let image = 0; image < count; image++) {
      const from = (member * count + image) * dimension;
      turned.set(features.subarray(from, from + dimension), (image * members + member) * dimension);
    }
  }
  return turned;
}
