import { ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { equal } from './equal.ts';
import { iota } from './iota.ts';
import { reshape } from './reshape.ts';

/** i32 `indices` […] → f32 […, depth] with a 1 at each index; an index out of range gives zeros. */
export function oneHot(indices: Tensor, depth: number): Tensor {
  if (indices.dtype !== 'i32') throw new ShapeError(`oneHot: expected i32 indices, got ${indices.dtype}.`);
  return equal(reshape(indices, [...indices.shape, 1]), iota([depth], 0, 'i32'));
}
