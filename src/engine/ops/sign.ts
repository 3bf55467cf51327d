import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** −1, 0 or 1; its derivative is 0. */
export function sign(x: Tensor): Tensor {
  return elementwise({
    op: 'sign',
    inputs: [x],
    expression: ([a]) => `sign(${a})`,
    evaluate: (a) => Math.sign(a),
    gradient: () => [null],
  });
}
