/** What happens to one picture: every parameter drawn beforehand. */
import { STREAM } from '../random.ts';
import type { Draws } from '../sampling-draws.ts';
import { drawBlur } from './blur.ts';
import { type Colour, drawColour } from './colour.ts';
import { type Crop, drawCrop } from './crop.ts';
import { drawJpeg } from './jpeg.ts';
import type { AugmentOptions } from './options.ts';

/** What is absent does not happen. */
export interface AugmentPlan {
  readonly crop?: Crop;
  readonly colour?: Colour;
  readonly grey?: true;
  /** Standard deviation in pixels. */
  readonly blur?: number;
  /** Quality, 1 to 100. */
  readonly jpeg?: number;
}

/** Which image, when, and which of its appearances in that epoch. */
export interface PictureKey {
  readonly epoch: number;
  readonly image: number;
  readonly visit: number;
}

/** Each augmentation has numbers of its own, so that turning one on leaves the others' draws alone. */
const NUMBER = { crop: 1, colour: 2, grey: 3, blur: 4, jpeg: 5 } as const;

/** Draws what happens to a picture of `size` pixels; a function of the draws' seed and `key` alone. */
export function drawPlan(
  { crop, colour, grey, blur, jpeg }: AugmentOptions,
  size: number,
  draws: Draws,
  { epoch, image, visit }: PictureKey,
): AugmentPlan {
  const happens = (what: keyof typeof NUMBER, options: { readonly probability: number } | undefined) =>
    options && draws.at(STREAM.augment + NUMBER[what] * 256, image, epoch, visit).chance(options.probability);
  return {
    ...(crop && happens('crop', crop) && { crop: drawCrop(crop, draws) }),
    ...(colour && happens('colour', colour) && { colour: drawColour(colour, draws) }),
    ...(happens('grey', grey) && { grey: true as const }),
    ...(blur && happens('blur', blur) && { blur: drawBlur(blur, size, draws) }),
    ...(jpeg && happens('jpeg', jpeg) && { jpeg: drawJpeg(jpeg, draws) }),
  };
}
