/** Augments pictures one after another, in two buffers of its own. */
import { STREAM } from '../random.ts';
import { Draws } from '../sampling-draws.ts';
import { blurFace } from './blur.ts';
import { colourFace } from './colour.ts';
import { cropFace } from './crop.ts';
import { greyFace } from './grey.ts';
import { jpegFace } from './jpeg.ts';
import { type AugmentOptions, checkAugment } from './options.ts';
import { type AugmentPlan, drawPlan, type PictureKey } from './plan.ts';

export interface AugmenterOptions {
  /** Whole number from 0 to 2^53 − 1. */
  readonly seed: number;
  /** Height and width in pixels. */
  readonly size: number;
  /** Mirror with probability ½. */
  readonly flip: boolean;
  readonly augment: AugmentOptions;
}

export class Augmenter {
  readonly #size: number;
  readonly #flip: boolean;
  readonly #augment: AugmentOptions;
  readonly #draws: Draws;
  readonly #now: Uint8Array;
  readonly #next: Uint8Array;

  /** Throws a DataError for options out of range, a RangeError for a seed that is none. */
  constructor({ seed, size, flip, augment }: AugmenterOptions) {
    checkAugment(augment);
    this.#size = size;
    this.#flip = flip;
    this.#augment = augment;
    this.#draws = new Draws(seed);
    this.#now = new Uint8Array(size * size * 3);
    this.#next = new Uint8Array(size * size * 3);
  }

  /**
   * Whether a picture is mirrored. Left to whoever reads the bytes, who can do it in passing (`normaliseFace`). Drawn
   * by image, not by place in the batch, so a face is mirrored alike whatever the batch size.
   */
  isFlipped({ epoch, image, visit }: PictureKey): boolean {
    return this.#flip && this.#draws.at(STREAM.flip, image, epoch, visit).bit();
  }

  /**
   * Augments RGB bytes, size × size × 3. Returns `pixels` itself where nothing happens, else an array that the next
   * call writes to.
   */
  apply(pixels: Uint8Array, key: PictureKey): Uint8Array {
    return applyPlan(pixels, this.#size, drawPlan(this.#augment, this.#size, this.#draws, key), [
      this.#now,
      this.#next,
    ]);
  }
}

/** Does what a plan says: crop, colour, grey, blur, JPEG. `pixels` is left alone; the result is in one of `buffers`. */
export function applyPlan(
  pixels: Uint8Array,
  size: number,
  plan: AugmentPlan,
  buffers: readonly [Uint8Array, Uint8Array],
): Uint8Array {
  const { crop, colour, grey, blur, jpeg } = plan;
  let now = pixels;
  let [next, other] = buffers;
  const stage = (change: (from: Uint8Array, to: Uint8Array) => void): void => {
    change(now, next);
    now = next;
    [next, other] = [other, next];
  };
  if (crop) stage((from, to) => cropFace(from, size, crop, to));
  if (colour) stage((from, to) => colourFace(from, size, colour, to));
  if (grey) stage((from, to) => greyFace(from, size, to));
  if (blur !== undefined) stage((from, to) => blurFace(from, size, blur, to));
  if (jpeg !== undefined) stage((from, to) => jpegFace(from, size, jpeg, to));
  return now;
}
