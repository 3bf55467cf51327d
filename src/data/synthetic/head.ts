/**
 * The head as a solid: a stack of horizontal ellipses whose width and depth change with height. A picture
 * point is carried back onto it in closed form row by row, so that pose moves every feature as it should.
 *
 * Head coordinates: x right, y down, z to the viewer, origin midway between the eyes, template units.
 */
import { ARCFACE_TEMPLATE } from '../align/template.ts';
import type { Identity } from './identity.ts';
import { clamp, cosine, ramp, sine } from './shapes.ts';
import type { Shot } from './shot.ts';

/** The height that the head turns about. */
const PIVOT = 12;
const TOP = -96;
const STEP = 0.75;
const ROWS = 256;

/** Where a picture point lies on the head; written by `Head.locate`. */
export interface Place {
  /** Point on the face, head coordinates. */
  x: number;
  y: number;
  z: number;
  /** Outward normal of the bare head there, head coordinates, unit length. */
  nx: number;
  ny: number;
  nz: number;
  /** Signed distance to the outline, positive inside. */
  edge: number;
  /** The picture point with the alignment undone: pose coordinates. */
  px: number;
  py: number;
}

export function newPlace(): Place {
  return { x: 0, y: 0, z: 0, nx: 0, ny: 0, nz: 1, edge: 0, px: 0, py: 0 };
}

/** Corner of the mouth on the right of the picture, with expression. */
export function mouthCorner(identity: Identity, shot: Shot): { x: number; y: number } {
  const { smile, open } = shot.expression;
  return {
    x: identity.mouth.halfWidth * (1 + 0.13 * smile - 0.012 * open),
    y: identity.mouth.y + identity.mouth.droop - 2.6 * smile + 0.25 * open,
  };
}

export class Head {
  readonly sinYaw: number;
  readonly cosYaw: number;
  readonly sinPitch: number;
  readonly cosPitch: number;
  readonly chin: number;
  /** Per row: half-width, depth, and how each changes per unit of y. */
  readonly #rows = new Float64Array(ROWS * 4);
  readonly #nose: Identity['nose'];
  readonly #crown: number;
  readonly #widest: number;
  readonly #rounds: number;
  /** How far from the middle a turned nose can reach. */
  readonly #noseBox: number;
  /** Picture (template) to pose coordinates: x' = a·u − b·v + c, y' = b·u + a·v + d. */
  readonly #inverse: readonly [number, number, number, number];
  readonly landmarks: readonly (readonly [number, number])[];

  constructor(identity: Identity, shot: Shot) {
    this.sinYaw = sine(shot.yaw);
    this.cosYaw = cosine(shot.yaw);
    this.sinPitch = sine(shot.pitch);
    this.cosPitch = cosine(shot.pitch);
    this.#nose = identity.nose;
    // The jaw drops with the mouth.
    const long = identity.beard.style === 'full' ? 5 : identity.beard.style === 'short' ? 1.5 : 0;
    this.chin = identity.head.chin + 0.6 * shot.expression.open + long;
    this.#crown = identity.head.crown;
    const { width, depth } = identity.head;
    this.#widest = Math.sqrt((width * this.cosYaw) ** 2 + (depth * this.sinYaw) ** 2);
    this.#noseBox = 15 + 16 * Math.abs(this.sinYaw / this.cosYaw);
    this.#rounds = Math.abs(shot.pitch) < 0.04 ? 2 : 3;
    this.#fill(identity, shot);

    const corner = mouthCorner(identity, shot);
    const { apart } = identity.eyes;
    const noseY = identity.nose.length - 1;
    const points = [
      this.project(-apart, 0, this.surface(-apart, 0) - 3),
      this.project(apart, 0, this.surface(apart, 0) - 3),
      this.project(0, noseY, this.surface(0, noseY) + identity.nose.height),
      this.project(-corner.x, corner.y, this.surface(-corner.x, corner.y)),
      this.project(corner.x, corner.y, this.surface(corner.x, corner.y)),
    ];
    const [a, b, c, d] = similarity(points, ARCFACE_TEMPLATE);
    // The leftover turn, zoom and shift act about the middle of the picture, after alignment.
    const ta = shot.zoom * cosine(shot.turn);
    const tb = shot.zoom * sine(shot.turn);
    const fa = ta * a - tb * b;
    const fb = tb * a + ta * b;
    const fc = ta * (c - 56) - tb * (d - 56) + 56 + shot.shift[0];
    const fd = tb * (c - 56) + ta * (d - 56) + 56 + shot.shift[1];
    this.landmarks = points.map(([x, y]) => [fa * x - fb * y + fc, fb * x + fa * y + fd] as const);
    const n = fa * fa + fb * fb;
    this.#inverse = [fa / n, -fb / n, -(fa * fc + fb * fd) / n, (fb * fc - fa * fd) / n];
  }

