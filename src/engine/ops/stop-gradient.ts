import { Tensor } from '../tensor.ts';

/** The same value, as a constant for differentiation. */
export function stopGradient(x: Tensor): Tensor {
  return new Tensor({
    op: 'stopGradient',
    inputs: [x],
    shape: x.shape,
    dtype: x.dtype,
    body: { kind: 'identity' },
    gradient: () => [null],
  });
}
