/** Pictures as canvases want them. */

/** RGB to a canvas's RGBA, opaque. `rgb` holds bytes 0…255, or numbers in [0, 1] as a Float32Array; H × W × 3. */
export function toRgba(rgb: Uint8Array | Float32Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4);
  const scale = rgb instanceof Float32Array ? 255 : 1;
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    // A clamped array rounds by itself.
    rgba[to] = rgb[from]! * scale;
    rgba[to + 1] = rgb[from + 1]! * scale;
    rgba[to + 2] = rgb[from + 2]! * scale;
    rgba[to + 3] = 255;
  }
  return rgba;
}
