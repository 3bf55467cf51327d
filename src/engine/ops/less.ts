import type { Tensor } from '../tensor.ts';
import { elementwise, type Operand } from './elementwise.ts';

/** 1 where a < b, else 0. An f32 mask; no gradient. */
export function less(a: Operand, b: Operand): Tensor {
  return elementwise({
    op: 'less',
    inputs: [a, b],
    dtype: 'f32',
    expression: ([x, y], lane) => `select(${lane.literal(0, 'f32')}, ${lane.literal(1, 'f32')}, ${x} < ${y})`,
    evaluate: (x, y) => (x! < y! ? 1 : 0),
    gradient: () => [null, null],
  });
}
