/** Things in front of the face: glasses, and what a shot may hide it behind. */
import { type Rgb, scale, srgb } from './colour.ts';
import type { Thing } from './hair.ts';
import type { Place } from './head.ts';
import type { GlassesStyle } from './identity.ts';
import type { Material, Sitting } from './paint.ts';
import { capsule, clamp, cover, ellipse, mix, noise, ramp, roundedBox, strip } from './shapes.ts';

function flat(m: Material, colour: Rgb, k = 1): void {
  m.r = colour[0] * k;
  m.g = colour[1] * k;
  m.b = colour[2] * k;
  m.nx = 0;
  m.ny = -0.1;
  m.nz = 0.99;
  m.gloss = 0.4;
  m.shade = 1;
}

function lensDistance(style: GlassesStyle, dx: number, dy: number, width: number, height: number): number {
  if (style === 'round') return ellipse(dx, dy, (width + height) * 0.47, (width + height) * 0.45);
  if (style === 'catEye') return roundedBox(dx, dy + 0.22 * dx, width * 0.98, height * 0.78, height * 0.55);
  if (style === 'aviator') return ellipse(dx + 0.09 * dy, dy - 1, width * (1 - 0.02 * dy), height * 1.08);
  return roundedBox(dx, dy, width, height * 0.78, 3);
}

/** Spectacles or sunglasses on a plane before the eyes; null where none are worn. */
export function glassesThing(sitting: Sitting): Thing | null {
  const { identity, shot, head, soft } = sitting;
  const worn = identity.glasses.style !== 'none' && shot.glassesOn;
  if (!worn && !shot.sunglasses) return null;
  const { glasses, eyes } = identity;
  const dark = shot.sunglasses;
  const style: GlassesStyle = dark ? (shot.occluder.u < 0.5 ? 'aviator' : 'rectangular') : glasses.style;
  const colour = dark ? srgb(22, 20, 22) : glasses.colour;
  const width = dark ? 15.5 : glasses.width;
  const height = dark ? 12 : glasses.height;
  const thick = dark ? 0.9 : glasses.thickness;
  const plane = head.surface(0, 0) + 3;
  const centre = Math.max(eyes.apart + 0.8, width + 2.2);
  const ears = identity.head.width;
  const lensTint = dark ? 0.93 : 0.05;

  return (place, m) => {
    const { px, py, edge } = place;
    const x = (px - plane * head.sinYaw) / head.cosYaw;
    const depth = -x * head.sinYaw + plane * head.cosYaw;
    const y = (py - 12 + depth * head.sinPitch) / head.cosPitch + 12;
    if (y < -16 || y > 20) return 0;
    const ax = x < 0 ? -x : x;
    const d = lensDistance(style, ax - centre, y - 0.5, width, height);
    let frame = strip(d, thick, soft);
    // Bridge, then the arms back to the ears.
    const bridge =
      strip(y + 2.6 - 0.06 * ax * ax, thick * 0.9, soft) * cover(centre - width + 0.5 - ax, soft);
    frame = Math.max(frame, bridge);
    if (ax > centre + width - 1 && edge > -1) {
      const [nx, ny] = head.project(x < 0 ? -ears : ears, 1, 0);
      const [fx, fy] = head.project(x < 0 ? -(centre + width) : centre + width, -3, plane - 4);
      frame = Math.max(
        frame,
        cover(capsule(px, py, fx, fy, nx, ny, thick * 0.9), soft) * cover(edge + 1, soft),
      );
    }
    const lens = cover(d, soft) * lensTint;
    const alpha = Math.max(frame, lens);
    if (alpha <= 0) return 0;
    const share = frame / alpha;
    const sky = dark ? 0.35 + 0.5 * ramp(10, -10, y) : 1;
    flat(m, colour);
    m.r = mix(dark ? 0.02 * sky + 0.01 : 0.9, colour[0], share);
    m.g = mix(dark ? 0.022 * sky + 0.01 : 0.95, colour[1], share);
    m.b = mix(dark ? 0.03 * sky + 0.01 : 1, colour[2], share);
    m.gloss = dark ? 0.8 : 0.5 * share;
    m.nx = clamp((x / 45) * 0.6, -0.6, 0.6);
    return alpha;
  };
}

/** Fingers over part of the face, from one side. */
function hand(sitting: Sitting): Thing {
  const { shot, identity, soft } = sitting;
  const { u, v, w } = shot.occluder;
  const side = u < 0.5 ? -1 : 1;
  const baseX = side * (46 + 8 * v);
  const baseY = 44 + 22 * w;
  const skin = scale(identity.skin, 0.95, 0.9, 0.88);
  const fingers = [0, 1, 2, 3].map((i) => ({
    x: side * (6 + 5 * i * (0.6 + 0.5 * v)) + side * 8 * w,
    y: 26 + 20 * v + 3.5 * Math.abs(i - 1.4) - 12 * w,
    bx: baseX - side * (13 - 8.6 * i),
    r: 5.1 - 0.35 * Math.abs(i - 1),
  }));
  return ({ px, py }, m) => {
    let best = capsule(px, py, baseX, baseY + 4, baseX + side * 20, baseY + 40, 21);
    let lean = (px - baseX) / 30;
    for (const f of fingers) {
      const d = capsule(px, py, f.x, f.y, f.bx, baseY - 4, f.r);
      if (d > best) {
        best = d;
        const across = (px - f.x) * (baseY - f.y) - (py - f.y) * (f.bx - f.x);
        lean = across / (f.r * Math.sqrt((baseY - f.y) ** 2 + (f.bx - f.x) ** 2));
      }
    }
    const alpha = cover(best, soft);
    if (alpha <= 0) return 0;
    flat(m, skin, 0.8 + 0.2 * ramp(0, 2.5, best));
    m.nx = clamp(lean, -0.9, 0.9) * 0.8;
    m.nz = 0.7;
    m.shade = 0.6 + 0.4 * ramp(0, 2, best);
    return alpha;
  };
}

