/** Pictures in Node: JPEG, PNG and WebP through sharp; and the data host made of files and pictures. */
import sharp from 'sharp';
import { ImageError, messageOf } from '../data/errors.ts';
import type { DataHost } from '../data/host.ts';
import { openPath, readText } from './node-files.ts';

/** A face crop is thousands of pixels; a picture of more than this is a mistake or a decompression bomb. */
const MAX_PIXELS = 50_000_000;

/**
 * Decodes a JPEG, PNG or WebP to RGB bytes, size × size × 3: turned as its EXIF orientation says, without
 * alpha, grey and CMYK converted to sRGB. A picture of another size is resized (Lanczos), and one that
 * is not square is squeezed, not cropped: crop and align faces before they become a set.
 *
 * Rejects with an ImageError for other formats, damaged or cut files, and more than 50 million pixels.
 */
export async function decodeImage(bytes: Uint8Array, size: number): Promise<Uint8Array> {
  if (!isKnownFormat(bytes)) {
    // Asked here rather than left to the library, which would also take SVG and other formats with reach.
    throw new ImageError(`not a JPEG, PNG or WebP file (${bytes.length} bytes)`);
  }
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .autoOrient()
      .removeAlpha()
      // Grey, CMYK and 16-bit pictures become 8-bit sRGB without being asked.
      // Shrinking while decoding is faster but exists for JPEG alone, so one face would have two values.
      .resize(size, size, { fit: 'fill', fastShrinkOnLoad: false })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3 || data.length !== size * size * 3) {
      throw new Error(`decoded to ${info.width}×${info.height}×${info.channels}, expected ${size}×${size}×3`);
    }
    return new Uint8Array(data.buffer, data.byteOffset, data.length);
  } catch (thrown) {
    throw new ImageError(`cannot be decoded: ${messageOf(thrown)}`, { cause: thrown });
  }
}

/** What src/data's readers need, in Node. */
export const nodeDataHost: DataHost = { open: openPath, readText, decodeImage };

function isKnownFormat(bytes: Uint8Array): boolean {
  const starts = (...magic: number[]) => magic.every((byte, i) => bytes[i] === byte);
  const jpeg = starts(0xff, 0xd8, 0xff);
  const png = starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const webp = starts(0x52, 0x49, 0x46, 0x46) && String.fromCharCode(...bytes.subarray(8, 12)) === 'WEBP';
  return jpeg || png || webp;
}

/** PNG bytes of pixels in [0, 1], height × width × 3; values outside are clipped. */
export async function encodePng(pixels: Float32Array, width: number, height: number): Promise<Uint8Array> {
  const bytes = Uint8Array.from(pixels, (value) => Math.round(Math.min(Math.max(value, 0), 1) * 255));
  return sharp(bytes, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
}
