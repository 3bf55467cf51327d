import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** max(x, 0); its derivative at 0 is taken as 0. */
export function relu(x: Tensor): Tensor {
  return elementwise({
    op: 'relu',
    inputs: [x],
    expression: ([a], lane) => `max(${a}, ${lane.literal(0)})`,
    evaluate: (a) => Math.max(a, 0),
    gradient: (dy, node, ops) => [ops.mul(dy, ops.greater(node.inputs[0]!, 0))],
  });
}
