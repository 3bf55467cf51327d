/** Random changes to training pictures: one file per augmentation, each a pure function on RGB bytes. */
export { Augmenter, type AugmenterOptions, applyPlan } from './augmenter.ts';
export { type BlurOptions, blurFace } from './blur.ts';
export { type Colour, type ColourOptions, colourFace } from './colour.ts';
export { type Crop, type CropOptions, cropFace } from './crop.ts';
export { type GreyOptions, greyFace } from './grey.ts';
export { type JpegOptions, jpegFace } from './jpeg.ts';
export { AUGMENTATIONS, type AugmentationName, type AugmentOptions, checkAugment } from './options.ts';
export { type AugmentPlan, drawPlan, type PictureKey } from './plan.ts';
