/** The difference between two images: its size, and as a picture. Images are H × W × 3 in [0, 1]. */

export interface PerturbationSize {
  /** Euclidean length. */
  readonly l2: number;
  /** The largest change of a value. */
  readonly linf: number;
  /** Root of the mean square: l2/√P. */
  readonly rms: number;
}

/** How much `image` differs from `source`, in units of [0, 1]. */
export function perturbationSize(image: Float32Array, source: Float32Array): PerturbationSize {
  let [squares, largest] = [0, 0];
  for (let i = 0; i < image.length; i++) {
    const change = Math.abs(image[i]! - source[i]!);
    squares += change * change;
    if (change > largest) largest = change;
  }
  return { l2: Math.sqrt(squares), linf: largest, rms: Math.sqrt(squares / image.length) };
}

/** ½ + factor · (image − source): grey where nothing changed, clipped to [0, 1]. */
export function amplified(image: Float32Array, source: Float32Array, factor: number): Float32Array {
  return image.map((value, i) => Math.min(Math.max(0.5 + factor * (value - source[i]!), 0), 1));
}

/** The image in the 256 levels of a PNG. */
export function rounded(image: Float32Array): Float32Array {
  return image.map((value) => Math.round(value * 255) / 255);
}

/** Bytes to [0, 1], as every network here takes them. */
export function unit(bytes: Uint8Array): Float32Array {
  return Float32Array.from(bytes, (byte) => byte / 255);
}
