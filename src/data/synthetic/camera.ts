/** What the camera does to a finished picture: blur, contrast, noise, lossy compression. Bytes 0 to 255. */
import { hash3 } from './random.ts';
import { clamp } from './shapes.ts';
import type { Shot } from './shot.ts';

/** Blurs an RGB picture in place with a Gaussian of `sigma` pixels, cut at two and a half deviations. */
export function blur(pixels: Float64Array, size: number, sigma: number): void {
  if (sigma < 0.2) return;
  const radius = Math.max(1, Math.ceil(2.5 * sigma));
  const weights = new Float64Array(radius + 1);
  let total = 0;
  for (let i = 0; i <= radius; i++) {
    weights[i] = Math.exp((-i * i) / (2 * sigma * sigma));
    total += i === 0 ? weights[i]! : 2 * weights[i]!;
  }
  for (let i = 0; i <= radius; i++) weights[i]! /= total;
  const line = new Float64Array(size * 3);
  const pass = (start: number, stride: number): void => {
    for (let i = 0; i < size; i++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let k = -radius; k <= radius; k++) {
        const at = start + clamp(i + k, 0, size - 1) * stride;
        const w = weights[k < 0 ? -k : k]!;
        r += w * pixels[at]!;
        g += w * pixels[at + 1]!;
        b += w * pixels[at + 2]!;
      }
      line[i * 3] = r;
      line[i * 3 + 1] = g;
      line[i * 3 + 2] = b;
    }
    for (let i = 0; i < size; i++) {
      const at = start + i * stride;
      pixels[at] = line[i * 3]!;
      pixels[at + 1] = line[i * 3 + 1]!;
      pixels[at + 2] = line[i * 3 + 2]!;
    }
  };
  for (let y = 0; y < size; y++) pass(y * size * 3, 3);
  for (let x = 0; x < size; x++) pass(x * 3, size * 3);
}

/** Means of 2 × 2 pixels: `pixels` is `2 size` square, the result `size` square. */
export function halve(pixels: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size * 3);
  const row = size * 6;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (let c = 0; c < 3; c++) {
        const at = 2 * y * row + 6 * x + c;
        out[(y * size + x) * 3 + c] =
          (pixels[at]! + pixels[at + 3]! + pixels[at + row]! + pixels[at + row + 3]!) / 4;
      }
    }
  }
  return out;
}

/** The 8-point cosine transform's matrix, row k = frequency k. */
function cosines(): Float64Array {
  const m = new Float64Array(64);
  for (let k = 0; k < 8; k++) {
    for (let n = 0; n < 8; n++)
      m[k * 8 + n] = Math.cos(((2 * n + 1) * k * Math.PI) / 16) * (k === 0 ? Math.sqrt(1 / 8) : 0.5);
  }
  return m;
}

const COSINES = cosines();

/** Quantises 8 × 8 blocks of each channel in the cosine domain, coarser at high frequency, as JPEG does. */
export function lose(pixels: Float64Array, size: number, step: number): void {
  if (step <= 0) return;
  const matrix = COSINES;
  const block = new Float64Array(64);
  const half = new Float64Array(64);
  for (let top = 0; top < size; top += 8) {
    for (let left = 0; left < size; left += 8) {
      for (let c = 0; c < 3; c++) {
        for (let i = 0; i < 64; i++) {
          const y = Math.min(top + (i >> 3), size - 1);
          const x = Math.min(left + (i & 7), size - 1);
          block[i] = pixels[(y * size + x) * 3 + c]!;
        }
        transform(block, half, matrix, false);
        for (let i = 0; i < 64; i++) {
          const q = step * (0.5 + 0.35 * ((i >> 3) + (i & 7)));
          block[i] = Math.round(block[i]! / q) * q;
        }
        transform(block, half, matrix, true);
        for (let i = 0; i < 64; i++) {
          const y = top + (i >> 3);
          const x = left + (i & 7);
          if (y < size && x < size) pixels[(y * size + x) * 3 + c] = block[i]!;
        }
      }
    }
  }
}

function transform(block: Float64Array, scratch: Float64Array, m: Float64Array, back: boolean): void {
  const acrossK = back ? 1 : 8;
  const acrossN = back ? 8 : 1;
  for (let pass = 0; pass < 2; pass++) {
    const from = pass === 0 ? block : scratch;
    const to = pass === 0 ? scratch : block;
    for (let r = 0; r < 8; r++) {
      for (let k = 0; k < 8; k++) {
        let sum = 0;
        for (let n = 0; n < 8; n++) sum += from[r * 8 + n]! * m[k * acrossK + n * acrossN]!;
        to[k * 8 + r] = sum;
      }
    }
  }
}

/** Contrast, saturation and noise, then bytes. */
export function develop(pixels: Float64Array, size: number, shot: Shot): Uint8Array {
  const { contrast, saturation, noise } = shot.camera;
  // This kind of array rounds and clamps what is stored.
  const out = new Uint8ClampedArray(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    const r = pixels[3 * i]!;
    const g = pixels[3 * i + 1]!;
    const b = pixels[3 * i + 2]!;
    const grey = 0.3 * r + 0.59 * g + 0.11 * b;
    const h = hash3(i, size, shot.texture);
    // Two bytes of hash make a triangular error; sensors' noise is mostly shared by the channels.
    const shared = ((h & 255) + ((h >>> 8) & 255) - 255) * (noise / 104) + 118;
    const red = (((h >>> 16) & 255) - 127.5) * (noise / 200);
    const blue = ((h >>> 24) - 127.5) * (noise / 200);
    out[3 * i] = (grey + saturation * (r - grey) - 118) * contrast + shared + red;
    out[3 * i + 1] = (grey + saturation * (g - grey) - 118) * contrast + shared;
    out[3 * i + 2] = (grey + saturation * (b - grey) - 118) * contrast + shared + blue;
  }
  return new Uint8Array(out.buffer);
}
