/**
 * JPEG noise: what storing a picture as JPEG does to it (ITU-T T.81), without the file. Entropy coding loses nothing, so
 * colour conversion, halved chroma, the DCT and its quantisation are all of it. Computed here rather than by a codec, so
 * that pages have it too and its bits do not change with a library.
 */
import type { Draws } from '../sampling-draws.ts';
import { luma } from './luma.ts';
import { checkProbability, checkRange, type Range, toByte } from './ranges.ts';

export interface JpegOptions {
  readonly probability: number;
  /** Quality as libjpeg counts it, whole numbers from 1 (worst) to 100. */
  readonly quality: Range;
}

/** Throws a DataError for qualities beyond 1 to 100. */
export function checkJpeg({ probability, quality }: JpegOptions): void {
  checkProbability('jpeg', probability);
  checkRange('jpeg.quality', quality, 1, 100);
}

export function drawJpeg({ quality }: JpegOptions, draws: Draws): number {
  const [low, high] = quality.map(Math.round);
  return low! + draws.below(high! - low! + 1);
}

/** T.81, tables K.1 and K.2: steps for luma and chroma at quality 50, row by row. */
const LUMA_STEPS = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22,
  29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103,
  121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMA_STEPS = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/** Side of a block. */
const BLOCK = 8;
/** Chroma is halved, so the picture is padded to whole blocks of it. */
const PADDING = 2 * BLOCK;

/** [frequency × 8 + sample]: the orthonormal DCT-II. */
const COSINES = Float64Array.from({ length: BLOCK * BLOCK }, (_, i) => {
  const frequency = i >> 3;
  const scale = frequency === 0 ? Math.SQRT1_2 : 1;
  return (scale / 2) * Math.cos(((2 * (i & 7) + 1) * frequency * Math.PI) / 16);
});

/**
 * Stores and loads a picture at `quality` (1 to 100): baseline, chroma halved both ways (4:2:0), steps scaled as
 * libjpeg does, chroma enlarged by its triangle filter. Within rounding of what libjpeg gives. `pixels` and `out`: RGB
 * bytes, size × size × 3; they may be the same array.
 */
export function jpegFace(pixels: Uint8Array, size: number, quality: number, out: Uint8Array): void {
  const side = Math.ceil(size / PADDING) * PADDING;
  const half = side / 2;
  const [y, cb, cr] = toPlanes(pixels, size, side);
  // Pixels beyond the picture fill its last blocks, and are no neighbours of those within.
  const visible = Math.ceil(size / 2);
  const small = [halve(cb, side, visible), halve(cr, side, visible)] as const;
  quantise(y, side, steps(LUMA_STEPS, quality));
  for (const plane of small) quantise(plane, half, steps(CHROMA_STEPS, quality));
  const blue = enlarge(small[0], half, visible, size);
  const red = enlarge(small[1], half, visible, size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const brightness = y[row * side + column]!;
      const b = blue[row * size + column]! - 128;
      const r = red[row * size + column]! - 128;
      const to = (row * size + column) * 3;
      out[to] = toByte(brightness + 1.402 * r);
      out[to + 1] = toByte(brightness - 0.344136 * b - 0.714136 * r);
      out[to + 2] = toByte(brightness + 1.772 * b);
    }
  }
}

/** Luma and the two chroma planes (JFIF), side × side, edge pixels repeated; chroma's halves go down, as in libjpeg. */
function toPlanes(
  pixels: Uint8Array,
  size: number,
  side: number,
): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const planes = [
    new Uint8Array(side * side),
    new Uint8Array(side * side),
    new Uint8Array(side * side),
  ] as const;
  for (let row = 0; row < side; row++) {
    const line = Math.min(row, size - 1) * size;
    for (let column = 0; column < side; column++) {
      const from = (line + Math.min(column, size - 1)) * 3;
      const [red, green, blue] = [pixels[from]!, pixels[from + 1]!, pixels[from + 2]!];
      const to = row * side + column;
      planes[0][to] = toByte(luma(red, green, blue));
      planes[1][to] = Math.ceil(127.5 - 0.168735892 * red - 0.331264108 * green + 0.5 * blue);
      planes[2][to] = Math.ceil(127.5 + 0.5 * red - 0.418687589 * green - 0.081312411 * blue);
    }
  }
  return planes;
}

