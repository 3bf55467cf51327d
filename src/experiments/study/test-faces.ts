/** The faces that networks are judged by: test images, and the pairs of them that are verified and attacked. */
import { createHash } from 'node:crypto';
import { type FaceSet, type LoadedFaces, loadFaces, type PairList, type Skipped } from '../../data/index.ts';
import type { Progress } from './progress.ts';

/** A pair of test images, by row of the loaded faces. */
export interface TestPair {
  readonly a: number;
  readonly b: number;
  readonly same: boolean;
  readonly fold: number;
}

export interface SetDescription {
  readonly name: string;
  readonly identities: number;
  readonly images: number;
  readonly synthetic: boolean;
}

export interface TestFaces {
  /** Images that some pair uses. */
  readonly test: LoadedFaces;
  /** [test rows] */
  readonly testNames: readonly string[];
  readonly pairs: readonly TestPair[];
  readonly description: SetDescription;
  /** Changes when any pixel, label or pair does. */
  readonly fingerprint: string;
  readonly notes: readonly string[];
}

/** Loads the images that pairs use, at `size`; pairs of damaged images are left out, and counted in the notes. */
export async function loadTestFaces(
  set: FaceSet,
  list: PairList,
  size: number,
  { synthetic, progress }: { readonly synthetic: boolean; readonly progress: Progress },
): Promise<TestFaces> {
  const used = [...new Set(list.pairs.flatMap(({ a, b }) => [a, b]))].sort((left, right) => left - right);
  const test = await progress.during(`${synthetic ? 'draw' : 'read'} test faces`, used.length, (tick) =>
    loadFaces(set, { size, indices: used, onProgress: tick }),
  );
  const rowOf = new Map(Array.from(test.indices, (index, row) => [index, row]));
  const pairs = list.pairs.flatMap(({ a, b, same, fold }) => {
    const [left, right] = [rowOf.get(a), rowOf.get(b)];
    return left === undefined || right === undefined ? [] : [{ a: left, b: right, same, fold }];
  });
  const lost = list.pairs.length - pairs.length;
  return {
    test,
    testNames: Array.from(test.indices, (index) => set.imageName(index)),
    pairs,
    description: describe(set, test.labels, synthetic),
    fingerprint: fingerprint(
      test.pixels,
      test.labels,
      Int32Array.from(pairs.flatMap((p) => [p.a, p.b, Number(p.same), p.fold])),
    ),
    notes: [
      ...damageNotes(test.skipped),
      ...(lost ? [`${lost} verification pairs were left out because an image of theirs is damaged.`] : []),
    ],
  };
}

/** What a reader of the results must know of pictures that could not be decoded. */
export function damageNotes(skipped: readonly Skipped[]): string[] {
  if (skipped.length === 0) return [];
  const shown = skipped.slice(0, 5).map(({ name, reason }) => `${name} (${reason})`);
  return [
    `${skipped.length} damaged images were left out: ${shown.join(', ')}${skipped.length > 5 ? ', …' : ''}.`,
  ];
}

export function describe(set: FaceSet, labels: Int32Array, synthetic: boolean): SetDescription {
  return { name: set.name, identities: new Set(labels).size, images: labels.length, synthetic };
}

/** A hash of any bytes. */
export function fingerprint(...parts: readonly ArrayBufferView[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex').slice(0, 16);
}
