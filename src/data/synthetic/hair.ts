/** Hair: behind the head, on it (cap, fringe, drapes) and the ears that it may or may not cover. */
import type { Rgb } from './colour.ts';
import type { Place } from './head.ts';
import { type Material, type Sitting, stain } from './paint.ts';
import { bump, clamp, cover, ellipse, mix, noise, ramp, strip } from './shapes.ts';

/** Something with an outline: paints the material and returns its coverage. */
export type Thing = (place: Place, material: Material) => number;

/** Whether this hair hangs over the ears. */
function coversEars(sitting: Sitting): boolean {
  return sitting.identity.hair.length > 14;
}

/** Hair's own look at a place: strands, curls, a band of shine. */
function strands(sitting: Sitting): (place: Place, m: Material, along: number) => void {
  const { hair, texture, head } = sitting.identity;
  const [r, g, b]: Rgb = hair.colour;
  const curly = hair.curl > 0.3;
  const size = hair.curlSize;
  const half = head.width + hair.sides;
  return (place, m, along) => {
    const { px, y } = place;
    let light: number;
    if (curly) {
      const n = noise(px / (size * 0.55), y / (size * 0.5), texture + 3);
      light = 0.5 + 0.85 * n * (0.7 + 0.6 * noise(px / (size * 0.22), y / (size * 0.22), texture + 4));
    } else {
      const lean = px + along * (y + 30) * 0.6;
      light =
        0.62 +
        0.45 * noise(lean * 0.75, y * 0.06, texture + 3) +
        0.3 * noise(lean * 0.24, y * 0.03, texture + 4);
    }
    m.r = r * light;
    m.g = g * light;
    m.b = b * light;
    const s = clamp(px / half, -0.98, 0.98);
    const up = clamp(-(y + 8) / 60, -0.15, 0.75);
    const length = Math.sqrt(1 + up * up);
    m.nx = s / length;
    m.ny = -up / length;
    m.nz = Math.sqrt(1 - s * s) / length;
    // A band of shine round the crown, broken by the strands.
    const band = bump(((y + 40 + 14 * s * s + 5 * light) / 11) ** 2);
    m.gloss = curly ? 0.25 : 0.35 + 1.6 * band * light;
    m.shade = 0.92 + 0.25 * band * (curly ? 0.3 : 1);
  };
}

/** Signed distance into the hair's outer shape, positive inside. */
function shell(sitting: Sitting): (place: Place) => number {
  const { hair, head, texture } = sitting.identity;
  const amplitude = hair.curl * 9 + 0.6;
  const size = hair.curlSize * (hair.curl > 0.3 ? 1 : 0.8);
  const hang = sitting.head;
  const fullReach = Math.sqrt((head.width * hang.cosYaw) ** 2 + (head.depth * 0.92 * hang.sinYaw) ** 2);
  const most = Math.max(hair.sides, hair.volume) + amplitude;
  return (place) => {
    const { y, px, py } = place;
    // Far out, save the noise.
    if (y < head.widest && place.edge < -most - 4) return -4;
    const wobble = (noise(px / size + 31, py / size, texture + 5) - 0.5) * amplitude;
    if (y < head.widest) {
      const thick = mix(hair.sides, hair.volume, ramp(head.widest - 12, -46, y));
      return place.edge + thick + wobble;
    }
    const flare = hair.length > 20 ? 0.06 * (y - head.widest) * (1 + 2 * hair.curl) : 0;
    return fullReach + hair.sides + flare + wobble - Math.abs(px);
  };
}

/** Hair seen behind neck and shoulders; nothing for short hair. */
export function hairBehind(sitting: Sitting): Thing | null {
  const { hair } = sitting.identity;
  if (hair.length < 14) return null;
  const look = strands(sitting);
  const outer = shell(sitting);
  const { soft } = sitting;
  return (place, m) => {
    if (place.edge > soft) return 0;
    if (place.y > hair.length + 6) return 0;
    const end = hair.length + 3 * noise(place.px / 4, 0.5, sitting.identity.texture) - place.y;
    const alpha = cover(Math.min(outer(place), end), soft + 0.4);
    if (alpha <= 0) return 0;
    look(place, m, 0);
    m.shade *= mix(1, 0.55, ramp(10, 40, place.y));
    return alpha;
  };
}

