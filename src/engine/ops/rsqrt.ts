import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** 1 / √x. */
export function rsqrt(x: Tensor): Tensor {
  return elementwise({
    op: 'rsqrt',
    inputs: [x],
    expression: ([a]) => `inverseSqrt(${a})`,
    evaluate: (a) => 1 / Math.sqrt(a),
    gradient: (dy, node, ops) => [ops.mul(ops.mul(dy, -0.5), ops.div(node, node.inputs[0]!))],
  });
}
