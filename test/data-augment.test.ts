/** Augmentations against oracles written from their formulas, against libjpeg, and by what they must never do. */
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import {
  AUGMENTATIONS,
  Augmenter,
  type AugmentOptions,
  applyPlan,
  blurFace,
  type Colour,
  checkAugment,
  colourFace,
  cropFace,
  drawPlan,
  greyFace,
  jpegFace,
} from '../src/data/index.ts';
import { Draws } from '../src/data/sampling-draws.ts';
import { formulaPixels } from './support/data-fixtures.ts';

/** Bytes of every value, with edges: harder than a smooth picture. */
function roughPixels(size: number, seed = 1): Uint8Array {
  const draws = new Draws(seed).at(1, size, 0, 0);
  return Uint8Array.from({ length: size * size * 3 }, () => draws.below(256));
}

function run(size: number, change: (out: Uint8Array) => void): Uint8Array {
  const out = new Uint8Array(size * size * 3);
  change(out);
  return out;
}

/** Each byte is what the exact value rounds to; exact halves may go either way. */
function expectRounded(got: Uint8Array, exact: (at: number) => number): void {
  for (const [at, byte] of got.entries()) {
    const value = Math.min(Math.max(exact(at), 0), 255);
    if (!(Math.abs(byte - value) <= 0.5 + 1e-9)) expect(`byte ${at}: ${byte}`).toBe(`byte ${at}: ${value}`);
  }
}

const meanOf = (bytes: ArrayLike<number>) => Array.from(bytes).reduce((sum, x) => sum + x, 0) / bytes.length;

describe('crop', () => {
  const exact = (pixels: Uint8Array, size: number, zoom: number, right: number, down: number) => {
    const pixel = (x: number, y: number, c: number) => {
      const inside = (v: number) => Math.min(Math.max(v, 0), size - 1);
      return pixels[(inside(y) * size + inside(x)) * 3 + c]!;
    };
    const source = (i: number, shift: number) => {
      const centre = size / 2 + shift * size;
      return Math.min(Math.max(centre + (i + 0.5 - size / 2) / zoom - 0.5, 0), size - 1);
    };
    return (at: number) => {
      const [x, y] = [source(Math.floor(at / 3) % size, right), source(Math.floor(at / 3 / size), down)];
      let sum = 0;
      for (const i of [Math.floor(x), Math.floor(x) + 1]) {
        for (const j of [Math.floor(y), Math.floor(y) + 1]) {
          sum += Math.max(0, 1 - Math.abs(x - i)) * Math.max(0, 1 - Math.abs(y - j)) * pixel(i, j, at % 3);
        }
      }
      return sum;
    };
  };

  it.each([
    [7, 1.3, 0.05, -0.1],
    [16, 0.8, 0, 0.2],
    [1, 2, 0.1, 0.1],
    [33, 1.01, -0.5, 0.003],
  ])('of %i pixels, zoom %f, shift %f, %f is bilinear', (size, zoom, right, down) => {
    const pixels = roughPixels(size);
    const got = run(size, (out) => cropFace(pixels, size, { zoom, right, down }, out));
    expectRounded(got, exact(pixels, size, zoom, right, down));
  });

  it('changes nothing at no strength, and shifts by whole pixels exactly', () => {
    const pixels = roughPixels(9);
    const crop = (zoom: number, right: number, down: number) =>
      run(9, (out) => cropFace(pixels, 9, { zoom, right, down }, out));
    expect(crop(1, 0, 0)).toEqual(pixels);
    const shifted = crop(1, 2 / 9, 0);
    for (let y = 0; y < 9; y++) {
      for (let x = 0; x < 9; x++) {
        expect(shifted[(y * 9 + x) * 3]).toBe(pixels[(y * 9 + Math.min(x + 2, 8)) * 3]);
      }
    }
  });
});

