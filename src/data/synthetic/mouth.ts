/** Lips, teeth and tongue. */
import { scale, srgb } from './colour.ts';
import { mouthCorner } from './head.ts';
import { type Layer, type Sitting, stain, tint } from './paint.ts';
import { clamp, cover, mix, noise, ramp, strip } from './shapes.ts';

const TEETH = srgb(236, 230, 218);
const TONGUE = srgb(176, 84, 84);
const DARK = srgb(52, 18, 18);

export function mouthLayer({ identity, shot, soft }: Sitting): Layer {
  const { mouth, texture } = identity;
  const { open, smile } = shot.expression;
  const corner = mouthCorner(identity, shot);
  const joy = clamp(smile, 0, 1.2);
  // A smile stretches the lips thin.
  const upperLip = mouth.upperLip * (1 - 0.28 * joy);
  const lowerLip = mouth.lowerLip * (1 - 0.2 * joy);
  const upperColour = scale(mouth.colour, 0.82);

  return ({ x, y }, m) => {
    if (y < mouth.y - 12 || y > mouth.y + 24) return;
    const ax = x < 0 ? -x : x;
    const t = ax / corner.x;
    if (t > 1.3) return;
    const q = t < 1 ? t * t : 1;
    const arch = 1 - q;
    // The line between the lips runs from the middle to the corners.
    const line = mix(mouth.y, corner.y, q) + 0.5 * (1 - t) * ramp(0.4, 0, t);
    const gapTop = line - 0.18 * open * arch;
    const gapBottom = line + 0.82 * open * arch * (1.1 - 0.1 * q);
    const cupid = 1 - mouth.bow * ramp(0.22, 0, t) + 0.1 * mouth.bow * ramp(0.1, 0.3, t);
    const top = gapTop - upperLip * Math.sqrt(arch) * (1 - 0.45 * t) * cupid;
    const bottom = gapBottom + lowerLip * arch ** 0.62;

    const ends = ramp(1.02, 0.9, t);
    const upper = cover(Math.min(y - top, gapTop - y + soft * 0.5), soft + 0.25) * ends;
    const lower = cover(Math.min(bottom - y, y - gapBottom + soft * 0.5), soft + 0.35) * ends;
    const ridges = 0.93 + 0.14 * noise(x * 0.9, y * 0.18, texture);
    if (upper > 0) tint(m, upperColour, upper * 0.92);
    if (lower > 0) {
      tint(m, mouth.colour, lower * 0.92);
      stain(m, ridges, ridges, ridges, lower);
      // Fullness: lit above, darker towards the edge.
      const across = clamp((y - gapBottom) / (bottom - gapBottom + 0.01), 0, 1);
      m.ny += (across - 0.55) * 1.1 * lower;
      m.gloss += lower * 1.1;
    }
    if (open > 0.3 && y > gapTop - soft && y < gapBottom + soft && t < 1) {
      const inside = cover(Math.min(y - gapTop, gapBottom - y), soft);
      const teeth = Math.min(4.6, 1.5 + open * 0.75);
      const between = Math.abs((ax % 3.1) - 1.55) / 1.55;
      let r = DARK[0];
      let g = DARK[1];
      let b = DARK[2];
      const tongue = ramp(gapBottom - 3.6, gapBottom - 1.6, y) * ramp(0.75, 0.5, t) * ramp(3, 6, open);
      r = mix(r, TONGUE[0], tongue);
      g = mix(g, TONGUE[1], tongue);
      b = mix(b, TONGUE[2], tongue);
      const white = cover(gapTop + teeth * (1 - 0.35 * q) - y, soft) * ramp(0.97, 0.7, t);
      const gap = 1 - 0.22 * ramp(0.82, 1, between);
      r = mix(r, TEETH[0] * gap, white);
      g = mix(g, TEETH[1] * gap, white);
      b = mix(b, TEETH[2] * gap, white);
      const dark = 0.55 + 0.45 * ramp(0, 2.4, y - gapTop);
      m.r = mix(m.r, r * dark, inside);
      m.g = mix(m.g, g * dark, inside);
      m.b = mix(m.b, b * dark, inside);
      m.ny = mix(m.ny, 0, inside);
      m.gloss *= 1 - 0.6 * inside;
    } else {
      stain(m, 0.36, 0.22, 0.22, strip(y - line, 0.55, soft + 0.35) * ramp(1.06, 0.94, t));
    }
    // The corners tuck in.
    const tuck = (ax - corner.x) ** 2 + (y - corner.y) ** 2;
    stain(m, 0.55, 0.46, 0.45, clamp(1 - tuck / (3.2 + 2 * joy), 0, 1) * (0.55 + 0.3 * joy));
  };
}
