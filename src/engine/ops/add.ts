import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** a + b. */
export function add(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'add',
    inputs: [a, b],
    expression: ([x, y]) => `(${x} + ${y})`,
    evaluate: (x, y) => x! + y!,
    gradient: (dy) => [dy, dy],
  });
}
