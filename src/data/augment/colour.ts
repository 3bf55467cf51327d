/** Random colour: brightness, saturation, hue and contrast, as another lamp and another camera would have it. */
import type { Draws } from '../sampling-draws.ts';
import { LUMA, luma } from './luma.ts';
import { checkProbability, checkRange, type Range, toByte } from './ranges.ts';

export interface ColourOptions {
  readonly probability: number;
  /** Factors are drawn evenly from 1 − this to 1 + this; at most 1. */
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  /** Degrees each way, at most 180; none where it is left out. */
  readonly hue?: number;
}

/** Factors, 1 for no change, and degrees. */
export interface Colour {
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
  readonly hue: number;
}

/** Throws a DataError for a strength that would make a factor negative, or degrees beyond 180. */
export function checkColour({ probability, brightness, contrast, saturation, hue = 0 }: ColourOptions): void {
  checkProbability('colour', probability);
  for (const [name, strength] of Object.entries({ brightness, contrast, saturation })) {
    checkRange(`colour.${name}`, [0, strength], 0, 1);
  }
  checkRange('colour.hue', [0, hue], 0, 180);
}

export function drawColour(options: ColourOptions, draws: Draws): Colour {
  const around = (strength: number): Range => [1 - strength, 1 + strength];
  const brightness = draws.between(around(options.brightness));
  const contrast = draws.between(around(options.contrast));
  const saturation = draws.between(around(options.saturation));
  const hue = draws.between([-(options.hue ?? 0), options.hue ?? 0]);
  return { brightness, contrast, saturation, hue };
}

/**
 * All four at once, rounded once. With Y a pixel's luma and m the picture's mean luma:
 *
 *     brightness b:  x ← b x                     saturation s:  x ← Y + s (x − Y)
 *     hue h:         turns (0.492 (B − Y), 0.877 (R − Y)) by h, keeping Y (the U, V plane of PAL)
 *     contrast c:    x ← m + c (x − m)
 *
 * Each is linear (Haeberli 1993, "Matrix Operations for Image Processing"), so the whole is one matrix and an offset.
 * `pixels` and `out`: RGB bytes, size × size × 3.
 */
export function colourFace(pixels: Uint8Array, size: number, colour: Colour, out: Uint8Array): void {
  const { brightness, contrast } = colour;
  const [r, g, b] = colourMatrix(colour);
  const offset = brightness * (1 - contrast) * meanLuma(pixels, size);
  for (let at = 0; at < size * size * 3; at += 3) {
    const red = pixels[at]!;
    const green = pixels[at + 1]!;
    const blue = pixels[at + 2]!;
    out[at] = toByte(r[0] * red + r[1] * green + r[2] * blue + offset);
    out[at + 1] = toByte(g[0] * red + g[1] * green + g[2] * blue + offset);
    out[at + 2] = toByte(b[0] * red + b[1] * green + b[2] * blue + offset);
  }
}

type Triple = readonly [number, number, number];

/** Rows for red, green and blue. */
function colourMatrix({ brightness, contrast, saturation, hue }: Colour): readonly [Triple, Triple, Triple] {
  const gain = brightness * contrast;
  if (saturation === 1 && hue === 0) {
    return [
      [gain, 0, 0],
      [0, gain, 0],
      [0, 0, gain],
    ];
  }
  const columns = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ].map(([red = 0, green = 0, blue = 0]) => turned(red, green, blue, saturation, hue));
  const row = (channel: 0 | 1 | 2): Triple => [
    gain * columns[0]![channel],
    gain * columns[1]![channel],
    gain * columns[2]![channel],
  ];
  return [row(0), row(1), row(2)];
}

const U = 0.492;
const V = 0.877;

/** A pixel with its chroma turned and scaled. */
function turned(red: number, green: number, blue: number, saturation: number, hue: number): Triple {
  const y = luma(red, green, blue);
  const angle = (hue * Math.PI) / 180;
  const [cos, sin] = [saturation * Math.cos(angle), saturation * Math.sin(angle)];
  const u = U * (blue - y);
  const v = V * (red - y);
  const newRed = y + (sin * u + cos * v) / V;
  const newBlue = y + (cos * u - sin * v) / U;
  return [newRed, (y - LUMA[0] * newRed - LUMA[2] * newBlue) / LUMA[1], newBlue];
}

function meanLuma(pixels: Uint8Array, size: number): number {
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let at = 0; at < size * size * 3; at += 3) {
    red += pixels[at]!;
    green += pixels[at + 1]!;
    blue += pixels[at + 2]!;
  }
  return luma(red, green, blue) / (size * size);
}
