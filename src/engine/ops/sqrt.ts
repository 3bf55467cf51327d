import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** Square root; its derivative at 0 is infinite. */
export function sqrt(x: Tensor): Tensor {
  return elementwise({
    op: 'sqrt',
    inputs: [x],
    expression: ([a]) => `sqrt(${a})`,
    evaluate: (a) => Math.sqrt(a),
    gradient: (dy, node, ops) => [ops.div(ops.mul(dy, 0.5), node)],
  });
}
