/** Seeded values for the inputs of op cases: each element is a function of (seed, position) alone. */

/** What the elements of an input look like. */
export type Fill =
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  /** Magnitudes in [least, most], either sign: safe to divide by. */
  | { readonly kind: 'apart'; readonly least: number; readonly most: number }
  /** All different, evenly spaced over a range of 2 around 1/8, shuffled: no two are close enough to swap under a small step. */
  | { readonly kind: 'distinct' }
  /** 0 or 1. */
  | { readonly kind: 'mask' }
  /** Whole numbers in [low, high). */
  | { readonly kind: 'whole'; readonly low: number; readonly high: number }
  /** Symmetric positive definite matrices in the last two axes, eigenvalues ≥ 1/2. */
  | { readonly kind: 'definite' }
  /** Repeated from the start as often as needed. */
  | { readonly kind: 'given'; readonly values: readonly number[] };

/** A 32-bit mix of three words (MurmurHash3's finaliser over a running combination). */
function mix(seed: number, stream: number, position: number): number {
  let h = seed >>> 0;
  for (const word of [stream, position]) {
    h = Math.imul(h ^ word, 0x9e3779b1) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    h = (h ^ (h >>> 16)) >>> 0;
  }
  return h;
}

/** FNV-1a of a name, so that a case keeps its values when others are added before it. */
export function seedOf(name: string): number {
  let h = 0x811c9dc5;
  for (const character of name) h = Math.imul(h ^ character.codePointAt(0)!, 0x01000193) >>> 0;
  return h;
}

/** A uniform number in [0, 1) for each position; two positions of its own for each element. */
function unit(seed: number, stream: number, position: number): number {
  return mix(seed, stream, position) / 4294967296;
}

/** The elements of one input as plain numbers (not yet rounded to the input's dtype). */
export function valuesOf(fill: Fill, shape: readonly number[], seed: number, stream: number): number[] {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const each = (value: (position: number) => number) => Array.from({ length: size }, (_, i) => value(i));
  switch (fill.kind) {
    case 'uniform':
      return each((i) => fill.low + (fill.high - fill.low) * unit(seed, stream, i));
    case 'apart':
      return each((i) => {
        const magnitude = fill.least + (fill.most - fill.least) * unit(seed, stream, 2 * i);
        return unit(seed, stream, 2 * i + 1) < 0.5 ? -magnitude : magnitude;
      });
    case 'distinct':
      return shuffled(size, seed, stream).map((rank) => (2 * rank + 1) / size - 0.875);
    case 'mask':
      return each((i) => (unit(seed, stream, i) < 0.5 ? 0 : 1));
    case 'whole':
      return each((i) => fill.low + Math.floor((fill.high - fill.low) * unit(seed, stream, i)));
    case 'definite':
      return definite(shape, seed, stream);
    case 'given':
      return each((i) => fill.values[i % fill.values.length]!);
  }
}

/** A permutation of 0 … size-1. */
function shuffled(size: number, seed: number, stream: number): number[] {
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(unit(seed, stream, i) * (i + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** A·Aᵀ/K + I/2 for random A, matrix by matrix; rounding to f32 keeps the symmetry. */
function definite(shape: readonly number[], seed: number, stream: number): number[] {
  const k = shape[shape.length - 1]!;
  const matrices = shape.slice(0, -2).reduce((product, extent) => product * extent, 1);
  const values: number[] = [];
  for (let matrix = 0; matrix < matrices; matrix++) {
    const a = (row: number, column: number) => 2 * unit(seed, stream, (matrix * k + row) * k + column) - 1;
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) {
        let total = i === j ? 0.5 : 0;
        for (let l = 0; l < k; l++) total += (a(i, l) * a(j, l)) / k;
        values.push(total);
      }
    }
  }
  return values;
}