describe('colour', () => {
  const luma = (r: number, g: number, b: number) => 0.299 * r + 0.587 * g + 0.114 * b;

  /** One change after another in floating point, as the docstring says them. */
  function exact(pixels: Uint8Array, { brightness, contrast, saturation, hue }: Colour): Float64Array {
    const values = Float64Array.from(pixels, (byte) => byte * brightness);
    let mean = 0;
    for (let at = 0; at < values.length; at += 3) {
      const [r, g, b] = [values[at]!, values[at + 1]!, values[at + 2]!];
      const y = luma(r, g, b);
      mean += (y * 3) / values.length;
      const turn = (hue * Math.PI) / 180;
      const [u, v] = [0.492 * (b - y) * saturation, 0.877 * (r - y) * saturation];
      const red = y + (u * Math.sin(turn) + v * Math.cos(turn)) / 0.877;
      const blue = y + (u * Math.cos(turn) - v * Math.sin(turn)) / 0.492;
      values.set([red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue], at);
    }
    return values.map((value) => mean + contrast * (value - mean));
  }

  const still: Colour = { brightness: 1, contrast: 1, saturation: 1, hue: 0 };
  const apply = (pixels: Uint8Array, size: number, colour: Partial<Colour>) =>
    run(size, (out) => colourFace(pixels, size, { ...still, ...colour }, out));

  it.each([
    [{ brightness: 1.3 }],
    [{ contrast: 0.7 }],
    [{ saturation: 1.4 }],
    [{ hue: 25 }],
    [{ brightness: 0.8, contrast: 1.3, saturation: 0.6, hue: -170 }],
  ])('%j is what its parts are, one after another', (change) => {
    const pixels = roughPixels(12);
    const wanted = exact(pixels, { ...still, ...change });
    expectRounded(apply(pixels, 12, change), (at) => wanted[at]!);
  });

  it('changes nothing at no strength', () => {
    expect(apply(roughPixels(8), 8, {})).toEqual(roughPixels(8));
    expect(apply(roughPixels(8), 8, { hue: 360, saturation: 1 })).toEqual(roughPixels(8));
  });

  it('keeps the mean under contrast, grey under saturation 0, luma under hue', () => {
    const soft = formulaPixels(16, 1).map((byte) => 64 + byte / 2); // far from 0 and 255
    const lumaOf = (bytes: Uint8Array) =>
      Array.from({ length: bytes.length / 3 }, (_, i) =>
        luma(bytes[3 * i]!, bytes[3 * i + 1]!, bytes[3 * i + 2]!),
      );
    expect(Math.abs(meanOf(lumaOf(apply(soft, 16, { contrast: 0.5 }))) - meanOf(lumaOf(soft)))).toBeLessThan(
      0.5,
    );
    const lumas = lumaOf(soft);
    expectRounded(apply(soft, 16, { saturation: 0 }), (at) => lumas[Math.floor(at / 3)]!);
    const turned = lumaOf(apply(soft, 16, { hue: 90 }));
    for (const [i, y] of lumaOf(soft).entries()) expect(Math.abs(turned[i]! - y)).toBeLessThanOrEqual(0.5);
  });
});

describe('grey', () => {
  it('is the luma of BT.601 in every channel', () => {
    const pixels = roughPixels(11);
    const got = run(11, (out) => greyFace(pixels, 11, out));
    expectRounded(got, (at) => {
      const [r, g, b] = pixels.subarray(at - (at % 3));
      return (299 * r! + 587 * g! + 114 * b!) / 1000;
    });
    expect(run(11, (out) => greyFace(got, 11, out))).toEqual(got);
  });
});