/** Means of 2 × 2, halves rounded down and up by turns; rows beyond the `visible` are the last of those. */
function halve(plane: Uint8Array, side: number, visible: number): Uint8Array {
  const half = side / 2;
  const out = new Uint8Array(half * half);
  for (let row = 0; row < visible; row++) {
    for (let column = 0; column < half; column++) {
      const at = 2 * row * side + 2 * column;
      const sum = plane[at]! + plane[at + 1]! + plane[at + side]! + plane[at + side + 1]!;
      out[row * half + column] = (sum + 1 + (column & 1)) >> 2;
    }
  }
  const last = out.slice((visible - 1) * half, visible * half);
  for (let row = visible; row < half; row++) out.set(last, row * half);
  return out;
}

/** The steps for a quality: libjpeg's scale, 1 to 255. */
function steps(base: readonly number[], quality: number): Float64Array {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return Float64Array.from(base, (step) => Math.min(Math.max(Math.floor((step * scale + 50) / 100), 1), 255));
}

/** Rounds every block's DCT coefficients to whole steps, in place. */
function quantise(plane: Uint8Array, side: number, stepsOf: Float64Array): void {
  const block = new Float64Array(BLOCK * BLOCK);
  const turn = new Float64Array(BLOCK * BLOCK);
  for (let top = 0; top < side; top += BLOCK) {
    for (let left = 0; left < side; left += BLOCK) {
      for (let i = 0; i < 64; i++) block[i] = plane[(top + (i >> 3)) * side + left + (i & 7)]! - 128;
      forward(block, turn);
      forward(turn, block);
      for (let i = 0; i < 64; i++) block[i] = wholeSteps(block[i]!, stepsOf[i]!);
      backward(block, turn);
      backward(turn, block);
      for (let i = 0; i < 64; i++) {
        plane[(top + (i >> 3)) * side + left + (i & 7)] = toByte(block[i]! + 128);
      }
    }
  }
}

/** The nearest multiple of `step`, of a coefficient in eighths, as libjpeg has them; of two the larger. */
function wholeSteps(coefficient: number, step: number): number {
  const eighths = Math.abs(Math.round(coefficient * 8));
  return Math.sign(coefficient) * Math.floor((eighths + 4 * step) / (8 * step)) * step;
}

/** The DCT of each row, written as columns, so that two of them transform a block and leave it upright. */
function forward(rows: Float64Array, out: Float64Array): void {
  for (let row = 0; row < BLOCK; row++) {
    for (let frequency = 0; frequency < BLOCK; frequency++) {
      let sum = 0;
      for (let i = 0; i < BLOCK; i++) sum += rows[row * BLOCK + i]! * COSINES[frequency * BLOCK + i]!;
      out[frequency * BLOCK + row] = sum;
    }
  }
}

/** The inverse. Most coefficients are 0 after quantisation, and cost nothing. */
function backward(rows: Float64Array, out: Float64Array): void {
  out.fill(0);
  for (let row = 0; row < BLOCK; row++) {
    for (let frequency = 0; frequency < BLOCK; frequency++) {
      const value = rows[row * BLOCK + frequency]!;
      if (value === 0) continue;
      for (let i = 0; i < BLOCK; i++) out[i * BLOCK + row]! += value * COSINES[frequency * BLOCK + i]!;
    }
  }
}

/** Twice as large, each value ¾ of the nearer and ¼ of the further, both ways; the first `visible` rows and columns. */
function enlarge(plane: Uint8Array, stride: number, visible: number, size: number): Uint8Array {
  const out = new Uint8Array(size * size);
  const further = (i: number) => Math.min(Math.max((i >> 1) + (i & 1 ? 1 : -1), 0), visible - 1);
  for (let row = 0; row < size; row++) {
    const near = (row >> 1) * stride;
    const far = further(row) * stride;
    for (let column = 0; column < size; column++) {
      const here = column >> 1;
      const there = further(column);
      const nearer = 3 * plane[near + here]! + plane[far + here]!;
      const beside = 3 * plane[near + there]! + plane[far + there]!;
      // libjpeg's rounding: up and down by turns.
      out[row * size + column] = (3 * nearer + beside + (column & 1 ? 7 : 8)) >> 4;
    }
  }
  return out;
}
