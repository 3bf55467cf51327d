import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** a − b. */
export function sub(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'sub',
    inputs: [a, b],
    expression: ([x, y]) => `(${x} - ${y})`,
    evaluate: (x, y) => x! - y!,
    gradient: (dy, _node, ops) => [dy, ops.neg(dy)],
  });
}
