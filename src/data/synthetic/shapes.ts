/** Soft-edged drawing by formula: coverages, ramps and lattice noise. Lengths are in template units. */
import { hash3 } from './random.ts';

export function clamp(x: number, low: number, high: number): number {
  return x < low ? low : x > high ? high : x;
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

/** 0 below `a`, 1 above `b`, smooth between; `a > b` turns it round. */
export function ramp(a: number, b: number, x: number): number {
  const t = clamp((x - a) / (b - a), 0, 1);
  return t * t * (3 - 2 * t);
}

/** How much of a pixel of width `soft` lies inside an edge at signed distance `d` (positive inside). */
export function cover(d: number, soft: number): number {
  const t = d / soft + 0.5;
  return t <= 0 ? 0 : t >= 1 ? 1 : t;
}

/** Coverage of a strip of half-thickness `half` whose centre line is at distance `d`; exact for thin strips. */
export function strip(d: number, half: number, soft: number): number {
  return half <= 0 ? 0 : cover(d + half, soft) - cover(d - half, soft);
}

/** A bump of height 1 with compact support: `q` is the squared distance over the squared radius. */
export function bump(q: number): number {
  return q >= 1 ? 0 : (1 - q) * (1 - q) * (1 - q);
}

/** Signed distance to an axis-aligned ellipse, positive inside; good near the edge. */
export function ellipse(x: number, y: number, rx: number, ry: number): number {
  const k = Math.sqrt((x * x) / (rx * rx) + (y * y) / (ry * ry));
  if (k < 1e-6) return Math.min(rx, ry);
  const gradient = Math.sqrt((x * x) / (rx * rx * rx * rx) + (y * y) / (ry * ry * ry * ry)) / k;
  return (1 - k) / gradient;
}

/** Signed distance to a capsule from (ax, ay) to (bx, by), positive inside. */
export function capsule(
  x: number,
  y: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
  radius: number,
): number {
  const dx = bx - ax;
  const dy = by - ay;
  const t = clamp(((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + 1e-9), 0, 1);
  const ex = x - ax - t * dx;
  const ey = y - ay - t * dy;
  return radius - Math.sqrt(ex * ex + ey * ey);
}

/** Signed distance to a rounded box centred at the origin, positive inside. */
export function roundedBox(
  x: number,
  y: number,
  halfWidth: number,
  halfHeight: number,
  corner: number,
): number {
  const qx = Math.abs(x) - halfWidth + corner;
  const qy = Math.abs(y) - halfHeight + corner;
  const ox = qx > 0 ? qx : 0;
  const oy = qy > 0 ? qy : 0;
  return corner - Math.sqrt(ox * ox + oy * oy) - Math.min(Math.max(qx, qy), 0);
}

const LATTICE = 1024;

/** A fixed shuffle of 0 … 1023, written twice: two look-ups hash a lattice point. */
function shuffled(): Int32Array {
  const table = new Int32Array(2 * LATTICE);
  for (let i = 0; i < LATTICE; i++) {
    const j = hash3(i, 17, 4) % (i + 1);
    table[i] = table[j]!;
    table[j] = i;
  }
  table.copyWithin(LATTICE, 0, LATTICE);
  return table;
}

const SHUFFLED = shuffled();

/** Smooth lattice noise in [0, 1) with features one unit across; repeats after 1024 units. */
export function noise(x: number, y: number, key: number): number {
  const ix = Math.floor(x);
  const iy = Math.floor(y);
  const fx = x - ix;
  const fy = y - iy;
  const ux = fx * fx * (3 - 2 * fx);
  const uy = fy * fy * (3 - 2 * fy);
  const row = (iy + (key >>> 10)) & (LATTICE - 1);
  const left = SHUFFLED[(ix + key) & (LATTICE - 1)]!;
  const right = SHUFFLED[(ix + 1 + key) & (LATTICE - 1)]!;
  const a = SHUFFLED[left + row]!;
  const b = SHUFFLED[right + row]!;
  const c = SHUFFLED[left + ((row + 1) & (LATTICE - 1))]!;
  const d = SHUFFLED[right + ((row + 1) & (LATTICE - 1))]!;
  return (a + (b - a) * ux + (c + (d - c) * ux - a - (b - a) * ux) * uy) / LATTICE;
}

/** Sine for |x| ≤ π/2 from multiplications alone, so that it does not depend on the JavaScript engine. */
export function sine(x: number): number {
  const q = x * x;
  return x * (1 - (q / 6) * (1 - (q / 20) * (1 - (q / 42) * (1 - (q / 72) * (1 - q / 110)))));
}

/** Cosine for |x| ≤ π/2; see `sine`. */
export function cosine(x: number): number {
  const q = x * x;
  return 1 - (q / 2) * (1 - (q / 12) * (1 - (q / 30) * (1 - (q / 56) * (1 - (q / 90) * (1 - q / 132)))));
}
