import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readImageHeader } from '../src/data/image-header.ts';
import { ImageError } from '../src/data/index.ts';
import { decodeImage, decodePicture } from '../src/platform/node-images.ts';
import { formulaImage, formulaPixels } from './support/data-fixtures.ts';

async function encode(image: Sharp, format: 'png' | 'jpeg' = 'png'): Promise<Uint8Array> {
  return Uint8Array.from(await image.toFormat(format).toBuffer());
}

/** Headers alone, of pictures that claim to be huge: what a decompression bomb begins with. */
const u32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const ascii = (text: string) => [...new TextEncoder().encode(text)];
const png = (width: number, height: number) => [
  ...[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13],
  ...ascii('IHDR'),
  ...[...u32(width), ...u32(height), 8, 2, 0, 0, 0, 0, 0, 0, 0],
];
const jpeg = (width: number, height: number) => [
  ...[0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xff, 0xc2, 0, 17, 8],
  ...[height >> 8, height & 255, width >> 8, width & 255, 3],
  ...[1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0],
];
const u24 = (value: number) => [value & 255, (value >> 8) & 255, value >> 16];
const webp = (chunk: string, body: readonly number[]) => [
  ...[...ascii('RIFF'), 60, 0, 0, 0, ...ascii('WEBP'), ...ascii(chunk), 20, 0, 0, 0],
  ...[...body, ...new Array<number>(12).fill(0)],
];
const vp8x = (width: number, height: number) =>
  webp('VP8X', [0, 0, 0, 0, ...u24(width - 1), ...u24(height - 1)]);
const vp8l = (width: number, height: number) => {
  const bits = (width - 1 + (height - 1) * 2 ** 14) >>> 0;
  return webp('VP8L', [0x2f, bits & 255, (bits >>> 8) & 255, (bits >>> 16) & 255, bits >>> 24]);
};
const vp8 = (width: number, height: number) =>
  webp('VP8 ', [0, 0, 0, 0x9d, 1, 0x2a, width & 255, width >> 8, height & 255, height >> 8]);

describe('readImageHeader', () => {
  it('agrees with the decoder about format and size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 1, max: 300 }),
        fc.constantFrom('png', 'jpeg', 'webp', 'lossless', 'progressive'),
        fc.boolean(),
        async (width, height, kind, alpha) => {
          const image = sharp({ create: { width, height, channels: alpha ? 4 : 3, background: '#123456' } });
          const encoded =
            kind === 'lossless'
              ? image.webp({ lossless: true })
              : kind === 'progressive'
                ? image.jpeg({ progressive: true }).withMetadata({ orientation: 6 })
                : image.toFormat(kind as 'png');
          const format = kind === 'lossless' ? 'webp' : kind === 'progressive' ? 'jpeg' : kind;
          const bytes = Uint8Array.from(await encoded.toBuffer());
          expect(readImageHeader(bytes)).toEqual({ format, width, height });
        },
      ),
      { numRuns: 150, seed: 1 },
    );
  });

  it.each<[string, readonly number[]]>([
    ['png', png(50_000, 50_000)],
    ['png', png(2 ** 31, 1)],
    ['png', png(7072, 7072)],
    ['png', png(65_536, 1)],
    ['jpeg', jpeg(65_535, 65_535)],
    ['webp', vp8x(2 ** 24, 2 ** 24)],
    ['webp', vp8l(16_384, 16_384)],
    ['webp', vp8(16_383, 16_383)],
  ])('refuses a huge %s by what it says, before it is decoded', async (format, bytes) => {
    const attempt = decodeImage(Uint8Array.from(bytes), 8);
    await expect(attempt).rejects.toThrow(
      new RegExp(`a ${format} that claims \\d+×\\d+ pixels; at most 50000000`),
    );
    await expect(attempt).rejects.toBeInstanceOf(ImageError);
    await expect(decodePicture(Uint8Array.from(bytes))).rejects.toBeInstanceOf(ImageError);
  });

  it('reads each kind of header', () => {
    const expected = { width: 300, height: 200 };
    for (const bytes of [png(300, 200), jpeg(300, 200), vp8x(300, 200), vp8l(300, 200), vp8(300, 200)]) {
      expect(readImageHeader(Uint8Array.from(bytes))).toMatchObject(expected);
    }
    expect(() => readImageHeader(Uint8Array.from(png(0, 9)))).toThrow(/png of 0×9 pixels/);
    expect(() => readImageHeader(Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 1, 0, 0))).toThrow(
      /segment of 1 bytes/,
    );
    expect(() => readImageHeader(Uint8Array.of(0xff, 0xd8, 0xff, 0xda, 0, 8, 0, 0))).toThrow(
      /without a frame header/,
    );
    expect(() => readImageHeader(Uint8Array.from(jpeg(9, 9)).subarray(0, 17))).toThrow(
      /without a frame header/,
    );
  });
});

