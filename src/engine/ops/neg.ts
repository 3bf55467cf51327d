import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** −x. */
export function neg(x: Tensor): Tensor {
  return elementwise({
    op: 'neg',
    inputs: [x],
    expression: ([a]) => `(-${a})`,
    evaluate: (a) => -a,
    gradient: (dy, _node, ops) => [ops.neg(dy)],
  });
}
