/**
 * What a picture's first bytes say: format, width and height. Read before any decoder sees the file, so that a
 * few kilobytes which claim to be gigapixels are refused for what they say and not for the memory they took.
 *
 * JPEG: ITU T.81, B.2.2 (frame header). PNG: RFC 2083, 4.1.1 (IHDR). WebP: RFC 9649, 2.5–2.7.
 */
import { ImageError } from './errors.ts';

/** A face crop is thousands of pixels; a picture of more than this is a mistake or a decompression bomb. */
export const MAX_PIXELS = 50_000_000;
/** JPEG's own limit. Resizers divide by the side that is wanted, and were not made for a row of a million pixels. */
export const MAX_SIDE = 65_535;
/** An encoded picture: 64 MiB, more than 50 million pixels need. */
export const MAX_ENCODED_BYTES = 64 * 2 ** 20;

export interface ImageHeader {
  readonly format: 'jpeg' | 'png' | 'webp';
  /** Pixels, as stored: a JPEG's orientation is not applied. */
  readonly width: number;
  readonly height: number;
}

/** Throws an ImageError for an encoded picture that is too large to be read. */
export function checkEncodedSize(bytes: number): void {
  if (bytes > MAX_ENCODED_BYTES) {
    throw new ImageError(`has ${bytes} bytes; at most ${MAX_ENCODED_BYTES} are read for one image`);
  }
}

/**
 * Format and size of a JPEG, PNG or WebP. Throws an ImageError for other formats, for a header that is damaged
 * or cut, and for more than 50 million pixels or 65,535 on a side.
 */
export function readImageHeader(bytes: Uint8Array): ImageHeader {
  const header = findHeader(bytes);
  const { width, height, format } = header;
  if (width === 0 || height === 0) throw new ImageError(`a ${format} of ${width}×${height} pixels`);
  if (width * height > MAX_PIXELS || width > MAX_SIDE || height > MAX_SIDE) {
    throw new ImageError(
      `a ${format} that claims ${width}×${height} pixels; at most ${MAX_PIXELS} are decoded, and ${MAX_SIDE} on a ` +
        'side: crop and resize it first',
    );
  }
  return header;
}

function findHeader(bytes: Uint8Array): ImageHeader {
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return jpegHeader(bytes);
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return pngHeader(bytes);
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 12) === 'WEBP') return webpHeader(bytes);
  throw new ImageError(`not a JPEG, PNG or WebP file (${bytes.length} bytes)`);
}

/** Walks the marker segments up to the frame header. */
function jpegHeader(bytes: Uint8Array): ImageHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) throw new ImageError(`a jpeg without a marker at byte ${at}; it is damaged`);
    const marker = bytes[at + 1]!;
    if (marker === 0xff) {
      at++; // fill byte
      continue;
    }
    // 0x01 and the restart markers have no length.
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === 0xd9 || marker === 0xda) break;
    const length = view.getUint16(at + 2);
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame) {
      if (at + 9 > bytes.length) break;
      return { format: 'jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
    if (length < 2) throw new ImageError(`a jpeg with a segment of ${length} bytes at ${at}; it is damaged`);
    at += 2 + length;
  }
  throw new ImageError(`a jpeg of ${bytes.length} bytes without a frame header; it is cut short or damaged`);
}

function pngHeader(bytes: Uint8Array): ImageHeader {
  if (bytes.length < 33 || ascii(bytes, 12, 16) !== 'IHDR') {
    throw new ImageError(`a png of ${bytes.length} bytes without IHDR; it is cut short or damaged`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

function webpHeader(bytes: Uint8Array): ImageHeader {
  const chunk = ascii(bytes, 12, 16);
  if (bytes.length >= 30) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (chunk === 'VP8 ' && startsWith(bytes.subarray(23), [0x9d, 0x01, 0x2a])) {
      return {
        format: 'webp',
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
    }
    if (chunk === 'VP8L' && bytes[20] === 0x2f) {
      const bits = view.getUint32(21, true);
      return { format: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    if (chunk === 'VP8X') {
      const low = (at: number): number => view.getUint16(at, true) + bytes[at + 2]! * 65536 + 1;
      return { format: 'webp', width: low(24), height: low(27) };
    }
  }
  throw new ImageError(`a webp of ${bytes.length} bytes without a frame; it is cut short or damaged`);
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, i) => bytes[i] === byte);
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}
