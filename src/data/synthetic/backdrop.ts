/** What is behind the face: background (already lit), neck, clothes. */
import { type Rgb, scale } from './colour.ts';
import type { Thing } from './hair.ts';
import type { Sitting } from './paint.ts';
import { clamp, cover, mix, noise, ramp } from './shapes.ts';

/** Linear colour of the background at a template point, written to `out`. */
export function backdrop({ shot }: Sitting): (u: number, v: number, out: Float64Array) => void {
  const { kind, a, b, c } = shot.background;
  const key = shot.texture;
  const { u: p, v: q, w: s } = shot.occluder;
  return (u, v, out) => {
    let t: number;
    let third = 0;
    if (kind === 0) {
      t = clamp((v + (p - 0.5) * u) / 112, 0, 1);
    } else if (kind === 1) {
      t = noise(u / 26, v / 26, key);
      third = ramp(0.55, 0.7, noise(u / 14 + 50, v / 14, key)) * 0.7;
    } else if (kind === 2) {
      // A window or a door frame: hard verticals.
      t = ramp(-1, 1, Math.abs(u - 112 * p) - 14 - 20 * q);
      third = ramp(1.2, 0.4, Math.abs(v - 112 * s)) * 0.8;
    } else if (kind === 3) {
      // Shelves of things.
      const row = Math.floor(v / 16 + 3 * p);
      t = noise(Math.floor(u / 6 + 5 * q) * 1.7 + 0.5, row * 3.3 + 0.5, key);
      third = ramp(2, 1, Math.abs((((v / 16 + 3 * p) % 1) + 1) % 1) * 16);
    } else {
      // Leaves or lights out of focus.
      t = noise(u / 9, v / 9, key);
      third = ramp(0.62, 0.72, noise(u / 7, v / 7 + 90, key));
    }
    out[0] = mix(mix(a[0], b[0], t), c[0], third);
    out[1] = mix(mix(a[1], b[1], t), c[1], third);
    out[2] = mix(mix(a[2], b[2], t), c[2], third);
  };
}

/** Neck, darkened under the chin. */
export function neckThing(sitting: Sitting): Thing {
  const { identity, head, soft } = sitting;
  const half = identity.head.width * mix(0.62, 0.76, identity.masculinity);
  const centre = -13 * head.sinYaw;
  const skin: Rgb = scale(identity.skin, 0.94, 0.9, 0.88);
  return (place, m) => {
    if (place.py < 20) return 0;
    const dx = place.px - centre;
    const wide = half + 0.012 * Math.max(0, place.py - 45) ** 2;
    const alpha = cover(wide - Math.abs(dx), soft);
    if (alpha <= 0) return 0;
    const s = clamp(dx / wide, -0.98, 0.98);
    m.r = skin[0];
    m.g = skin[1];
    m.b = skin[2];
    m.nx = s;
    m.ny = 0;
    m.nz = Math.sqrt(1 - s * s);
    m.gloss = 0.3;
    m.shade = 0.42 + 0.4 * ramp(1, 20, -place.edge);
    return alpha;
  };
}

/** A collar and shoulders. */
export function clothesThing(sitting: Sitting): Thing {
  const { identity, head, shot, soft } = sitting;
  const { colour, collar, stripes } = shot.clothes;
  const half = identity.head.width * 0.72;
  const centre = -13 * head.sinYaw;
  return (place, m) => {
    if (place.py < collar - 14) return 0;
    const dx = Math.abs(place.px - centre);
    const top =
      dx < half ? collar + 0.9 * (half - dx) : collar + 0.25 * (dx - half) - 3 * ramp(0, 4, dx - half);
    const alpha = cover(place.py - top, soft);
    if (alpha <= 0) return 0;
    const weave = 0.8 + 0.35 * noise(place.px / 5, place.py / 9, shot.texture + 2);
    const band = stripes > 0 && Math.floor(place.py / stripes) % 2 === 0 ? 0.45 : 1;
    m.r = colour[0] * weave * band;
    m.g = colour[1] * weave * band;
    m.b = colour[2] * weave * band;
    m.nx = clamp((place.px - centre) / 70, -0.7, 0.7);
    m.ny = -0.35;
    m.nz = 0.75;
    m.gloss = 0.1;
    m.shade = 0.65 + 0.35 * ramp(0, 14, place.py - top);
    return alpha;
  };
}
