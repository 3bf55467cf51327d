import { type DType, Tensor } from '../tensor.ts';

/** The same numbers as another dtype; f32 to an integer truncates toward zero. No gradient through integers. */
export function cast(x: Tensor, dtype: DType): Tensor {
  if (x.dtype === dtype) return x;
  return new Tensor({
    op: 'cast',
    inputs: [x],
    shape: x.shape,
    dtype,
    attributes: dtype,
    body: { kind: 'elementwise', expression: ([a], lane) => `${lane.type(dtype)}(${a})` },
    gradient: () => [null],
  });
}
