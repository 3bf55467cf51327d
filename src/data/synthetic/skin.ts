/** Skin: relief (sockets, cheekbones, nose, chin), blush, freckles, moles, lines of age. */

import { mouthCorner } from './head.ts';
import { type Layer, type Material, type Sitting, stain } from './paint.ts';
import { hash3 } from './random.ts';
import { bump, capsule, clamp, cover, ellipse, noise, ramp, strip } from './shapes.ts';

interface Swell {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly height: number;
}

/** Bumps and hollows that bend the light; mirrored in x where `x` is not 0. */
function relief({ identity, shot }: Sitting): readonly Swell[] {
  const { eyes, mouth, head, brows } = identity;
  const smile = Math.max(0, shot.expression.smile);
  const open = shot.expression.open;
  return [
    { x: eyes.apart - 3, y: -2, rx: 15, ry: 9, height: -3.4 * eyes.socket },
    { x: eyes.apart, y: 0, rx: 10, ry: 7, height: 2.6 },
    { x: brows.inner + 7, y: -brows.height + 1, rx: 16, ry: 7, height: 1.5 * identity.masculinity },
    { x: 25, y: 15 - 2 * smile, rx: 17, ry: 13, height: 2.2 * head.cheekbones + 2 * smile },
    { x: 24, y: 34, rx: 13, ry: 16, height: -2.4 * head.cheekbones + identity.head.jawTaper },
    { x: 0, y: mouth.y - mouth.upperLip * 0.6, rx: mouth.halfWidth, ry: 4, height: 1.2 },
    { x: 0, y: mouth.y + open + mouth.lowerLip * 0.6, rx: mouth.halfWidth * 0.85, ry: 4.5, height: 2 },
    { x: 0, y: mouth.y + open + mouth.lowerLip + 4, rx: 12, ry: 4, height: -1.7 },
    { x: 0, y: head.chin + 0.5 * open - 7, rx: 11, ry: 9, height: 2.6 * head.chinBump },
    { x: 0, y: -26, rx: 30, ry: 18, height: 1.5 },
  ];
}

