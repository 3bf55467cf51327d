import type { Shape } from '../shape.ts';
import { normalizeAxis } from '../shape.ts';
import type { DType, Tensor } from '../tensor.ts';
import { broadcastTo } from './broadcast-to.ts';
import { constant } from './constant.ts';
import { reshape } from './reshape.ts';

/** Each element's index along `axis`. */
export function iota(shape: Shape, axis: number, dtype: DType = 'f32'): Tensor {
  const along = normalizeAxis('iota', axis, shape.length);
  const extent = shape[along]!;
  const line = constant(
    Array.from({ length: extent }, (_, index) => index),
    [extent],
    dtype,
  );
  const aligned = shape.map((_, position) => (position === along ? extent : 1));
  return broadcastTo(reshape(line, aligned), shape);
}
