import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** Hyperbolic tangent. The argument is clamped to ±15, where f32 has reached ±1: some drivers overflow. */
export function tanh(x: Tensor): Tensor {
  return elementwise({
    op: 'tanh',
    inputs: [x],
    expression: ([a], lane) => `tanh(clamp(${a}, ${lane.literal(-15)}, ${lane.literal(15)}))`,
    evaluate: (a) => Math.tanh(a),
    gradient: (dy, node, ops) => [ops.mul(dy, ops.sub(1, ops.square(node)))],
  });
}
