import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';
import { full } from './full.ts';
import { reciprocal } from './reciprocal.ts';

/**
 * x to a constant power. Whole exponents up to ±8 are products and take negative bases; any other is
 * WGSL's `pow`, which is NaN for a negative base.
 */
export function pow(x: Tensor, exponent: number): Tensor {
  if (exponent === 0) return full(x.shape, 1);
  if (exponent === 1) return x;
  const whole = Number.isInteger(exponent) && Math.abs(exponent) <= 8;
  if (whole && exponent < 0) return reciprocal(pow(x, -exponent));
  return elementwise({
    op: 'pow',
    inputs: [x],
    attributes: String(exponent),
    expression: ([a], lane) =>
      whole ? `(${Array<string>(exponent).fill(a!).join(' * ')})` : `pow(${a}, ${lane.literal(exponent)})`,
    evaluate: (a) => a! ** exponent,
    gradient: (dy, node, ops) => [ops.mul(dy, ops.mul(ops.pow(node.inputs[0]!, exponent - 1), exponent))],
  });
}