/** Hair on and around the head, in front of face and ears. */
export function hairInFront(sitting: Sitting): Thing | null {
  const { identity, soft, shot } = sitting;
  const { hair, head, texture, ears } = identity;
  if (hair.style === 'bald') return null;
  const look = strands(sitting);
  const outer = shell(sitting);
  const long = coversEars(sitting);
  const buzz = hair.style === 'buzz';
  const sideEnd = long ? hair.length : ears.y - 3 + Math.max(0, hair.length);
  const rough = buzz ? 2.4 : 0.9 + 2.2 * hair.curl;
  // Loose hair falls a little differently each day.
  const loose = (shot.occluder.u - 0.5) * 2;

  /** The lower edge of the hair over the forehead, by head x. */
  const line = (x: number): number => {
    const ax = x < 0 ? -x : x;
    const w = ax / head.width;
    let y = hair.line + hair.peak * bump((x / 8) ** 2) - hair.recess * bump(((ax - 19) / 13) ** 2);
    y += (-8 - hair.line) * ramp(0.72, 0.97, w);
    if (hair.fringe > 0) {
      const across = hair.sweep * (x - hair.part) * 0.02;
      const depth = hair.fringe * clamp(1 + across, 0.25, 1.3) * ramp(1, 0.86, w);
      const locks = (noise(x / 4.2 + 11, loose * 0.3, texture + 6) - 0.5) * (3.2 + 5 * hair.curl);
      const parted = hair.style === 'sidePart' || hair.style === 'long' || hair.style === 'wavy';
      y = Math.max(y, hair.line + depth * (parted ? 1 - 0.9 * bump(((x - hair.part) / 9) ** 2) : 1) + locks);
    }
    return y;
  };

  // Below `lowest` and within `inner` there is bare face, and most pixels are that.
  const lowest = hair.line + Math.max(hair.fringe * 1.3, hair.peak) + 10;
  const inner = head.width * 0.72;
  return (place, m) => {
    const { x, y, z, edge } = place;
    if (y > sideEnd + 6) return 0;
    if (edge > 0 && y > lowest && z > 16 && x < inner && x > -inner) return 0;
    const wild = (noise(place.px * 0.3, place.py * 0.3, texture + 7) - 0.5) * (0.8 + 9 * hair.curl);
    let inside: number;
    if (edge > 0) {
      inside = line(x) - y + wild;
      const side = Math.min(10 - z + wild, sideEnd - y + wild);
      inside = Math.max(inside, side);
      if (long) {
        // Drapes: hair hangs in front of the ears and the edge of the cheeks.
        const ax = x < 0 ? -x : x;
        const open =
          head.width * (0.9 - 0.05 * hair.sweep * (x < 0 ? -1 : 1)) -
          2.2 * ramp(-10, 30, y) -
          (hair.sides - 5) * 0.5;
        inside = Math.max(inside, Math.min(ax - open + wild * 0.5, y + 30, sideEnd - y));
      }
      // Beyond the outline the shell decides; near it both agree.
    } else {
      inside = Math.min(outer(place), sideEnd - y + wild);
      if (long) {
        // Below the ears only the outer strands hang in front; the neck stays free.
        const free = head.width * 0.8 + 2 * hair.sweep;
        inside = Math.min(inside, y < head.widest + 4 ? inside : Math.abs(place.px) - free * ramp(80, 20, y));
      }
    }
    const alpha = cover(inside, soft + rough);
    if (alpha <= 0) {
      return 0;
    }
    look(place, m, hair.sweep * (x < hair.part ? -0.6 : 0.9) * ramp(-6, -26, y));
    if (edge > 0) {
      m.nx = mix(m.nx, place.nx, 0.6);
      m.ny = mix(m.ny, place.ny, 0.4);
      m.nz = mix(m.nz, place.nz, 0.6);
    }
    if (hair.style === 'sidePart' && y < hair.line + 2) {
      m.shade *= 1 - 0.45 * strip(x - hair.part - 0.05 * y, 0.7, soft + 0.6);
    }
    // Darker at the roots, where it meets the skin.
    m.shade *= 0.72 + 0.28 * ramp(0, 5, inside);
    return alpha * (buzz ? 0.66 : 1);
  };
}

