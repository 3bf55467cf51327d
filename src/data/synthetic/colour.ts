/** Colours are linear light in [0, 1]; tables are written as the sRGB bytes one would pick by eye. */
import { clamp, mix } from './shapes.ts';

export type Rgb = readonly [number, number, number];

function toLinear(byte: number): number {
  const c = byte / 255;
  return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
}

/** Linear colour of three sRGB bytes. */
export function srgb(r: number, g: number, b: number): Rgb {
  return [toLinear(r), toLinear(g), toLinear(b)];
}

/** Between two colours. */
export function blend(a: Rgb, b: Rgb, t: number): Rgb {
  return [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
}

/** Channel by channel scaling. */
export function scale(a: Rgb, r: number, g = r, b = r): Rgb {
  return [a[0] * r, a[1] * g, a[2] * b];
}

/** A colour from hue in [0, 1), saturation and value, as sRGB fractions turned to linear light. */
export function fromHue(hue: number, saturation: number, value: number): Rgb {
  const channel = (offset: number): number => {
    const k = (offset + hue * 6) % 6;
    return 255 * value * (1 - saturation * clamp(Math.min(k, 4 - k), 0, 1));
  };
  return srgb(channel(5), channel(3), channel(1));
}

/** Skin from lightest to darkest; identities fall between neighbours. */
export const SKIN: readonly Rgb[] = [
  srgb(252, 222, 206),
  srgb(243, 205, 180),
  srgb(232, 187, 155),
  srgb(216, 164, 125),
  srgb(190, 136, 97),
  srgb(154, 104, 72),
  srgb(116, 75, 52),
  srgb(80, 51, 38),
];

export const HAIR = {
  black: srgb(24, 20, 20),
  darkBrown: srgb(50, 34, 26),
  brown: srgb(86, 57, 38),
  chestnut: srgb(112, 62, 38),
  ginger: srgb(176, 88, 38),
  darkBlond: srgb(150, 116, 74),
  blond: srgb(212, 176, 116),
  platinum: srgb(234, 218, 184),
} as const;

export const GREY_HAIR = srgb(188, 186, 184);

export const IRIS = {
  darkBrown: srgb(48, 28, 18),
  brown: srgb(98, 58, 28),
  hazel: srgb(122, 98, 48),
  green: srgb(88, 124, 78),
  grey: srgb(128, 142, 150),
  blue: srgb(84, 132, 184),
} as const;

/** Colour of skin at `tone` in [0, 1] (0 lightest), before undertone. */
export function skinAt(tone: number): Rgb {
  const at = clamp(tone, 0, 1) * (SKIN.length - 1);
  const i = Math.min(Math.floor(at), SKIN.length - 2);
  return blend(SKIN[i]!, SKIN[i + 1]!, at - i);
}

const TABLE_SIZE = 4096;

/** sRGB bytes (not rounded, 0 to 255) of linear light 0 to 1, tabulated because `pow` per channel is slow. */
export function gammaTable(): Float64Array {
  const table = new Float64Array(TABLE_SIZE + 1);
  for (let i = 0; i <= TABLE_SIZE; i++) {
    const c = i / TABLE_SIZE;
    table[i] = 255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055);
  }
  return table;
}

/** Looks linear light up in `gammaTable()`, with a soft shoulder so that bright skin does not clip flat. */
export function toneMap(table: Float64Array, light: number): number {
  const c = light < 0.6 ? light : 0.6 + (0.4 * (light - 0.6)) / (light - 0.2);
  return table[(clamp(c, 0, 1) * TABLE_SIZE) | 0]!;
}
