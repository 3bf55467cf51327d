import { ShapeError } from '../errors.ts';
import { normalizeAxis, showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add } from './add.ts';
import { pad } from './pad.ts';

/** Tensors one behind the other along `axis`; all other extents must agree. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (!first) throw new ShapeError('concat: expected at least one tensor, got none.');
  const along = normalizeAxis('concat', axis, first.shape.length);
  for (const tensor of tensors) {
    const fits =
      tensor.dtype === first.dtype &&
      tensor.shape.length === first.shape.length &&
      tensor.shape.every((extent, position) => position === along || extent === first.shape[position]);
    if (!fits) {
      throw new ShapeError(
        `concat along axis ${along}: ${tensor.dtype} ${showShape(tensor.shape)} does not join ${first.dtype} ${showShape(first.shape)}.`,
      );
    }
  }
  // Each part between zeros, added up: pads are masked loads, so this is one kernel.
  const total = tensors.reduce((extent, tensor) => extent + tensor.shape[along]!, 0);
  let before = 0;
  const parts = tensors.map((tensor) => {
    const own = tensor.shape[along]!;
    const zerosBefore = first.shape.map((_, position) => (position === along ? before : 0));
    const zerosAfter = first.shape.map((_, position) => (position === along ? total - before - own : 0));
    before += own;
    return pad(tensor, zerosBefore, zerosAfter);
  });
  return parts.reduce((sum, part) => add(sum, part));
}
