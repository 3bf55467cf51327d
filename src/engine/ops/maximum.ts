import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** The larger of a and b; where they tie the gradient goes to a. */
export function maximum(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'maximum',
    inputs: [a, b],
    expression: ([x, y]) => `max(${x}, ${y})`,
    evaluate: (x, y) => Math.max(x!, y!),
    gradient: (dy, node, ops) => {
      const toB = ops.mul(dy, ops.less(node.inputs[0]!, node.inputs[1]!));
      return [ops.sub(dy, toB), toB];
    },
  });
}
