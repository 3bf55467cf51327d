/** From bytes to what a network takes. A table of 256 values per channel: no arithmetic per pixel. */

/** Per channel, `(byte − mean) × scale`. */
export interface Normalisation {
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
}

/** MobileFaceNet's: (x − 127.5) × 0.0078125, within ±0.996. */
export const CENTRED: Normalisation = {
  mean: [127.5, 127.5, 127.5],
  scale: [0.0078125, 0.0078125, 0.0078125],
};

/** ImageNet's statistics, which some published weights were trained with: (x/255 − mean) / deviation. */
export const IMAGENET: Normalisation = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  scale: [1 / (0.229 * 255), 1 / (0.224 * 255), 1 / (0.225 * 255)],
};

/** [3 × 256] f32: channel c, byte b at c × 256 + b. */
export function normalisationTable(normalisation: Normalisation): Float32Array {
  const table = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    for (let byte = 0; byte < 256; byte++) {
      table[channel * 256 + byte] = (byte - normalisation.mean[channel]!) * normalisation.scale[channel]!;
    }
  }
  return table;
}

/**
 * Writes one face (RGB bytes, size × size × 3, at `from` in `pixels`) as f32 to `out` at `to`, mirrored left to
 * right if `flip`. Allocates nothing.
 */
export function normaliseFace(
  pixels: Uint8Array,
  from: number,
  size: number,
  table: Float32Array,
  flip: boolean,
  out: Float32Array,
  to: number,
): void {
  const step = flip ? -3 : 3;
  let target = to;
  for (let y = 0; y < size; y++) {
    let source = from + (y * size + (flip ? size - 1 : 0)) * 3;
    for (let x = 0; x < size; x++) {
      out[target] = table[pixels[source]!]!;
      out[target + 1] = table[256 + pixels[source + 1]!]!;
      out[target + 2] = table[512 + pixels[source + 2]!]!;
      target += 3;
      source += step;
    }
  }
}
