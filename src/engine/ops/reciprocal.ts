import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** 1 / x. */
export function reciprocal(x: Tensor): Tensor {
  return elementwise({
    op: 'reciprocal',
    inputs: [x],
    expression: ([a], lane) => `(${lane.literal(1)} / ${a})`,
    evaluate: (a) => 1 / a,
    gradient: (dy, node, ops) => [ops.neg(ops.mul(dy, ops.square(node)))],
  });
}
