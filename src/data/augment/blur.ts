/** Gaussian blur: a face out of focus, or enlarged from a few pixels. */
import type { Draws } from '../sampling-draws.ts';
import { checkProbability, checkRange, type Range, toByte } from './ranges.ts';

export interface BlurOptions {
  readonly probability: number;
  /** Standard deviation as a share of the side, so that it means the same at every size: 0.01 is 1.1 pixels of 112. */
  readonly sigma: Range;
}

/** Throws a DataError for deviations beyond a tenth of the side. */
export function checkBlur({ probability, sigma }: BlurOptions): void {
  checkProbability('blur', probability);
  checkRange('blur.sigma', sigma, 0, 0.1);
}

/** Standard deviation in pixels. */
export function drawBlur({ sigma }: BlurOptions, size: number, draws: Draws): number {
  return draws.between(sigma) * size;
}

/**
 * Convolves with a Gaussian of standard deviation `sigma` pixels, cut off at 3 σ and normalised, along rows, then
 * columns; edge pixels are repeated outside. 0 changes nothing. `pixels` and `out`: RGB bytes, size × size × 3.
 */
export function blurFace(pixels: Uint8Array, size: number, sigma: number, out: Uint8Array): void {
  const radius = Math.ceil(3 * sigma);
  const weights = gaussian(sigma, radius);
  const rows = new Float64Array(size * size * 3);
  const both = new Float64Array(size * size * 3);
  for (let y = 0; y < size; y++) blurLine(pixels, y * size * 3, 3, size, weights, rows);
  for (let x = 0; x < size; x++) blurLine(rows, x * 3, size * 3, size, weights, both);
  for (let at = 0; at < both.length; at++) out[at] = toByte(both[at]!);
}

/** One row or column of pixels from `at`, `stride` numbers apart. */
function blurLine(
  source: Uint8Array | Float64Array,
  at: number,
  stride: number,
  size: number,
  weights: Float64Array,
  out: Float64Array,
): void {
  const radius = (weights.length - 1) / 2;
  for (let i = 0; i < size; i++) {
    let [red, green, blue] = [0, 0, 0];
    for (let k = -radius; k <= radius; k++) {
      const from = at + Math.min(Math.max(i + k, 0), size - 1) * stride;
      const weight = weights[k + radius]!;
      red += weight * source[from]!;
      green += weight * source[from + 1]!;
      blue += weight * source[from + 2]!;
    }
    const to = at + i * stride;
    out[to] = red;
    out[to + 1] = green;
    out[to + 2] = blue;
  }
}

/** [2 radius + 1], summing to 1. */
function gaussian(sigma: number, radius: number): Float64Array {
  if (radius === 0) return Float64Array.of(1);
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-(((i - radius) / sigma) ** 2) / 2),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
