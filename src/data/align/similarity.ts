/** The similarity (turn, scale, shift) that brings one set of points nearest to another. */
import { DataError } from '../errors.ts';
import type { FivePoints } from './template.ts';

/** (x, y) → (a·x − b·y + x0, b·x + a·y + y0). Never a reflection; scale is √(a² + b²), the turn atan2(b, a). */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly x0: number;
  readonly y0: number;
}

/**
 * The similarity without reflection that minimises Σ |S(from) − to|² (Umeyama 1991, "Least-squares estimation of
 * transformation parameters between two point patterns"). In the plane it has a closed form: with the means taken
 * off and points as complex numbers z and w, the factor is Σ z̄·w / Σ |z|².
 *
 * Throws a DataError for lists of unequal length or fewer than two points, for numbers that are not finite, and where
 * no similarity with a scale comes of it: points that coincide, or of which one list is the other's mirror image.
 */
export function estimateSimilarity(from: FivePoints, to: FivePoints): Similarity {
  if (from.length !== to.length || from.length < 2) {
    throw new DataError(
      `similarity: expected two lists of at least two points each, got ${from.length} and ${to.length}`,
    );
  }
  const [fromX, fromY] = meanOf(from);
  const [toX, toY] = meanOf(to);
  let [real, imaginary, spread, size] = [0, 0, 0, 0];
  for (const [i, [x, y]] of from.entries()) {
    const [u, v] = [x - fromX, y - fromY];
    const [s, t] = [to[i]![0] - toX, to[i]![1] - toY];
    real += u * s + v * t;
    imaginary += u * t - v * s;
    spread += u * u + v * v;
    size += s * s + t * t;
  }
  const a = real / spread;
  const b = imaginary / spread;
  // Relative to the best that such spreads allow: rounding leaves a little where the exact answer is none.
  if (!(spread > 0) || !(Math.hypot(real, imaginary) > 1e-9 * Math.sqrt(spread * size))) {
    throw new DataError(
      `similarity: no turn and scale bring ${JSON.stringify(from)} to ${JSON.stringify(to)}; are the points in the ` +
        'right order, finite and apart?',
    );
  }
  return { a, b, x0: toX - (a * fromX - b * fromY), y0: toY - (b * fromX + a * fromY) };
}

/** The way back. */
export function invertSimilarity({ a, b, x0, y0 }: Similarity): Similarity {
  const norm = a * a + b * b;
  const [c, d] = [a / norm, -b / norm];
  return { a: c, b: d, x0: -(c * x0 - d * y0), y0: -(d * x0 + c * y0) };
}

/** Where a similarity brings a point. */
export function applySimilarity({ a, b, x0, y0 }: Similarity, x: number, y: number): [x: number, y: number] {
  return [a * x - b * y + x0, b * x + a * y + y0];
}

function meanOf(points: FivePoints): [number, number] {
  let [sumX, sumY] = [0, 0];
  for (const [x, y] of points) {
    sumX += x;
    sumY += y;
  }
  return [sumX / points.length, sumY / points.length];
}
