import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** `whenTrue` where `mask` is not 0, else `whenFalse`. No gradient reaches the mask. */
export function select(mask: Tensor, whenTrue: Operand, whenFalse: Operand): Tensor {
  return elementwise({
    op: 'select',
    inputs: [mask, whenTrue, whenFalse],
    expression: ([m, yes, no], lane) => `select(${no}, ${yes}, ${m} != ${lane.literal(0)})`,
    evaluate: (m, yes, no) => (m !== 0 ? yes! : no!),
    gradient: (dy, node, ops) => {
      const condition = node.inputs[0]!;
      return [null, ops.select(condition, dy, 0), ops.select(condition, 0, dy)];
    },
  });
}