describe('blur', () => {
  it.each([
    [9, 0.4],
    [14, 1.7],
    [3, 3],
  ])('of %i pixels by %f is a convolution with a Gaussian', (size, sigma) => {
    const pixels = roughPixels(size);
    const got = run(size, (out) => blurFace(pixels, size, sigma, out));
    const radius = Math.ceil(3 * sigma);
    const inside = (v: number) => Math.min(Math.max(v, 0), size - 1);
    expectRounded(got, (at) => {
      const [x, y] = [Math.floor(at / 3) % size, Math.floor(at / 3 / size)];
      let [sum, weights] = [0, 0];
      for (let i = -radius; i <= radius; i++) {
        for (let j = -radius; j <= radius; j++) {
          const weight = Math.exp(-(i * i + j * j) / (2 * sigma * sigma));
          sum += weight * pixels[(inside(y + j) * size + inside(x + i)) * 3 + (at % 3)]!;
          weights += weight;
        }
      }
      return sum / weights;
    });
  });

  it('changes nothing by 0, nor an even picture by any, and keeps the mean of what does not touch the edge', () => {
    const pixels = roughPixels(8);
    expect(run(8, (out) => blurFace(pixels, 8, 0, out))).toEqual(pixels);
    const even = new Uint8Array(8 * 8 * 3).fill(255);
    expect(run(8, (out) => blurFace(even, 8, 2.3, out))).toEqual(even);
    const square = new Uint8Array(21 * 21 * 3);
    for (let y = 9; y < 12; y++) square.fill(250, (y * 21 + 9) * 3, (y * 21 + 12) * 3);
    const blurred = run(21, (out) => blurFace(square, 21, 1.5, out));
    expect(Math.max(...blurred)).toBeLessThan(250);
    expect(Math.abs(meanOf(blurred) - meanOf(square))).toBeLessThan(0.5);
  });
});

describe('JPEG noise', () => {
  const stored = async (pixels: Uint8Array, size: number, quality: number) => {
    const file = await sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
      .jpeg({ quality, chromaSubsampling: '4:2:0' })
      .toBuffer();
    return new Uint8Array(await sharp(file).raw().toBuffer());
  };

  // libjpeg's transforms are whole numbers, so a coefficient midway between two steps may go the other way, and its
  // block then differs by up to a step; that is rare. All else is off by the last bit at most.
  it.each([
    [16, 20],
    [33, 50],
    [41, 75],
    [56, 90],
    [112, 35],
  ])('of %i pixels at quality %i is what libjpeg makes of them', async (size, quality) => {
    const pixels = formulaPixels(size, 2).map((byte, i) => Math.min(255, byte + ((i * 7919) % 23)));
    const got = run(size, (out) => jpegFace(pixels, size, quality, out));
    const wanted = await stored(pixels, size, quality);
    const differences = Array.from(got, (byte, at) => Math.abs(byte - wanted[at]!));
    expect(differences.filter((d) => d > 1).length / differences.length).toBeLessThan(0.05);
    expect(meanOf(differences)).toBeLessThan(0.3);
    // And not because storing changes little.
    const loss = Array.from(pixels, (byte, at) => Math.abs(byte - wanted[at]!));
    expect(meanOf(loss)).toBeGreaterThan(6 * meanOf(differences));
  });

  it('does less at a higher quality, and keeps an even picture', () => {
    const pixels = formulaPixels(24, 0);
    const loss = (quality: number) => {
      const got = run(24, (out) => jpegFace(pixels, 24, quality, out));
      return meanOf(Array.from(got, (byte, at) => Math.abs(byte - pixels[at]!)));
    };
    expect(loss(95)).toBeLessThan(loss(50));
    expect(loss(50)).toBeLessThan(loss(5));
    const grey = new Uint8Array(17 * 17 * 3).fill(128);
    expect(run(17, (out) => jpegFace(grey, 17, 30, out))).toEqual(grey);
  });
});

const ALWAYS: AugmentOptions = {
  crop: { probability: 1, zoom: [0.9, 1.4], translate: 0.1 },
  colour: { probability: 1, brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 30 },
  grey: { probability: 0.5 },
  blur: { probability: 1, sigma: [0, 0.02] },
  jpeg: { probability: 1, quality: [10, 12] },
};

