/** Writes some rows of a table and leaves the others as they are. */
import putText from '../../shaders/put_rows.wgsl';
import { ceilDiv, foldGrid } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

export interface PutRowsShape {
  readonly batch: number;
  /** Rows of the table. */
  readonly rows: number;
  /** Rows that are written. */
  readonly count: number;
  /** Elements of a row. */
  readonly width: number;
}

/** Inputs: values [batch, count, width], indices [count]. */
export function putRows(s: PutRowsShape, _traits: AdapterTraits): KernelPlan[] {
  const choice = (lanes: 1 | 4): KernelPlan => {
    const width = s.width / lanes;
    const total = s.batch * s.count * width;
    return {
      label: `putRows${lanes} ${s.count} of ${s.batch}×${s.rows}×${s.width}`,
      shader: expandTemplate(putText, {}, 'put_rows.wgsl'),
      inputs: [
        { name: 'values', element: lanes === 4 ? 'vec4f' : 'f32' },
        { name: 'indices', element: 'i32' },
      ],
      params: { total, rows: s.rows, count: s.count, width },
      lanes,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(total, 64)),
    };
  };
  return s.width % 4 === 0 ? [choice(4), choice(1)] : [choice(1)];
}
