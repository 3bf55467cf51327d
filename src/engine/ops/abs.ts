import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** |x|; its derivative at 0 is taken as 0. */
export function abs(x: Tensor): Tensor {
  return elementwise({
    op: 'abs',
    inputs: [x],
    expression: ([a]) => `abs(${a})`,
    evaluate: (a) => Math.abs(a),
    gradient: (dy, node, ops) => [ops.mul(dy, ops.sign(node.inputs[0]!))],
  });
}
