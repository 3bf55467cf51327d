/** Small float64 helpers of the study's oracles: seeded numbers, numerical gradients, comparisons. */
import { expect } from 'vitest';
import { mulberry32, normalStream } from '../../src/models/init.ts';

/** Standard normal numbers, rounded to f32 so that engine and oracle start from the same values. */
export function normals(length: number, seed: number): Float32Array {
  const next = normalStream(mulberry32(seed));
  return Float32Array.from({ length }, () => next());
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

export function norm(a: ArrayLike<number>): number {
  return Math.sqrt(dot(a, a));
}

/** Row `index` of rows of `length`. */
export function row(values: ArrayLike<number>, index: number, length: number): number[] {
  return Array.from({ length }, (_, i) => values[index * length + i]!);
}

/** Central differences of a float64 function: error of order step². */
export function numericalGradient(
  f: (x: number[]) => number,
  at: ArrayLike<number>,
  step = 1e-5,
): Float64Array {
  const x = Array.from(at);
  return Float64Array.from(x, (value, i) => {
    x[i] = value + step;
    const above = f(x);
    x[i] = value - step;
    const below = f(x);
    x[i] = value;
    return (above - below) / (2 * step);
  });
}

/** ‖actual − expected‖ ≤ tolerance · ‖expected‖, and at least 1e-7 where expected is nothing. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  expect(actual.length, `${what}: length`).toBe(expected.length);
  let [error, size] = [0, 0];
  for (let i = 0; i < actual.length; i++) {
    error += (actual[i]! - expected[i]!) ** 2;
    size += expected[i]! ** 2;
  }
  const relative = Math.sqrt(error) / Math.max(Math.sqrt(size), 1e-7 / tolerance);
  expect(relative, `${what}: relative error`).toBeLessThanOrEqual(tolerance);
}
