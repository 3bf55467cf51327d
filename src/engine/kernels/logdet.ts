/** Log-determinants and inverses of many small symmetric positive definite matrices, by Cholesky. */
import choleskyText from '../../shaders/cholesky.wgsl';
import { ceilDiv, foldGrid, QUIET_NAN } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

/** The largest matrix that one lane holds in registers. */
export const MAX_SMALL_MATRIX = 8;

function cholesky(label: string, count: number, size: number, inverse: boolean): KernelPlan[] {
  if (size < 1 || size > MAX_SMALL_MATRIX) {
    throw new RangeError(`${label}: expected matrices of 1 to ${MAX_SMALL_MATRIX} rows, got ${size}`);
  }
  const values = { SIZE: size, INVERSE: inverse ? 1 : 0 };
  return [
    {
      label: `${label} ${count}×${size}×${size}`,
      shader: expandTemplate(choleskyText, values, 'cholesky.wgsl'),
      inputs: [{ name: 'g', element: 'f32' }],
      params: { total: count, nan: QUIET_NAN },
      lanes: 1,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(count, 64)),
    },
  ];
}

/** out [count] = log det of g [count, size, size]; NaN where not positive definite. Input: g. */
export const logDet = (count: number, size: number, _traits: AdapterTraits): KernelPlan[] =>
  cholesky('logdet', count, size, false);

/** out [count, size, size] = g⁻¹, all NaN where not positive definite. Input: g. */
export const inverseSpd = (count: number, size: number, _traits: AdapterTraits): KernelPlan[] =>
  cholesky('inverse', count, size, true);
