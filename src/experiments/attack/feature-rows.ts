/** Features of some of the test faces, found by the faces' rows. */
import type { LoadedFaces } from '../../data/index.ts';
import type { Embeddings } from '../../evaluation/index.ts';
import { type Embedder, embedFaces } from '../study/embedding.ts';

export interface FeatureRows {
  readonly embeddings: Embeddings;
  /** Where a face's features are among the embeddings. Throws a RangeError for a face that was not embedded. */
  indexOf(row: number): number;
}

/** Embeds these rows of the faces, each once however often it is named. */
export async function embedRows(
  embedder: Embedder,
  faces: LoadedFaces,
  rows: readonly number[],
  tick?: (done: number) => void,
): Promise<FeatureRows> {
  const distinct = [...new Set(rows)];
  const places = new Map(distinct.map((row, index) => [row, index]));
  return {
    embeddings: await embedFaces(embedder, faces, { rows: distinct, ...(tick && { tick }) }),
    indexOf(row) {
      const index = places.get(row);
      if (index === undefined) {
        throw new RangeError(`face ${row} was not embedded: expected one of ${distinct.length} rows`);
      }
      return index;
    },
  };
}