describe('plans', () => {
  const plan = (options: AugmentOptions, image: number, epoch = 0, visit = 0, seed = 3) =>
    drawPlan(options, 100, new Draws(seed), { epoch, image, visit });

  it('follow from seed, epoch, image and visit, whatever was drawn before', () => {
    const draws = new Draws(3);
    const key = (image: number) => ({ epoch: 4, image, visit: 1 });
    const forth = [0, 1, 2, 3].map((image) => drawPlan(ALWAYS, 100, draws, key(image)));
    const back = [3, 2, 1, 0].map((image) => drawPlan(ALWAYS, 100, draws, key(image))).reverse();
    expect(back).toEqual(forth);
    const others = [plan(ALWAYS, 0, 4, 2), plan(ALWAYS, 0, 5, 1), plan(ALWAYS, 0, 4, 1, 4), forth[1]];
    for (const other of others) expect(other!.crop).not.toEqual(forth[0]!.crop);
  });

  it('stay within their ranges, and reach across them', () => {
    const plans = Array.from({ length: 400 }, (_, image) => plan(ALWAYS, image));
    const within = (values: number[], low: number, high: number) => {
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.min(...values)).toBeLessThan(low + (high - low) / 10);
      expect(Math.max(...values)).toBeGreaterThan(high - (high - low) / 10);
    };
    within(
      plans.map(({ crop }) => crop!.zoom),
      0.9,
      1.4,
    );
    within(
      plans.map(({ crop }) => crop!.right),
      -0.1,
      0.1,
    );
    within(
      plans.map(({ crop }) => crop!.down),
      -0.1,
      0.1,
    );
    within(
      plans.map(({ colour }) => colour!.brightness),
      0.6,
      1.4,
    );
    within(
      plans.map(({ colour }) => colour!.contrast),
      0.6,
      1.4,
    );
    within(
      plans.map(({ colour }) => colour!.saturation),
      0.6,
      1.4,
    );
    within(
      plans.map(({ colour }) => colour!.hue),
      -30,
      30,
    );
    within(
      plans.map(({ blur }) => blur!),
      0,
      2,
    );
    expect(new Set(plans.map(({ jpeg }) => jpeg))).toEqual(new Set([10, 11, 12]));
    // A fair coin leaves 150 … 250 of 400 once in two million seeds.
    const grey = plans.filter((each) => each.grey).length;
    expect(grey).toBeGreaterThan(150);
    expect(grey).toBeLessThan(250);
  });

  it('of one augmentation do not move when another is turned on', () => {
    for (const name of ['crop', 'colour', 'grey', 'blur', 'jpeg'] as const) {
      for (let image = 0; image < 10; image++) {
        expect(plan({ [name]: ALWAYS[name] }, image)[name]).toEqual(plan(ALWAYS, image)[name]);
      }
    }
  });

  it('happen as often as their probability says', () => {
    const count = (probability: number) =>
      Array.from({ length: 1000 }, (_, image) => plan({ grey: { probability } }, image)).filter(
        ({ grey }) => grey,
      ).length;
    expect(count(0)).toBe(0);
    expect(count(1)).toBe(1000);
    // Binomial: 140 … 260 of 1000 is left twice in a million seeds.
    expect(Math.abs(count(0.2) - 200)).toBeLessThan(60);
    expect(plan(AUGMENTATIONS.none, 1)).toEqual({});
  });
});

