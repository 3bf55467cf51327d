/** Turns matrices: [batch, rows, columns] → [batch, columns, rows]. */
import transposeText from '../../shaders/transpose.wgsl';
import { ceilDiv, foldGrid } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

export interface TransposeShape {
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** Input: x. */
export function transpose2d(s: TransposeShape, _traits: AdapterTraits): KernelPlan[] {
  const choice = (lanes: 1 | 4): KernelPlan => {
    const total = (s.batch * s.rows * s.columns) / (lanes * lanes);
    return {
      label: `transpose${lanes} ${s.batch}×${s.rows}×${s.columns}`,
      shader: expandTemplate(transposeText, { VEC4: lanes === 4 ? 1 : 0 }, 'transpose.wgsl'),
      inputs: [{ name: 'x', element: lanes === 4 ? 'vec4f' : 'f32' }],
      params: { total, rows: s.rows, columns: s.columns },
      lanes,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(total, 64)),
    };
  };
  return s.rows % 4 === 0 && s.columns % 4 === 0 ? [choice(4), choice(1)] : [choice(1)];
}
