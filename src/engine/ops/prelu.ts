import type { Tensor } from '../tensor.ts';
import { elementwise } from './elementwise.ts';

/** x where x > 0, else slope · x (He et al. 2015). `slope` broadcasts, one for each channel. */
export function prelu(x: Tensor, slope: Tensor): Tensor {
  return elementwise({
    op: 'prelu',
    inputs: [x, slope],
    expression: ([a, s], lane) => `select(${s} * ${a}, ${a}, ${a} > ${lane.literal(0)})`,
    evaluate: (a, s) => (a! > 0 ? a! : s! * a!),
    gradient: (dy, node, ops) => {
      const [input, leak] = [node.inputs[0]!, node.inputs[1]!];
      const positive = ops.greater(input, 0);
      return [ops.mul(dy, ops.select(positive, 1, leak)), ops.select(positive, 0, ops.mul(dy, input))];
    },
  });
}
