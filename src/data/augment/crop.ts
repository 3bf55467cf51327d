/** Random crop and zoom: a face that the detector framed a little differently. */
import type { Draws } from '../sampling-draws.ts';
import { checkProbability, checkRange, type Range } from './ranges.ts';

export interface CropOptions {
  readonly probability: number;
  /** Magnification, drawn evenly: 1.25 shows the middle 80 %, below 1 repeats the edges. */
  readonly zoom: Range;
  /** Furthest shift each way, as a share of the side. */
  readonly translate: number;
}

/** What to cut: the centre's shift to the right and down as shares of the side, and the magnification. */
export interface Crop {
  readonly zoom: number;
  readonly right: number;
  readonly down: number;
}

/** Throws a DataError for a zoom outside 0.1 to 10 or a shift beyond half the side. */
export function checkCrop({ probability, zoom, translate }: CropOptions): void {
  checkProbability('crop', probability);
  checkRange('crop.zoom', zoom, 0.1, 10);
  checkRange('crop.translate', [0, translate], 0, 0.5);
}

export function drawCrop({ zoom, translate }: CropOptions, draws: Draws): Crop {
  const reach: Range = [-translate, translate];
  return { zoom: draws.between(zoom), right: draws.between(reach), down: draws.between(reach) };
}

/**
 * Cuts a window and resizes it back, bilinearly, with edge pixels repeated outside. Pixel centres lie at half
 * coordinates, so { zoom: 1, right: 0, down: 0 } changes nothing. `pixels` and `out`: RGB bytes, size × size × 3.
 */
export function cropFace(
  pixels: Uint8Array,
  size: number,
  { zoom, right, down }: Crop,
  out: Uint8Array,
): void {
  const columns = samples(size, zoom, right);
  const rows = samples(size, zoom, down);
  let target = 0;
  for (let y = 0; y < size; y++) {
    const above = rows.from[y]! * size;
    const below = rows.to[y]! * size;
    const low = rows.share[y]!;
    for (let x = 0; x < size; x++) {
      const left = columns.from[x]!;
      const next = columns.to[x]!;
      const across = columns.share[x]!;
      for (let c = 0; c < 3; c++) {
        const a = pixels[(above + left) * 3 + c]!;
        const b = pixels[(below + left) * 3 + c]!;
        const upper = a + across * (pixels[(above + next) * 3 + c]! - a);
        const lower = b + across * (pixels[(below + next) * 3 + c]! - b);
        out[target++] = Math.round(upper + low * (lower - upper));
      }
    }
  }
}

/** Along one axis: the two pixels that each output pixel lies between, and how far towards the second. */
function samples(size: number, zoom: number, shift: number) {
  const from = new Int32Array(size);
  const to = new Int32Array(size);
  const share = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    const at = (i + 0.5 - size / 2) / zoom + size / 2 - 0.5 + shift * size;
    const inside = Math.min(Math.max(at, 0), size - 1);
    from[i] = Math.floor(inside);
    to[i] = Math.min(from[i]! + 1, size - 1);
    share[i] = inside - from[i]!;
  }
  return { from, to, share };
}
