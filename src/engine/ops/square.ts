import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** x². */
export function square(x: Tensor): Tensor {
  return elementwise({
    op: 'square',
    inputs: [x],
    expression: ([a]) => `(${a} * ${a})`,
    evaluate: (a) => a * a,
    gradient: (dy, node, ops) => [ops.mul(dy, ops.mul(node.inputs[0]!, 2))],
  });
}
