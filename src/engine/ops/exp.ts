import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return elementwise({
    op: 'exp',
    inputs: [x],
    expression: ([a]) => `exp(${a})`,
    evaluate: (a) => Math.exp(a),
    gradient: (dy, node, ops) => [ops.mul(dy, node)],
  });
}
