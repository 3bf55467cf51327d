/** What may happen to a training picture, and how often. */
import { type BlurOptions, checkBlur } from './blur.ts';
import { type ColourOptions, checkColour } from './colour.ts';
import { type CropOptions, checkCrop } from './crop.ts';
import { checkGrey, type GreyOptions } from './grey.ts';
import { checkJpeg, type JpegOptions } from './jpeg.ts';

/**
 * Augmentations in the order in which they are applied; what is left out does not happen. Mirroring is not among them:
 * it is `flip` of the batches, on by default.
 */
export interface AugmentOptions {
  readonly crop?: CropOptions;
  readonly colour?: ColourOptions;
  readonly grey?: GreyOptions;
  readonly blur?: BlurOptions;
  readonly jpeg?: JpegOptions;
}

/**
 * Presets by name. `standard` has one chance in five for crop and colour, as AdaFace trains (Kim et al. 2022), with
 * milder ranges, since faces are aligned; the others are rarer. It was not tuned.
 */
export const AUGMENTATIONS = {
  none: {},
  standard: {
    crop: { probability: 0.2, zoom: [1, 1.25], translate: 0.05 },
    colour: { probability: 0.2, brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 10 },
    grey: { probability: 0.05 },
    blur: { probability: 0.1, sigma: [0.003, 0.013] },
    jpeg: { probability: 0.1, quality: [30, 90] },
  },
} as const satisfies Record<string, AugmentOptions>;

export type AugmentationName = keyof typeof AUGMENTATIONS;

/** Throws a DataError that names the first option out of its range. */
export function checkAugment({ crop, colour, grey, blur, jpeg }: AugmentOptions): void {
  if (crop) checkCrop(crop);
  if (colour) checkColour(colour);
  if (grey) checkGrey(grey);
  if (blur) checkBlur(blur);
  if (jpeg) checkJpeg(jpeg);
}
