/**
 * Landmarks of a set's images, from a table with a line per image:
 *
 *     image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,left_mouth_x,left_mouth_y,right_mouth_x,right_mouth_y
 *     Ada_Lovelace/1.jpg,38.3,51.7,73.5,51.5,56.0,71.7,41.5,92.4,70.7,92.2
 *
 * Numbers are pixels of the image as it is shown (turned as its EXIF orientation says), 0 at the centre of the first
 * one. Left is left in the picture. Columns may come in any order, and others are passed over; without a header
 * they come in the order above.
 */
import { parseCsv } from '../csv.ts';
import { DataError, type Skipped } from '../errors.ts';
import type { FaceSet } from '../face-set.ts';
import { matchImages } from '../pair-images.ts';
import type { FivePoints } from './template.ts';

const POINTS = ['left_eye', 'right_eye', 'nose', 'left_mouth', 'right_mouth'];
const COLUMNS = ['image', ...POINTS.flatMap((point) => [`${point}_x`, `${point}_y`])];
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

/** Landmarks by image of a set. */
export interface Landmarks {
  /** The images that have some, ascending. */
  readonly images: Uint32Array;
  /** [images × 10]: x and y of each point, in the order of `images`. */
  readonly points: Float32Array;
  /** Images of the set without landmarks, and lines whose image the set lacks or cannot tell from another. */
  readonly skipped: readonly Skipped[];
}

/**
 * Reads a table of landmarks for a set. Throws a DataError that names the line which is none, has a number
 * that is none, or an image for the second time, and where no image of the set is in the table.
 */
export function readLandmarks(text: string, set: FaceSet, tableName: string): Landmarks {
  const hasHeader = /^\uFEFF?\s*(.*,)?\s*"?image"?\s*(,|$)/im.test(
    text.slice(0, 4096).split(/[\r\n]/, 1)[0] ?? '',
  );
  const rows = parseCsv(text, tableName, COLUMNS, [], hasHeader ? undefined : COLUMNS);
  const byPath = new Map<string, Float32Array>();
  for (const { fields, number } of rows) {
    const [path, ...numbers] = fields as [string, ...string[]];
    const bad = numbers.findIndex((field) => !NUMBER.test(field));
    if (bad >= 0) {
      throw new DataError(
        `${tableName}: line ${number} has ${COLUMNS[bad + 1]} = ${JSON.stringify(numbers[bad])}; expected a number of pixels`,
      );
    }
    if (path === '' || byPath.has(path)) {
      throw new DataError(
        `${tableName}: line ${number} ${path === '' ? 'names no image' : `has ${path} again`}`,
      );
    }
    byPath.set(path, Float32Array.from(numbers, Number));
  }
  return gather(byPath, set, tableName);
}

function gather(byPath: ReadonlyMap<string, Float32Array>, set: FaceSet, tableName: string): Landmarks {
  const { found, absent, ambiguous } = matchImages(new Set(byPath.keys()), set);
  const byImage = new Map<number, Float32Array>();
  for (const [path, image] of found) byImage.set(image, byPath.get(path)!);
  if (byImage.size === 0) {
    throw new DataError(
      `${tableName}: none of its ${byPath.size} images is in ${set.name}; are the paths those of the set?`,
    );
  }
  const images = Uint32Array.from(byImage.keys()).sort();
  const points = new Float32Array(images.length * 10);
  for (const [row, image] of images.entries()) points.set(byImage.get(image)!, row * 10);
  const skipped: Skipped[] = [];
  for (let image = 0; image < set.labels.length; image++) {
    if (!byImage.has(image)) skipped.push({ name: set.imageName(image), reason: 'has no landmarks' });
  }
  for (const path of absent) skipped.push({ name: path, reason: 'has landmarks and is not in the set' });
  for (const path of ambiguous) skipped.push({ name: path, reason: 'has landmarks and fits several images' });
  return { images, points, skipped };
}

/** The five points of row `row` of landmarks. */
export function pointsOf({ points }: Landmarks, row: number): FivePoints {
  return Array.from({ length: 5 }, (_, i) => [points[row * 10 + 2 * i]!, points[row * 10 + 2 * i + 1]!]);
}
