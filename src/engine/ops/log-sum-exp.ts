import type { Tensor } from '../tensor.ts';
import { add } from './add.ts';
import { exp } from './exp.ts';
import { log } from './log.ts';
import { max } from './max.ts';
import { reshape } from './reshape.ts';
import { stopGradient } from './stop-gradient.ts';
import { sub } from './sub.ts';
import { sum } from './sum.ts';

/** log Σ eˣ along `axis`, which vanishes; shifted by the largest element, so that nothing overflows. */
export function logSumExp(x: Tensor, axis: number): Tensor {
  // The shift cancels, so its derivative does too.
  const largest = stopGradient(max(x, axis, { keepDims: true }));
  const total = log(sum(exp(sub(x, largest)), axis));
  return add(total, reshape(largest, total.shape));
}