export function skinLayer(sitting: Sitting): Layer {
  const { identity, shot, head, soft } = sitting;
  const { marks, nose, mouth, eyes, skin, texture } = identity;
  const swells = relief(sitting);
  const corner = mouthCorner(identity, shot);
  const smile = Math.max(0, shot.expression.smile);
  const raise = Math.max(0, shot.expression.brows);
  const tip = nose.length - 1;
  // Dark skin shows blush and freckles less.
  const pale = clamp((skin[0] - 0.1) * 2, 0.15, 1);
  const folds = clamp(marks.folds + 0.45 * smile, 0, 1.2);
  const foreheadLines = clamp(marks.lines + 0.25 * raise, 0, 1.3);
  const bags = eyes.bags + 0.2 * smile;

  const nostrils = (m: Material, dx: number, dy: number): void => {
    const up = nose.upturn;
    const hole = ellipse(
      dx - nose.width * 0.47,
      dy - tip - 3.2 + 0.5 * up,
      nose.width * 0.27,
      1.25 * nose.nostrils + 0.3 * up,
    );
    if (hole > -soft - 1) stain(m, 0.2, 0.13, 0.13, cover(hole, soft + 0.8) * 0.85);
    // The crease round each wing.
    const wing = Math.abs(ellipse(dx - nose.width * 0.6, dy - tip, nose.width * 0.44, 4.2));
    if (dx > nose.width * 0.75 && dy > tip - 4.5) {
      stain(
        m,
        0.6,
        0.5,
        0.48,
        strip(wing, 0.55, soft + 0.5) * ramp(tip - 4.5, tip - 1, dy) * ramp(tip + 4.5, tip + 2, dy),
      );
    }
    const under = strip(dy - tip - 4.1 + 0.02 * dx * dx, 0.5, soft + 0.8);
    stain(m, 0.62, 0.52, 0.5, under * ramp(nose.width * 0.85, nose.width * 0.3, dx));
  };

  const freckles = (m: Material, fx: number, fy: number, fax: number): void => {
    const cell = 2.7;
    const ix = Math.floor(fx / cell);
    const iy = Math.floor(fy / cell);
    const h = hash3(ix, iy, texture);
    const cx = (ix + 0.25 + 0.5 * ((h & 255) / 255)) * cell;
    const cy = (iy + 0.25 + 0.5 * (((h >>> 8) & 255) / 255)) * cell;
    const r = 0.35 + 0.55 * (((h >>> 16) & 255) / 255);
    const zone = bump(((fax - 15) / 22) ** 2 + ((fy - 14) / 17) ** 2);
    const d = r - Math.sqrt((fx - cx) ** 2 + (fy - cy) ** 2);
    if (h >>> 24 < 200)
      stain(m, 0.62, 0.47, 0.36, cover(d, soft + 0.5) * marks.freckles * clamp(zone * 2, 0, 1));
  };

  return (place, m) => {
    const { x, y } = place;
    const ax = x < 0 ? -x : x;
    m.r = skin[0];
    m.g = skin[1];
    m.b = skin[2];
    m.shade = 1;
    m.gloss = 1;

    let gx = 0;
    let gy = 0;
    for (let i = 0; i < swells.length; i++) {
      const s = swells[i]!;
      const dy = (y - s.y) / s.ry;
      if (dy > 1 || dy < -1) continue;
      const dx = ((s.x === 0 ? x : ax) - s.x) / s.rx;
      const q = dx * dx + dy * dy;
      if (q >= 1) continue;
      const k = -6 * s.height * (1 - q) * (1 - q);
      gx += ((s.x !== 0 && x < 0 ? -1 : 1) * k * dx) / s.rx;
      gy += (k * dy) / s.ry;
    }
    if (ax < 17 && y > -17 && y < tip + 9) {
      const h = head.noseHeight(x, y);
      gx += (head.noseHeight(x + 0.8, y) - h) / 0.8;
      gy += (head.noseHeight(x, y + 0.8) - h) / 0.8;
      if (y > tip - 5) nostrils(m, ax, y);
    }
    const nx = place.nx - gx * place.nz;
    const ny = place.ny - gy * place.nz;
    const length = Math.sqrt(nx * nx + ny * ny + place.nz * place.nz);
    m.nx = nx / length;
    m.ny = ny / length;
    m.nz = place.nz / length;

    // Colour: uneven skin, cheeks, nose, beard shadow of grown men, eye sockets.
    const mottle = noise(x / 9, y / 9, texture) - 0.5;
    stain(m, 1, 0.93, 0.92, mottle);
    const cheek = bump(((ax - 25) / 15) ** 2 + ((y - 21) / 13) ** 2);
    stain(m, 1.02, 0.74, 0.74, cheek * marks.blush * pale * 2);
    stain(m, 1, 0.87, 0.86, bump((x / 9) ** 2 + ((y - tip) / 8) ** 2) * (0.4 + marks.blush) * pale);
    const socket = bump(((ax - eyes.apart + 2) / 13) ** 2 + ((y + 1) / 8) ** 2);
    stain(m, 0.86, 0.78, 0.78, socket * 0.55 * eyes.socket);
    if (bags > 0.02) {
      const bow = 5.2 + 1.6 * (1 - ((ax - eyes.apart) / 9) ** 2);
      const near = ramp(10, 4, Math.abs(ax - eyes.apart));
      stain(m, 0.72, 0.66, 0.68, strip(y - bow, 0.55, soft + 0.9) * near * bags);
      stain(m, 0.82, 0.78, 0.8, near * bump(((y - 4.5) / 5) ** 2) * bags * 0.5);
    }
    if (marks.freckles > 0 && y > 0 && y < 34) freckles(m, x, y, ax);
    if (foreheadLines > 0.03 && y < -14) {
      const wave = (y + 22 + 1.2 * noise(x / 9, 1, texture)) / 5.2;
      const near = Math.abs(wave - Math.round(wave)) * 5.2;
      if (Math.round(wave) >= -1 && Math.round(wave) <= 1) {
        stain(m, 0.68, 0.62, 0.6, strip(near, 0.45, soft + 0.7) * ramp(24, 12, ax) * foreheadLines);
      }
    }
    if (folds > 0.03 && y > tip - 4 && y < corner.y + 9) {
      // From the wing of the nose round the corner of the mouth.
      const t = clamp((y - tip + 2) / (corner.y + 5 - tip), 0, 1);
      const line = nose.width + 1.5 + (corner.x + 4.5 - nose.width) * Math.sqrt(t);
      const amount = strip(ax - line, 0.6, soft + 1) * ramp(0, 0.2, t) * ramp(1, 0.7, t);
      stain(m, 0.64, 0.56, 0.55, amount * folds);
      m.shade *= 1 - 0.12 * folds * bump(((ax - line + 2) / 4) ** 2) * ramp(1, 0.5, t) * ramp(0, 0.3, t);
    }
    if (marks.lines > 0.1 && ax > eyes.apart + eyes.halfWidth && ax < 37 && y > -9 && y < 10) {
      // Crow's feet: rays from the outer corner.
      const dx = ax - eyes.apart - eyes.halfWidth;
      const ray = ((y - 0.5) / (dx + 4)) * 3.2;
      const near = (Math.abs(ray - Math.round(ray)) * (dx + 4)) / 3.2;
      stain(
        m,
        0.68,
        0.62,
        0.6,
        strip(near, 0.35, soft + 0.6) * ramp(1, 3, dx) * ramp(9, 5, dx) * marks.lines,
      );
    }
    for (let i = 0; i < marks.moles.length; i++) {
      const mole = marks.moles[i]!;
      if (Math.abs(y - mole.y) > 6) continue;
      const d = ellipse(x - mole.x, y - mole.y, mole.r, mole.r);
      if (d > -soft) stain(m, 0.28, 0.2, 0.18, cover(d, soft + 0.3) * 0.9);
    }
    if (marks.scar) {
      const s = marks.scar;
      const dx = Math.cos(s.angle) * s.length;
      const dy = Math.sin(s.angle) * s.length;
      const d = capsule(x, y, s.x, s.y, s.x + dx, s.y + dy, 0.7);
      if (d > -soft) stain(m, 1.15, 0.85, 0.85, cover(d, soft));
    }
    // Light does not reach under the nose and below the lower lip.
    m.shade *= 1 - 0.34 * bump((x / (nose.width + 4)) ** 2 + ((y - tip - 6.5) / 6.5) ** 2);
    m.shade *=
      1 - 0.2 * bump((x / 13) ** 2 + ((y - mouth.y - shot.expression.open - mouth.lowerLip - 2.5) / 4) ** 2);
  };
}
