import type { Shape } from '../shape.ts';
import { type DType, Tensor } from '../tensor.ts';

/** A tensor of one value. Costs nothing: the value becomes a literal where it is used. */
export function full(shape: Shape, value: number, dtype: DType = 'f32'): Tensor {
  return new Tensor({
    op: 'full',
    inputs: [],
    shape,
    dtype,
    attributes: Object.is(value, -0) ? '-0' : String(value),
    body: { kind: 'full', value },
  });
}
