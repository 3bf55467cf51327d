/** What commands that embed images share: an engine, the network on it, progress, and everything given back. */
import type { FaceNetwork } from '../../models/face-network.ts';
import { openEngine } from '../../open-node.ts';
import { type Progress, silentProgress, terminalProgress } from '../study/progress.ts';
import { compileImageEmbedder, defaultBatchSize, type ImageEmbedder } from './embed-images.ts';

/** Options of a command that embeds, as typed. */
export interface EmbedderOptions {
  readonly adapter: string;
  readonly batch?: number;
  readonly flip?: boolean;
  readonly json?: boolean;
}

/** Runs `work` with the network ready to embed `images` images, their progress on stderr unless JSON is wanted. */
export async function withEmbedder<T>(
  network: FaceNetwork,
  images: number,
  { adapter, batch, flip = false, json = false }: EmbedderOptions,
  work: (embedder: ImageEmbedder, adapterName: string) => Promise<T>,
): Promise<T> {
  const progress: Progress = json ? silentProgress : terminalProgress();
  const engine = await openEngine({ preference: adapter, announce: (line) => progress.say(line) });
  try {
    return await progress.during('embed', images, async (tick) => {
      const batchSize = Math.min(batch ?? defaultBatchSize(engine), images);
      const embedder = await compileImageEmbedder(engine, network, { batchSize, flip, tick });
      try {
        return await work(embedder, engine.name);
      } finally {
        embedder.free();
      }
    });
  } finally {
    engine.close();
  }
}