/** How much the hair darkens the skin just outside it. */
export function hairShadow(sitting: Sitting): (place: Place, m: Material) => void {
  const { hair } = sitting.identity;
  if (hair.style === 'bald' || hair.style === 'buzz') return () => {};
  const depth = hair.fringe > 0 ? 7 : 4;
  const edge = hair.line + hair.fringe;
  const drape = coversEars(sitting) ? sitting.identity.head.width * 0.88 : 1e9;
  return (place, m) => {
    if (place.y < edge + depth + 6) m.shade *= 1 - 0.26 * ramp(edge + depth, edge - 1, place.y);
    const ax = place.x < 0 ? -place.x : place.x;
    if (ax > drape - 6) m.shade *= 1 - 0.3 * ramp(drape - 6, drape, ax);
  };
}

/** Ears; `front` those turned to the viewer, drawn over the head, else both, drawn behind it. */
export function earsThing(sitting: Sitting, front: boolean): Thing | null {
  const { identity, head, soft } = sitting;
  const { ears, skin } = identity;
  if (front && (Math.abs(head.sinYaw) < 0.15 || coversEars(sitting))) return null;
  const width = identity.head.width;
  const near = head.sinYaw > 0 ? -1 : 1;
  const places = (front ? [near] : [-1, 1]).map((side) => {
    const facing = Math.max(0, -side * head.sinYaw);
    const [x, y] = head.project(side * (width - 1.5 + 0.55 * ears.out), ears.y, -2);
    return { side, x, y, rx: ears.size * (0.3 + 0.05 * ears.out + 0.45 * facing) };
  });
  const ry = ears.size;
  return (place, m) => {
    const dy0 = place.py;
    for (const ear of places) {
      const dx = (place.px - ear.x) * ear.side;
      const dy = dy0 - ear.y;
      if (dx < -9 || dx > 9 || dy < -14 || dy > 14) continue;
      // Wider above, with the lobe drawn in.
      const lobe = dx + 0.12 * dy + 0.6;
      const d = ellipse(lobe, dy, ear.rx * (1 - 0.018 * dy), ry);
      const alpha = cover(d, soft);
      if (alpha <= 0) continue;
      m.r = skin[0];
      m.g = skin[1] * 0.9;
      m.b = skin[2] * 0.88;
      const inner = ellipse(lobe + 0.6, dy + 0.4, ear.rx * 0.62, ry * 0.66);
      stain(m, 0.62, 0.48, 0.46, cover(inner, soft + 1.2) * 0.75);
      stain(m, 0.55, 0.42, 0.4, strip(inner, 0.35, soft + 0.5) * 0.5);
      m.nx = ear.side * 0.55 + (0.3 * dx) / ear.rx;
      m.ny = (0.35 * dy) / ry;
      m.nz = 0.75;
      m.gloss = 0.5;
      m.shade = 0.95;
      if (ears.ring) {
        const ring = 1.2 - Math.sqrt((dx + 0.4) ** 2 + (dy - ry * 0.92) ** 2);
        const shine = cover(ring, soft);
        m.r = mix(m.r, 0.85, shine);
        m.g = mix(m.g, 0.68, shine);
        m.b = mix(m.b, 0.3, shine);
      }
      return alpha;
    }
    return 0;
  };
}
