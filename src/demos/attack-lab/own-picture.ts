/** The visitor's own pictures: from a file, and as pixels of a network's size. In the page; nothing is sent anywhere. */
import { messageOf } from '../../data/errors.ts';
import { checkEncodedSize, MAX_PIXELS, readImageHeader } from '../../data/image-header.ts';
import { canvasRgb } from '../../platform/canvas-rgb.ts';
import { type Crop, initialCrop, rectangle } from './crop.ts';
import type { OwnFace } from './faces.ts';

/** Bytes in which a JPEG, PNG or WebP says how large it is. */
const HEADER_BYTES = 1 << 20;

/** Decodes a picture file. Throws an Error that names the file and says why it cannot be shown. */
export async function openPicture(file: File): Promise<OwnFace> {
  try {
    checkEncodedSize(file.size);
    await checkHeader(file);
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
    return ownFace(file.name, picture);
  } catch (cause) {
    throw new Error(
      `${file.name}: ${messageOf(cause)}. Any picture that this browser shows will do: JPEG, PNG, WebP.`,
      {
        cause,
      },
    );
  }
}

/** A picture with its square placed. Throws a RangeError for one of too many pixels. */
export function ownFace(label: string, picture: ImageBitmap): OwnFace {
  if (picture.width * picture.height > MAX_PIXELS) {
    const { width, height } = picture;
    picture.close();
    throw new RangeError(
      `has ${width}×${height} pixels; at most ${MAX_PIXELS} are taken: make it smaller first`,
    );
  }
  return { kind: 'own', label, picture, crop: initialCrop(picture) };
}

/** Refuses a picture for the size that it claims, where its format is one whose header can be read. */
async function checkHeader(file: File): Promise<void> {
  const start = new Uint8Array(await file.slice(0, HEADER_BYTES).arrayBuffer());
  try {
    readImageHeader(start);
  } catch (error) {
    // Other formats are for the browser to judge.
    if (!messageOf(error).startsWith('not a ')) throw error;
  }
}

/** The cropped part of a picture as height × width × 3 bytes. */
export function cropPixels(
  picture: ImageBitmap,
  crop: Crop,
  [height, width]: readonly [number, number],
): Uint8Array {
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('This browser gives no 2D canvas to read pictures from.');
  const from = rectangle(crop, { width, height });
  context.imageSmoothingQuality = 'high';
  context.drawImage(picture, from.left, from.top, from.width, from.height, 0, 0, width, height);
  return canvasRgb(context);
}
