import type { Tensor } from '../tensor.ts';
import { clamp } from './clamp.ts';

/** min(max(x, 0), 6). */
export function relu6(x: Tensor): Tensor {
  return clamp(x, 0, 6);
}
