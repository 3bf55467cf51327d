import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { ImageError } from '../src/data/index.ts';
import { decodeImage } from '../src/platform/node-images.ts';
import { formulaImage, formulaPixels } from './support/data-fixtures.ts';

async function encode(image: Sharp, format: 'png' | 'jpeg' = 'png'): Promise<Uint8Array> {
  return Uint8Array.from(await image.toFormat(format).toBuffer());
}

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
