/** Eyes and brows. */
import { blend, type Rgb, scale, srgb } from './colour.ts';
import { type Layer, type Sitting, stain, tint } from './paint.ts';
import { clamp, cosine, cover, mix, noise, ramp, sine, strip } from './shapes.ts';

const WHITE: Rgb = srgb(240, 236, 232);
const PINK: Rgb = srgb(206, 140, 130);
const LASH: Rgb = srgb(22, 16, 15);

export function eyesLayer({ identity, shot, soft }: Sitting): Layer {
  const { eyes, texture, marks } = identity;
  const { expression, light } = shot;
  const sinTilt = sine(eyes.tilt);
  const cosTilt = cosine(eyes.tilt);
  // A smile pushes the lower lid up.
  const smile = Math.max(0, expression.smile);
  const lower = eyes.lower * (1 - 0.32 * smile);
  const opened = clamp(expression.eyes * (1 - 0.12 * smile), 0, 1.3);
  const upper = mix(-lower * 0.8, eyes.upper, opened);
  const hooded = clamp(marks.lines, 0, 1) * 0.8;
  const rim = scale(eyes.iris, 0.28);
  const lash = blend(LASH, identity.hair.colour, 0.15);

  return ({ x, y }, m) => {
    if (y < -16 || y > 13) return;
    const side = x < 0 ? -1 : 1;
    const dx = side * x - eyes.apart;
    if (dx < -14 || dx > 16) return;
    // Eye coordinates: u to the outer corner, v down, with the tilt undone.
    const u = dx * cosTilt - y * sinTilt;
    const v = dx * sinTilt + y * cosTilt;
    const t = u / eyes.halfWidth;
    const at = Math.abs(t);
    const lean = clamp(t - eyes.peak * (1 - t * t), -1, 1);
    const arc = at < 1 ? 1 - Math.abs(lean) ** eyes.power : 0;
    const top = -upper * arc;
    const bottom = lower * (at < 1 ? 1 - at ** 1.9 : 0);
    const steep = at < 1 ? (eyes.power * upper * at ** (eyes.power - 1)) / eyes.halfWidth : 0;
    const flat = 1 / Math.sqrt(1 + steep * steep);

    if (eyes.shadowStrength > 0 && v < top + 1) {
      const lid = ramp(-eyes.crease - 5, -1, v - top) * ramp(1.35, 0.9, at);
      tint(m, eyes.shadow, lid * eyes.shadowStrength);
    }
    if (eyes.crease > 0) {
      const fold =
        -Math.max(upper, eyes.upper * 0.35) * arc - eyes.crease * (0.55 + 0.45 * arc) * (1 - 0.4 * hooded);
      stain(m, 0.46, 0.38, 0.36, strip((v - fold) * flat, 0.45, soft + 0.4) * ramp(1.2, 0.85, at));
      m.shade *= 1 - 0.1 * ramp(fold + 3, fold, v) * ramp(fold - 5, fold - 1, v) * ramp(1.2, 0.8, at);
    }
    stain(m, 0.7, 0.6, 0.58, strip((v - bottom - 1.5) * flat, 0.4, soft + 0.5) * ramp(1.1, 0.7, at) * 0.7);

    const past = (at - 1) * eyes.halfWidth;
    const inside = at < 1 ? Math.min((v - top) * flat, bottom - v, -past) : -Math.sqrt(past * past + v * v);
    const ball = cover(inside, soft);
    if (ball > 0) {
      let [r, g, b] = WHITE;
      const corner = ramp(0.65, 1, at) * 0.5;
      r += (PINK[0] - r) * corner;
      g += (PINK[1] - g) * corner;
      b += (PINK[2] - b) * corner;
      // The iris hangs a little under the upper lid.
      const iu = u - side * expression.gaze[0];
      const iv = v + 0.55 * upper - 0.3 * eyes.upper - 0.35 - expression.gaze[1];
      const d = Math.sqrt(iu * iu + iv * iv);
      const disc = cover(eyes.irisRadius - d, soft);
      if (disc > 0) {
        const q = d / eyes.irisRadius;
        const streak = 0.82 + 0.45 * noise((iu / (d + 0.3)) * 4 + 9, (iv / (d + 0.3)) * 4, texture);
        const edge = ramp(0.72, 1, q);
        const lit = streak * (0.85 + 0.35 * ramp(-0.3, 0.8, iv / eyes.irisRadius));
        r = mix(r, mix(eyes.iris[0] * lit, rim[0], edge), disc);
        g = mix(g, mix(eyes.iris[1] * lit, rim[1], edge), disc);
        b = mix(b, mix(eyes.iris[2] * lit, rim[2], edge), disc);
        const pupil = cover(eyes.irisRadius * 0.43 - d, soft) * disc;
        r *= 1 - 0.96 * pupil;
        g *= 1 - 0.96 * pupil;
        b *= 1 - 0.96 * pupil;
      }
      // The lid's shadow on the ball.
      const dark = 0.5 + 0.5 * ramp(0, 2.6, v - top);
      m.r = mix(m.r, r * dark, ball);
      m.g = mix(m.g, g * dark, ball);
      m.b = mix(m.b, b * dark, ball);
      // The ball is a sphere of its own, and wet.
      m.nx = mix(m.nx, (side * u) / 13, ball);
      m.ny = mix(m.ny, v / 13, ball);
      m.nz = mix(m.nz, 0.9, ball);
      m.shade = mix(m.shade, 1, ball * 0.7);
      const hx = side * iu - light.direction[0] * 1.7;
      const hy = iv - light.direction[1] * 1.9;
      const glint = cover(0.95 - Math.sqrt(hx * hx + hy * hy), soft) * ball * opened;
      m.r += glint * 0.9;
      m.g += glint * 0.9;
      m.b += glint * 0.9;
    }
    // Lashes thicken the upper lid to the outer corner; the lower lid has only a thin line.
    const wing = t > 1 ? -(t - 1) * 5 * eyes.lashes : 0;
    const thickness = eyes.lashes * (0.6 + 0.5 * clamp(t, -0.6, 1)) * ramp(1.22, 1, at) * 0.95;
    tint(m, lash, strip((v - top - wing + thickness * 0.5) * flat, thickness, soft) * 0.93);
    tint(m, lash, strip(v - bottom - 0.1, 0.26 * eyes.lashes, soft) * ramp(1, 0.8, at) * 0.6);
  };
}