  #fill(identity: Identity, shot: Shot): void {
    const { head } = identity;
    const smile = Math.max(0, shot.expression.smile);
    for (let i = 0; i < ROWS; i++) {
      const y = TOP + i * STEP;
      let w = 0;
      let c = 0;
      if (y > head.crown && y < this.chin) {
        if (y <= head.widest) {
          const t = (head.widest - y) / (head.widest - head.crown);
          w = (1 - t ** head.foreheadPower) ** (1 / head.foreheadPower);
          c = (1 - t ** 2.7) ** (1 / 2.7);
        } else {
          const t = (y - head.widest) / (this.chin - head.widest);
          w = Math.sqrt(1 - t ** head.jawPower) * (1 - head.jawTaper * ramp(0.05, 1, t));
          // Cheeks fill out in a smile.
          w *= 1 + 0.025 * smile * ramp(0.1, 0.4, t) * ramp(0.85, 0.5, t);
          c = (1 - 0.1 * t * t) * Math.sqrt(1 - t ** 7);
        }
      }
      this.#rows[4 * i] = head.width * w;
      this.#rows[4 * i + 1] = head.depth * c;
    }
    for (let i = 1; i < ROWS - 1; i++) {
      for (const k of [0, 1]) {
        this.#rows[4 * i + 2 + k] = (this.#rows[4 * i + 4 + k]! - this.#rows[4 * i - 4 + k]!) / (2 * STEP);
      }
    }
  }

  #lookUp(column: 0 | 1, y: number): number {
    const at = clamp((y - TOP) / STEP, 0, ROWS - 2);
    const i = at | 0;
    const low = this.#rows[4 * i + column]!;
    return low + (this.#rows[4 * i + 4 + column]! - low) * (at - i);
  }

  /** Depth of the bare head's front at (x, y). */
  surface(x: number, y: number): number {
    const w = this.#lookUp(0, y);
    const q = w > 0 ? 1 - (x * x) / (w * w) : 0;
    return q > 0 ? this.#lookUp(1, y) * Math.sqrt(q) : 0;
  }

  /** A point of the head in pose coordinates (before alignment). */
  project(x: number, y: number, z: number): readonly [number, number] {
    const turned = -x * this.sinYaw + z * this.cosYaw;
    return [x * this.cosYaw + z * this.sinYaw, (y - PIVOT) * this.cosPitch - turned * this.sinPitch + PIVOT];
  }

  /** Height of the nose above the head at (x, y), without its gradient. */
  noseHeight(x: number, y: number): number {
    const n = this.#nose;
    const tip = n.length - 1;
    if (y < -16 || y > tip + 7 || x > 15 || x < -15) return 0;
    const along = y < tip ? ramp(-16, tip, y) : ramp(tip + 7, tip, y);
    const t = clamp(y / tip, 0, 1);
    const spread = n.bridge + (n.tip + 1.5 - n.bridge) * t * t;
    const q = (x * x) / (spread * spread * 4);
    const wings = (n.width - 2) * 0.9;
    const wx = (Math.abs(x) - wings) / 4.6;
    const wy = (y - tip - 0.5) / 5.2;
    const wing = wx * wx + wy * wy;
    const hump = n.hump * (y > 0 && y < tip ? 4 * t * (1 - t) : 0);
    const ridge = q < 1 ? (n.height * along + hump) * (1 - q) * (1 - q) * (1 - q) : 0;
    const side = wing < 1 ? 0.36 * n.height * (1 - wing) * (1 - wing) : 0;
    return ridge > side ? ridge : side;
  }

  /** Carries the template point (u, v) back onto the head. */
  locate(u: number, v: number, out: Place): void {
    const inverse = this.#inverse;
    const px = inverse[0] * u - inverse[1] * v + inverse[2];
    const py = inverse[1] * u + inverse[0] * v + inverse[3];
    const { sinYaw, cosYaw, sinPitch, cosPitch } = this;
    const rows = this.#rows;
    const level = (py - PIVOT) / cosPitch + PIVOT;
    const tilt = sinPitch / cosPitch;
    out.px = px;
    out.py = py;
    const wide = px < 0 ? -px : px;
    if (wide > this.#widest + 2) {
      // Beside the head whatever the height: only hair and shoulders ask, and a rough distance will do.
      const past = Math.max(0, Math.abs(level - 5) - 20);
      out.edge = this.#widest - wide - (past * past) / 110;
      out.x = px;
      out.y = level;
      out.z = 0;
      return;
    }
    let y = level + 36 * tilt;
    let x = 0;
    let z = 0;
    let w = 0;
    let depth = 0;
    let reach = 0;
    let sinPhi = 0;
    let cosPhi = 1;
    let i = 0;
    // Pitch couples the height to the depth found at that height: a few rounds settle it.
    for (let round = this.#rounds; round > 0; round--) {
      let at = (y - TOP) / STEP;
      at = at < 1 ? 1 : at > ROWS - 3 ? ROWS - 3 : at;
      i = (at | 0) * 4;
      at -= i / 4;
      w = rows[i]! + (rows[i + 4]! - rows[i]!) * at;
      depth = rows[i + 1]! + (rows[i + 5]! - rows[i + 1]!) * at;
      const wc = w * cosYaw;
      const ds = depth * sinYaw;
      reach = Math.sqrt(wc * wc + ds * ds);
      if (reach < 0.5) break;
      let s = px / reach;
      s = s < -1 ? -1 : s > 1 ? 1 : s;
      const k = Math.sqrt(1 - s * s);
      sinPhi = (s * wc - k * ds) / reach;
      cosPhi = (k * wc + s * ds) / reach;
      x = w * sinPhi;
      z = depth * cosPhi;
      y = level + (-x * sinYaw + z * cosYaw) * tilt;
    }
    const above = rows[i + 2]!;
    const deeper = rows[i + 3]!;
    const end = y > 0 ? y - this.chin : this.#crown - y;
    if (reach < 0.5 || end > 0) {
      out.edge = -Math.sqrt(px * px + (end > 0 ? end * end : 0)) - 0.01;
    } else {
      const slope = (w * above * cosYaw * cosYaw + depth * deeper * sinYaw * sinYaw) / reach;
      out.edge = (reach - wide) / Math.sqrt(1 + slope * slope);
    }
    if (out.edge > -3) {
      const nx = sinPhi / (w > 1 ? w : 1);
      const nz = cosPhi / (depth > 1 ? depth : 1);
      const ny = -(sinPhi * nx * above + cosPhi * nz * deeper);
      // The narrow rows of the chin would shade like a keel; round them.
      const round = 0.55 + (0.45 * w) / 45;
      const length = Math.sqrt(nx * nx * round * round + ny * ny + nz * nz) + 1e-12;
      out.nx = (nx * round) / length;
      out.ny = ny / length;
      out.nz = nz / length;
      if (x < this.#noseBox && x > -this.#noseBox && y > -20 && y < 34) {
        // The nose stands out of the head, so a turn moves it further.
        const x0 = x;
        const y0 = y;
        const shear = sinYaw / cosYaw;
        let height = this.noseHeight(x, y);
        for (let round = 0; round < 3 && height > 0; round++) {
          x = x0 - height * shear;
          y = y0 + height * tilt;
          height += 0.7 * (this.noseHeight(x, y) - height);
        }
      }
    }
    out.x = x;
    out.y = y;
    out.z = z;
  }

  /** Turns a camera-space direction into head space. */
  toHead(x: number, y: number, z: number): readonly [number, number, number] {
    const y1 = y * this.cosPitch + z * this.sinPitch;
    const z1 = z * this.cosPitch - y * this.sinPitch;
    return [x * this.cosYaw - z1 * this.sinYaw, y1, x * this.sinYaw + z1 * this.cosYaw];
  }
}

/** Least-squares similarity [a, b, c, d] with (x, y) → (a·x − b·y + c, b·x + a·y + d). */
function similarity(
  from: readonly (readonly [number, number])[],
  to: readonly (readonly [number, number])[],
): readonly [number, number, number, number] {
  const n = from.length;
  let fx = 0;
  let fy = 0;
  let tx = 0;
  let ty = 0;
  for (let i = 0; i < n; i++) {
    fx += from[i]![0] / n;
    fy += from[i]![1] / n;
    tx += to[i]![0] / n;
    ty += to[i]![1] / n;
  }
  let dot = 0;
  let cross = 0;
  let norm = 0;
  for (let i = 0; i < n; i++) {
    const x = from[i]![0] - fx;
    const y = from[i]![1] - fy;
    const u = to[i]![0] - tx;
    const v = to[i]![1] - ty;
    dot += x * u + y * v;
    cross += x * v - y * u;
    norm += x * x + y * y;
  }
  const a = dot / norm;
  const b = cross / norm;
  return [a, b, tx - a * fx + b * fy, ty - b * fx - a * fy];
}
