/** Beards and moustaches. */
import { mouthCorner } from './head.ts';
import type { BeardStyle } from './identity.ts';
import { type Layer, type Sitting, stain, tint } from './paint.ts';
import { clamp, noise, ramp } from './shapes.ts';

const STRENGTH: Record<BeardStyle, number> = {
  none: 0,
  stubble: 0.34,
  moustache: 0.9,
  goatee: 0.88,
  short: 0.84,
  full: 0.96,
};

export function beardLayer({ identity, shot, soft }: Sitting): Layer {
  const { beard, mouth, nose, texture, head } = identity;
  const strength = STRENGTH[beard.style] * beard.density;
  if (strength === 0) return () => {};
  const { open } = shot.expression;
  const corner = mouthCorner(identity, shot);
  const whole = beard.style === 'stubble' || beard.style === 'short' || beard.style === 'full';
  const underNose = nose.length + 4.5;
  const rough = 1.6 + soft * 0.5;

  return ({ x, y }, m) => {
    if (y < 4) return;
    const ax = x < 0 ? -x : x;
    const ragged = (noise(x * 0.45, y * 0.3, texture) - 0.5) * 3;
    let mask = 0;
    if (whole || beard.style === 'moustache' || beard.style === 'goatee') {
      // Moustache: between the nose and the lip, down past the corners.
      const t = ax / (corner.x + 3);
      const lip = mouth.y - mouth.upperLip * (1 - 0.6 * t * t) + (corner.y - mouth.y) * t * t + 3.5 * t ** 4;
      const top = underNose + 4.2 * t * t;
      mask =
        ramp(top - rough, top + rough, y + ragged * 0.4) *
        ramp(lip + rough * 0.7, lip - rough * 0.7, y) *
        ramp(1.12, 0.92, t);
    }
    if (whole) {
      // Cheek line: from the sideburns down to the corner of the mouth.
      const t = clamp((ax - corner.x) / (head.width - 5 - corner.x), 0, 1);
      const cheek = corner.y - 5 - beard.cheek - (corner.y - 16) * t ** 2.1;
      const cheeks =
        ramp(cheek - rough, cheek + rough * 2, y + ragged) *
        ramp(corner.x - 1, corner.x + 3.5, ax + ragged * 0.3);
      const under = mouth.y + open * 0.82 + mouth.lowerLip;
      const chin = ramp(under + 0.5, under + 3.5, y + ragged * 0.3);
      mask = Math.max(mask, cheeks, chin);
    } else if (beard.style === 'goatee') {
      const under = mouth.y + open * 0.82 + mouth.lowerLip;
      const patch = ramp(11.5, 8, ax + ragged * 0.5) * ramp(under, under + 3, y + ragged * 0.3);
      const sides =
        ramp(corner.x - 1.5, corner.x + 0.5, ax) *
        ramp(corner.x + 5, corner.x + 3, ax + ragged * 0.4) *
        ramp(corner.y - 2, corner.y, y);
      mask = Math.max(mask, patch, sides * ramp(under + 14, under + 8, y));
    }
    if (mask <= 0) return;
    const strands = noise(x * 0.85, y * 0.35, texture + 1);
    const amount = clamp(mask * strength * (0.72 + 0.5 * strands), 0, 0.98);
    const light = 0.7 + 0.6 * strands;
    tint(m, beard.colour, amount);
    stain(m, light, light, light, amount);
    m.gloss *= 1 - 0.8 * amount;
  };
}
