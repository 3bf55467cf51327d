import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** Natural logarithm. */
export function log(x: Tensor): Tensor {
  return elementwise({
    op: 'log',
    inputs: [x],
    expression: ([a]) => `log(${a})`,
    evaluate: (a) => Math.log(a),
    gradient: (dy, node, ops) => [ops.div(dy, node.inputs[0]!)],
  });
}
