import type { Tensor } from '../tensor.ts';
import { add } from './add.ts';
import { mul } from './mul.ts';
import { rsqrt } from './rsqrt.ts';
import { square } from './square.ts';
import { sum } from './sum.ts';

/** x / √(Σ x² + eps) along `axis`: unit vectors, and finite at zero. */
export function l2Normalize(x: Tensor, axis: number, eps = 1e-12): Tensor {
  return mul(x, rsqrt(add(sum(square(x), axis, { keepDims: true }), eps)));
}
