/** Seeded operands, so that every run of a benchmark computes the same thing. */
import { type Shape, sizeOf, Variable } from '../engine/index.ts';
import { hashName, mulberry32 } from '../models/init.ts';

export const FLOAT_BYTES = 4;

/** Numbers in [−bound, bound), the same for the same name. */
export function uniformValues(name: string, length: number, bound = 1): Float32Array {
  const next = mulberry32(hashName(name));
  return Float32Array.from({ length }, () => (next() * 2 - 1) * bound);
}

/** A variable of such numbers: it stays on the device, so that a run uploads nothing. */
export function operand(name: string, shape: Shape, bound = 1): Variable {
  return new Variable({ name, shape, initial: uniformValues(name, sizeOf(shape), bound) });
}