describe('Augmenter', () => {
  const key = { epoch: 1, image: 2, visit: 0 };

  it('does the stages in their order, and leaves its input alone', () => {
    const size = 20;
    const pixels = roughPixels(size);
    const before = pixels.slice();
    const augmenter = new Augmenter({
      seed: 5,
      size,
      flip: true,
      augment: { ...ALWAYS, grey: { probability: 1 } },
    });
    const got = augmenter.apply(pixels, key).slice();
    expect(pixels).toEqual(before);
    const { crop, colour, blur, jpeg } = drawPlan(ALWAYS, size, new Draws(5), key);
    let wanted = run(size, (out) => cropFace(pixels, size, crop!, out));
    for (const stage of [
      (from: Uint8Array, to: Uint8Array) => colourFace(from, size, colour!, to),
      (from: Uint8Array, to: Uint8Array) => greyFace(from, size, to),
      (from: Uint8Array, to: Uint8Array) => blurFace(from, size, blur!, to),
      (from: Uint8Array, to: Uint8Array) => jpegFace(from, size, jpeg!, to),
    ]) {
      const from = wanted;
      wanted = run(size, (to) => stage(from, to));
    }
    expect(got).toEqual(wanted);
    augmenter.apply(roughPixels(size, 9), { ...key, image: 3 });
    expect(augmenter.apply(pixels, key)).toEqual(got);
  });

  it('gives back what it was given where nothing happens, and mirrors by halves', () => {
    const pixels = roughPixels(4);
    const augmenter = new Augmenter({ seed: 5, size: 4, flip: true, augment: {} });
    expect(augmenter.apply(pixels, key)).toBe(pixels);
    const flips = Array.from({ length: 400 }, (_, image) => augmenter.isFlipped({ ...key, image }));
    expect(Math.abs(flips.filter((flip) => flip).length - 200)).toBeLessThan(50);
    const still = new Augmenter({ seed: 5, size: 4, flip: false, augment: {} });
    expect(still.isFlipped(key)).toBe(false);
  });

  it('makes bytes of any bytes, at any size and strength', () => {
    const unit = fc.double({ min: 0, max: 1, noNaN: true });
    const options = fc.record({
      size: fc.integer({ min: 1, max: 19 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      zoom: fc.double({ min: 0.1, max: 10, noNaN: true }),
      strength: unit,
      sigma: fc.double({ min: 0, max: 0.1, noNaN: true }),
      quality: fc.integer({ min: 1, max: 100 }),
    });
    fc.assert(
      fc.property(options, ({ size, seed, zoom, strength, sigma, quality }) => {
        const pixels = roughPixels(size, seed);
        const augment: AugmentOptions = {
          crop: { probability: 1, zoom: [zoom, zoom], translate: strength / 2 },
          colour: {
            probability: 1,
            brightness: strength,
            contrast: strength,
            saturation: strength,
            hue: 180,
          },
          blur: { probability: 1, sigma: [sigma, sigma] },
          jpeg: { probability: quality > 50 ? 1 : 0, quality: [quality, quality] },
        };
        checkAugment(augment);
        // Numbers, not bytes, so that one out of range would show.
        const wide = () => new Float64Array(size * size * 3).fill(-1) as unknown as Uint8Array;
        const plan = drawPlan(augment, size, new Draws(seed), key);
        const got = applyPlan(pixels, size, plan, [wide(), wide()]);
        expect(got.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it.each<[RegExp, AugmentOptions]>([
    [/crop.probability must be .* got 1.5/, { crop: { probability: 1.5, zoom: [1, 1], translate: 0 } }],
    [
      /crop.zoom must lie within 0.1 to 10.* got 2 to 1/,
      { crop: { probability: 1, zoom: [2, 1], translate: 0 } },
    ],
    [/crop.translate/, { crop: { probability: 1, zoom: [1, 1], translate: Number.NaN } }],
    [/colour.contrast/, { colour: { probability: 1, brightness: 0, contrast: 1.1, saturation: 0 } }],
    [/colour.hue/, { colour: { probability: 1, brightness: 0, contrast: 0, saturation: 0, hue: 181 } }],
    [/grey.probability/, { grey: { probability: -0.1 } }],
    [/blur.sigma/, { blur: { probability: 1, sigma: [0, 1] } }],
    [/jpeg.quality must lie within 1 to 100/, { jpeg: { probability: 1, quality: [0, 50] } }],
  ])('refuses %s', (message, augment) => {
    expect(() => new Augmenter({ seed: 0, size: 8, flip: true, augment })).toThrow(message);
  });
});
