/** Pictures in Node: JPEG, PNG and WebP through sharp; and the data host made of files and pictures. */
import sharp, { type Sharp } from 'sharp';
import { ImageError, messageOf } from '../data/errors.ts';
import type { DataHost, Picture } from '../data/host.ts';
import { MAX_PIXELS, readImageHeader } from '../data/image-header.ts';
import { openPath, readText } from './node-files.ts';

/**
 * Decodes a JPEG, PNG or WebP to RGB bytes, size × size × 3: turned as its EXIF orientation says, without
 * alpha, grey and CMYK converted to sRGB. A picture of another size is resized (Lanczos), and one that
 * is not square is squeezed, not cropped: crop and align faces before they become a set.
 *
 * Rejects with an ImageError for other formats, damaged or cut files, and more than 50 million pixels or 65,535
 * on a side.
 */
export async function decodeImage(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  // Shrinking while decoding is faster but exists for JPEG alone, so one face would have two values.
  const { width, height, pixels } = await decode(bytes, (image) =>
    image.resize(size, size, { fit: 'fill', fastShrinkOnLoad: false }),
  );
  if (width !== size || height !== size) {
    throw new ImageError(`decoded to ${width}×${height}, expected ${size}×${size}`);
  }
  return pixels;
}

/** The same at the picture's own size, which a turn by its EXIF orientation may swap. */
export async function decodePicture(bytes: Uint8Array): Promise<Picture> {
  return decode(bytes, (image) => image);
}

async function decode(bytes: Uint8Array, change: (image: Sharp) => Sharp): Promise<Picture> {
  // Asked here rather than left to the library, which would also take SVG and other formats with reach.
  readImageHeader(bytes);
  try {
    const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' }).autoOrient().removeAlpha();
    const { data, info } = await change(image)
      // Grey, CMYK and 16-bit pictures become 8-bit sRGB without being asked.
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const { width, height, channels } = info;
    if (channels !== 3 || data.length !== width * height * 3) {
      throw new Error(
        `decoded to ${width}×${height}×${channels} in ${data.length} bytes, expected 3 channels`,
      );
    }
    return { width, height, pixels: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (thrown) {
    throw new ImageError(`cannot be decoded: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** What src/data's readers need, in Node. */
export const nodeDataHost: DataHost = { open: openPath, readText, decodeImage, decodePicture };

/** PNG bytes of a picture. */
export async function encodeRgbPng({ width, height, pixels }: Picture): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

/** PNG bytes of pixels in [0, 1], height × width × 3; values outside are clipped. */
export async function encodePng(pixels: Float32Array, width: number, height: number): Promise<Uint8Array> {
  const bytes = Uint8Array.from(pixels, (value) => Math.round(Math.min(Math.max(value, 0), 1) * 255));
  return sharp(bytes, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
