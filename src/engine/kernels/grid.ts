/** How workgroups are counted out over a grid, and small sums that every family needs. */

/** WebGPU's guaranteed limit of workgroups in one dimension. */
const MAX_WORKGROUPS = 65535;

/** ⌈a / b⌉ */
export const ceilDiv = (a: number, b: number): number => Math.ceil(a / b);

/**
 * A grid of at least `workgroups` workgroups. Shaders count linearly, `group.x + group.y * groups.x`, and
 * leave when past the end, because one dimension holds only 65,535.
 */
export function foldGrid(workgroups: number): readonly [number, number, number] {
  if (workgroups <= MAX_WORKGROUPS) return [Math.max(1, workgroups), 1, 1];
  const y = ceilDiv(workgroups, MAX_WORKGROUPS);
  if (y > MAX_WORKGROUPS)
    throw new RangeError(`a kernel of ${workgroups} workgroups does not fit one dispatch`);
  return [ceilDiv(workgroups, y), y, 1];
}

/** The member stride of an operand that has either one member for all, or its own for each. */
export function memberStride(operand: string, operandMembers: number, members: number, size: number): number {
  if (operandMembers === members && members !== 1) return size;
  if (operandMembers === 1) return 0;
  throw new RangeError(`${operand}: expected 1 or ${members} members, got ${operandMembers}`);
}

/** A signed value as a u32 parameter; the shader takes it back with `i32(…)`. */
export const signed = (value: number): number => value >>> 0;

/** The bits of a NaN. A parameter, since WGSL refuses a constant that is one. */
export const QUIET_NAN = 0x7fc00000;
