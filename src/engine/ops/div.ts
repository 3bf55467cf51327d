import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** a / b, element by element. */
export function div(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'div',
    inputs: [a, b],
    expression: ([x, y]) => `(${x} / ${y})`,
    evaluate: (x, y) => x! / y!,
    gradient: (dy, node, ops) => {
      const slope = ops.div(dy, node.inputs[1]!);
      return [slope, ops.neg(ops.mul(slope, node))];
    },
  });
}
