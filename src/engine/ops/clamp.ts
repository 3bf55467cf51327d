import { ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** x limited to low ≤ x ≤ high. The gradient passes where x lies within, borders included. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ShapeError(`clamp: expected low ≤ high, got ${low} and ${high}.`);
  return elementwise({
    op: 'clamp',
    inputs: [x],
    attributes: `${low},${high}`,
    expression: ([a], lane) => `clamp(${a}, ${lane.literal(low)}, ${lane.literal(high)})`,
    evaluate: (a) => Math.min(Math.max(a!, low), high),
    gradient: (dy, node, ops) => {
      const input = node.inputs[0]!;
      return [ops.mul(dy, ops.equal(input, node))];
    },
  });
}
