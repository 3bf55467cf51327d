/** Black and white, as old photographs and night cameras have it. */
import { luma } from './luma.ts';
import { checkProbability } from './ranges.ts';

export interface GreyOptions {
  readonly probability: number;
}

/** Throws a DataError for a probability that is none. */
export function checkGrey({ probability }: GreyOptions): void {
  checkProbability('grey', probability);
}

/** Every channel becomes the luma. `pixels` and `out`: RGB bytes, size × size × 3; they may be the same array. */
export function greyFace(pixels: Uint8Array, size: number, out: Uint8Array): void {
  for (let at = 0; at < size * size * 3; at += 3) {
    const grey = Math.round(luma(pixels[at]!, pixels[at + 1]!, pixels[at + 2]!));
    out[at] = grey;
    out[at + 1] = grey;
    out[at + 2] = grey;
  }
}