describe('decodePicture', () => {
  it('keeps the size, turned as the orientation says', async () => {
    const flat = sharp({ create: { width: 30, height: 20, channels: 3, background: 'red' } });
    const { width, height, pixels } = await decodePicture(
      await encode(flat.withMetadata({ orientation: 6 }), 'jpeg'),
    );
    expect([width, height]).toEqual([20, 30]);
    expect(pixels).toHaveLength(1800);
    expect((await decodePicture(await formulaImage(21, 2))).pixels).toEqual(formulaPixels(21, 2));
  });
});

describe('decodeImage', () => {
  it('gives a PNG of the right size back unchanged', async () => {
    expect(await decodeImage(await formulaImage(112, 1), 112)).toEqual(formulaPixels(112, 1));
  });

  it.each(['jpeg', 'webp'] as const)('decodes %s closely', async (format) => {
    const pixels = await decodeImage(await formulaImage(112, 1, format), 112);
    const truth = formulaPixels(112, 1);
    const error = truth.reduce((sum, byte, i) => sum + Math.abs(byte - pixels[i]!), 0) / truth.length;
    expect(error).toBeLessThan(4);
  });

  it('resizes, and keeps a flat colour flat', async () => {
    const flat = sharp({
      create: { width: 50, height: 30, channels: 3, background: { r: 10, g: 20, b: 30 } },
    });
    const pixels = await decodeImage(await encode(flat), 8);
    expect(pixels).toEqual(Uint8Array.from({ length: 192 }, (_, i) => [10, 20, 30][i % 3]!));
  });

  it('drops alpha and spreads grey over three channels', async () => {
    const clear = sharp({
      create: { width: 4, height: 4, channels: 4, background: { r: 9, g: 8, b: 7, alpha: 1 } },
    });
    expect([...(await decodeImage(await encode(clear), 4)).subarray(0, 6)]).toEqual([9, 8, 7, 9, 8, 7]);
    const grey = sharp(new Uint8Array(16).fill(77), {
      raw: { width: 4, height: 4, channels: 1 },
    }).toColourspace('b-w');
    expect([...(await decodeImage(await encode(grey), 4)).subarray(0, 6)]).toEqual([77, 77, 77, 77, 77, 77]);
  });

  it('makes CMYK and 16 bits into 8-bit RGB', async () => {
    const red = sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 220, g: 30, b: 30 } } });
    const [r, g, b] = await decodeImage(await encode(red.toColourspace('cmyk'), 'jpeg'), 8);
    expect(r! - Math.max(g!, b!)).toBeGreaterThan(120);
    const deep = sharp(new Uint16Array(48).fill(0x8080), { raw: { width: 4, height: 4, channels: 3 } });
    const pixels = await decodeImage(await encode(deep.toColourspace('rgb16')), 4);
    expect(pixels).toEqual(new Uint8Array(48).fill(0x80));
  });

  it('turns a picture as its orientation says', async () => {
    // White on the left; orientation 6 asks to turn clockwise, which brings the left to the top.
    const half = new Uint8Array(16 * 16 * 3).map((_, i) => (Math.floor(i / 3) % 16 < 8 ? 255 : 0));
    const turned = sharp(half, { raw: { width: 16, height: 16, channels: 3 } }).withMetadata({
      orientation: 6,
    });
    const pixels = await decodeImage(await encode(turned, 'jpeg'), 16);
    expect(pixels[15 * 3]).toBeGreaterThan(250);
    expect(pixels[15 * 16 * 3]).toBeLessThan(5);
  });

  it('refuses what is damaged, cut, too large or of another format with an ImageError', async () => {
    const jpeg = await formulaImage(64, 1, 'jpeg');
    const png = await formulaImage(64, 1, 'png');
    const svg = new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    const huge = await encode(
      sharp({ create: { width: 8000, height: 7000, channels: 3, background: 'black' } }).png({
        compressionLevel: 1,
      }),
    );
    const cases = [
      new Uint8Array(0),
      svg,
      jpeg.subarray(0, 20),
      jpeg.subarray(0, 600),
      png.subarray(0, 600),
      huge,
    ];
    for (const bytes of cases) await expect(decodeImage(bytes, 64)).rejects.toBeInstanceOf(ImageError);
  });
});
