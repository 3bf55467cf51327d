import { normalizeAxes } from '../shape.ts';
import { type GradientRule, Tensor } from '../tensor.ts';
import { reshape } from './reshape.ts';

/** The node behind sum and max: combines over `axes`, then restores them as extents of 1 if asked. */
export function reduce(
  combine: 'sum' | 'max',
  x: Tensor,
  axes: number | readonly number[] | undefined,
  options: { readonly keepDims?: boolean },
  gradient: GradientRule,
): Tensor {
  const over = normalizeAxes(combine, axes, x.shape.length);
  const kept = x.shape.map((extent, axis) => (over.includes(axis) ? 1 : extent));
  const shape = options.keepDims ? kept : x.shape.filter((_, axis) => !over.includes(axis));
  // An axis of one element has nothing to combine.
  const real = over.filter((axis) => x.shape[axis] !== 1);
  if (real.length === 0) return reshape(x, shape);
  const node = new Tensor({
    op: combine,
    inputs: [x],
    shape: x.shape.filter((_, axis) => !real.includes(axis)),
    dtype: x.dtype,
    attributes: real.join(','),
    body: { kind: 'reduce', combine, axes: real },
    gradient,
  });
  return reshape(node, shape);
}
