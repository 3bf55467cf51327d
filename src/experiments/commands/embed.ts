/** `facet embed`: features of a set's images, for NumPy. */
import { open, rename, rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { type OpenFaceSet, openFaceSet } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { openEngine } from '../../open-node.ts';
import { nodeDataHost } from '../../platform/node-images.ts';
import { adapterOption } from '../adapter-option.ts';
import {
  compileImageEmbedder,
  defaultBatchSize,
  type EmbeddedBatch,
  type ImageEmbedder,
} from '../networks/embed-images.ts';
import { NpyWriter } from '../networks/npy.ts';
import {
  addBatchOption,
  addWeightsOptions,
  openNetworks,
  openOptions,
  type WeightsOptions,
} from '../networks/open.ts';
import { silentProgress, terminalProgress } from '../study/progress.ts';

interface Options extends WeightsOptions {
  readonly images: string;
  readonly out: string;
  readonly flip?: boolean;
  readonly batch?: number;
  readonly json?: boolean;
  readonly adapter: string;
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
  const progress = options.json ? silentProgress : terminalProgress();
  const network = await openNetworks(options.weights, openOptions(options));
  const set = await openFaceSet(options.images, nodeDataHost, { loose: true });
  let engine: Engine | undefined;
  try {
    engine = await openEngine({ preference: options.adapter, announce: (line) => progress.say(line) });
    const opened = engine;
    const images = set.labels.length;
    const size = options.batch ?? defaultBatchSize(opened);
    const started = performance.now();
    const written = await progress.during('embed', images, async (tick) => {
      const embedder = await compileImageEmbedder(opened, network, {
        batchSize: Math.min(size, images),
        flip: options.flip ?? false,
        tick,
      });
      try {
        return await writeEmbeddings(embedder, set, options.out);
      } finally {
        embedder.free();
      }
    });
    const seconds = (performance.now() - started) / 1000;
    const { shape, names, damaged } = written;
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ out: options.out, names, shape, damagedImages: damaged, seconds }, null, 2)}\n`
        : `${options.out}: [${shape.join(', ')}], names in ${names}; ${(images / seconds).toFixed(1)} images/s\n` +
            (damaged > 0 ? `${damaged} damaged images were left out\n` : ''),
    );
  } finally {
    engine?.close();
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
