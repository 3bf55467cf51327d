import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** The smaller of a and b; where they tie the gradient goes to a. */
export function minimum(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'minimum',
    inputs: [a, b],
    expression: ([x, y]) => `min(${x}, ${y})`,
    evaluate: (x, y) => Math.min(x!, y!),
    gradient: (dy, node, ops) => {
      const toB = ops.mul(dy, ops.greater(node.inputs[0]!, node.inputs[1]!));
      return [ops.sub(dy, toB), toB];
    },
  });
}