export function browsLayer({ identity, shot, soft }: Sitting): Layer {
  const { brows, texture, masculinity } = identity;
  const raise = shot.expression.brows;
  const span = brows.outer - brows.inner;
  return ({ x, y }, m) => {
    if (y > 2 || y < -28) return;
    const side = x < 0 ? -1 : 1;
    const t = (side * x - brows.inner) / span;
    if (t < -0.12 || t > 1.1) return;
    const rise = t < brows.peak ? t / brows.peak : (1.06 - t) / (1.06 - brows.peak);
    const bow = brows.arch * rise * (2 - rise);
    const centre =
      -brows.height - raise * (0.8 + 0.35 * t) - bow + brows.slant * (0.5 - t) - side * brows.uneven;
    const taper = ramp(-0.1, 0.16, t) * (1 - 0.78 * ramp(0.55, 1.06, t));
    const half = brows.thickness * taper;
    const d = half - Math.abs(y - centre);
    if (d < -soft - 1) return;
    // Hairs lean outwards and up.
    const hairs = noise(t * 26 - (y - centre) * 0.9, (y - centre) * 1.1, texture);
    const ends = ramp(-0.12, 0, t) * ramp(1.1, 0.98, t);
    const amount = strip(y - centre, half, soft + 0.6) * brows.density * (0.62 + 0.55 * hairs) * ends;
    tint(m, brows.colour, clamp(amount * mix(0.9, 1.1, masculinity), 0, 0.97));
    m.gloss *= 1 - 0.7 * clamp(amount, 0, 1);
  };
}
