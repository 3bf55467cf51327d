/** From features to points of a picture: a circle for two numbers, a sphere seen from afar for three. */

/** How the sphere is turned, in radians. */
export interface Turn {
  /** About the vertical axis. */
  readonly yaw: number;
  /** Towards the viewer. */
  readonly pitch: number;
}

export const FIRST_TURN: Turn = { yaw: 0.5, pitch: 0.35 };

/** x to the right, y up; `depth` towards the viewer, 0 on a circle. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/** Vectors [rows, size] of 2 or 3 numbers as points, by orthographic projection. */
export function project(vectors: ArrayLike<number>, size: number, { yaw, pitch }: Turn): Point[] {
  const points: Point[] = [];
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  for (let at = 0; at + size <= vectors.length; at += size) {
    const [x, y, z] = [vectors[at]!, vectors[at + 1]!, size > 2 ? vectors[at + 2]! : 0];
    if (size === 2) {
      points.push({ x, y, depth: 0 });
      continue;
    }
    const across = cy * x + sy * z;
    const away = cy * z - sy * x;
    points.push({ x: across, y: cp * y - sp * away, depth: cp * away + sp * y });
  }
  return points;
}

const MOST_PITCH = Math.PI / 2;

/** A turn by so much more; the poles are as far as one can look. */
export function turned({ yaw, pitch }: Turn, byYaw: number, byPitch: number): Turn {
  return {
    yaw: (yaw + byYaw) % (2 * Math.PI),
    pitch: Math.min(MOST_PITCH, Math.max(-MOST_PITCH, pitch + byPitch)),
  };
}

/** Points of the unit circle about an axis (0, 1, 2), for the sphere's lines: [count + 1, 3]. */
export function greatCircle(axis: 0 | 1 | 2, count = 48): Float32Array {
  const [u, v] = (
    [
      [1, 2],
      [0, 2],
      [0, 1],
    ] as const
  )[axis];
  const points = new Float32Array((count + 1) * 3);
  for (let i = 0; i <= count; i++) {
    points[i * 3 + u] = Math.cos((2 * Math.PI * i) / count);
    points[i * 3 + v] = Math.sin((2 * Math.PI * i) / count);
  }
  return points;
}
