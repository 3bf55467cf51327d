import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** a · b, element by element. */
export function mul(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'mul',
    inputs: [a, b],
    expression: ([x, y]) => `(${x} * ${y})`,
    evaluate: (x, y) => x! * y!,
    gradient: (dy, node, ops) => [ops.mul(dy, node.inputs[1]!), ops.mul(dy, node.inputs[0]!)],
  });
}
