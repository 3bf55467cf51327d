/** Cuts a face out of a picture by its landmarks, turned and scaled as the networks expect it. */
import { DataError } from '../errors.ts';
import type { Picture } from '../host.ts';
import { applySimilarity, estimateSimilarity, invertSimilarity, type Similarity } from './similarity.ts';
import { type FivePoints, templateAt } from './template.ts';

/**
 * A crop of size × size × 3 RGB bytes on which the five `landmarks` (pixels of the picture; template.ts has their order)
 * lie as near as a similarity brings them to ArcFace's template. Bilinear; black where the picture ends, as
 * InsightFace's `norm_crop` does it.
 *
 * Throws a DataError for landmarks that are not five finite points apart, or a size that is no positive whole number.
 */
export function alignFace(picture: Picture, landmarks: FivePoints, size: number): Uint8Array {
  if (landmarks.length !== 5) {
    throw new DataError(`align: expected five landmarks, got ${landmarks.length}`);
  }
  if (!Number.isInteger(size) || size < 1) {
    throw new DataError(`align: size must be a positive whole number of pixels, got ${size}`);
  }
  return warp(picture, invertSimilarity(estimateSimilarity(landmarks, templateAt(size))), size);
}

/** A crop whose pixel (x, y) is the picture at `toPicture`(x, y), bilinear between pixel centres and black outside. */
export function warp(picture: Picture, toPicture: Similarity, size: number): Uint8Array {
  const { width, height, pixels } = picture;
  const out = new Uint8Array(size * size * 3);
  /** A channel of a pixel of the picture, black outside. */
  const at = (x: number, y: number, channel: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : pixels[(y * width + x) * 3 + channel]!;
  let target = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++, target += 3) {
      const [u, v] = applySimilarity(toPicture, x, y);
      const [left, top] = [Math.floor(u), Math.floor(v)];
      const [right, down] = [u - left, v - top];
      const inside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
      const first = (top * width + left) * 3;
      for (let channel = 0; channel < 3; channel++) {
        // Nearly all pixels have four neighbours; only at the edge is each asked for by itself.
        const p = first + channel;
        const nw = inside ? pixels[p]! : at(left, top, channel);
        const ne = inside ? pixels[p + 3]! : at(left + 1, top, channel);
        const sw = inside ? pixels[p + width * 3]! : at(left, top + 1, channel);
        const se = inside ? pixels[p + width * 3 + 3]! : at(left + 1, top + 1, channel);
        const above = nw * (1 - right) + ne * right;
        const below = sw * (1 - right) + se * right;
        out[target + channel] = Math.round(above * (1 - down) + below * down);
      }
    }
  }
  return out;
}