/** A cloth mask or a scarf over mouth and nose. */
function mask({ shot, soft, identity }: Sitting): Thing {
  const { colour, second, u, v } = shot.occluder;
  const top = identity.nose.length * 0.55 + 12 * v;
  const scarf = u < 0.5;
  return (place, m) => {
    const { x, y, edge, px, py } = place;
    const bend = 0.004 * x * x;
    const inside = Math.min(y - top - bend, scarf ? 100 : edge + 0.6);
    const alpha = cover(inside, soft) * cover(edge + (scarf ? 7 : 0.8), soft);
    if (alpha <= 0) return 0;
    const pleat = scarf
      ? noise(px / 9 + py / 14, py / 5, shot.texture)
      : 0.5 + 0.5 * ramp(0.35, 0.5, Math.abs(((y / 8) % 1) - 0.5));
    const stripe = scarf && Math.floor((py + 0.4 * px) / 7) % 3 === 0;
    flat(m, stripe ? second : colour, 0.68 + 0.4 * pleat);
    m.nx = place.nx * 0.9;
    m.ny = place.ny * 0.5;
    m.nz = Math.max(0.3, place.nz);
    return alpha;
  };
}

/** A cap or a woollen hat. */
function hat({ shot, soft, identity }: Sitting): Thing {
  const { colour, second, u, v } = shot.occluder;
  const rim = -27 + 7 * v;
  const woollen = u < 0.5;
  return (place, m) => {
    const { x, y, edge, px } = place;
    const dip = woollen ? 0.003 * x * x : -0.0045 * x * x;
    const alpha = cover(Math.min(rim + dip - y, edge + 4 + Math.min(6, identity.hair.volume * 0.5)), soft);
    if (alpha <= 0) return 0;
    const cuff = y > rim - 11;
    const knit = woollen ? 0.75 + 0.4 * ramp(0.2, 0.8, Math.abs(((px / 3.2) % 1) - 0.5) * 2) : 0.95;
    flat(m, cuff && !woollen ? scale(colour, 0.55) : cuff ? colour : second, knit);
    m.nx = clamp(px / 50, -0.9, 0.9);
    m.ny = -0.3;
    m.nz = Math.sqrt(Math.max(0.1, 1 - (px / 50) ** 2));
    m.gloss = 0.1;
    m.shade = 0.75 + 0.25 * ramp(rim + dip, rim + dip - 4, y);
    return alpha;
  };
}

/** Something straight in front of the lens: a phone, a pole, a card. */
function bar({ shot, soft }: Sitting): Thing {
  const { colour, second, u, v, w } = shot.occluder;
  const angle = (w - 0.5) * 2.6;
  const cos = Math.cos(angle);
  const sin = Math.sin(angle);
  return ({ px, py }: Place, m) => {
    const dx = px - (u - 0.5) * 70;
    const dy = py - 10 - (v - 0.5) * 70;
    const d = roundedBox(dx * cos + dy * sin, dy * cos - dx * sin, 10 + 5 * v, 24 + 14 * u, 2.5);
    const alpha = cover(d, soft);
    if (alpha <= 0) return 0;
    flat(m, d < 1.6 ? second : colour);
    return alpha;
  };
}

/** Wind-blown strands across the face. */
function looseStrands({ shot, soft, identity }: Sitting): Thing {
  const { u, v } = shot.occluder;
  const colour = identity.hair.colour;
  const side = u < 0.5 ? -1 : 1;
  return ({ px, py }: Place, m) => {
    let alpha = 0;
    for (let i = 0; i < 5; i++) {
      const t = (py + 45) / 100;
      if (t < 0 || t > 1) continue;
      const x =
        side * (8 + 24 * t * t + 5 * i * (0.4 + v * t) - 9 * u * (1 - t)) +
        2.2 * (noise(py / 14, i, shot.texture) - 0.5);
      alpha = Math.max(alpha, strip(px - x, 0.55 + 0.7 * (i & 1) * (1 - t), soft));
    }
    if (alpha <= 0) return 0;
    flat(m, colour, 0.9);
    return alpha * 0.9;
  };
}

/** What this shot hides the face behind, if anything. */
export function occluderThing(sitting: Sitting): Thing | null {
  switch (sitting.shot.occlusion) {
    case 'none':
      return null;
    case 'hand':
      return hand(sitting);
    case 'mask':
      return mask(sitting);
    case 'hat':
      return hat(sitting);
    case 'bar':
      return bar(sitting);
    case 'strands':
      return looseStrands(sitting);
  }
}
