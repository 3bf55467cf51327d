/** Rows of tables by index: gather, and its gradient. */
import gatherText from '../../shaders/gather.wgsl';
import scatterText from '../../shaders/scatter_rows.wgsl';
import { ceilDiv, foldGrid, QUIET_NAN } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

export interface RowsShape {
  readonly batch: number;
  /** Rows of the table. */
  readonly rows: number;
  /** Indices of each batch entry. */
  readonly count: number;
  /** Elements of a row. */
  readonly width: number;
  /** All batch entries read one table (gather), or one dy (scatter). */
  readonly sharedData?: boolean;
  readonly sharedIndices?: boolean;
}

function rowsPlan(s: RowsShape, lanes: 1 | 4, scatter: boolean): KernelPlan {
  const width = s.width / lanes;
  const outRows = scatter ? s.rows : s.count;
  const dataRows = scatter ? s.count : s.rows;
  const total = s.batch * outRows * width;
  const strideData = s.sharedData ? 0 : dataRows * width;
  const strideIndices = s.sharedIndices ? 0 : s.count;
  const element = lanes === 4 ? 'vec4f' : 'f32';
  const values = { VEC4: lanes === 4 ? 1 : 0 };
  const { rows, count } = s;
  const common = { total, rows, count, width, strideIndices };
  return {
    label: `${scatter ? 'scatterRows' : 'gather'}${lanes} ${s.batch}×${rows}×${s.width} by ${count}`,
    shader: scatter
      ? expandTemplate(scatterText, values, 'scatter_rows.wgsl')
      : expandTemplate(gatherText, values, 'gather.wgsl'),
    inputs: [
      { name: scatter ? 'dy' : 'table', element },
      { name: 'indices', element: 'i32' },
    ],
    params: scatter
      ? { ...common, strideDy: strideData }
      : { ...common, strideTable: strideData, nan: QUIET_NAN },
    lanes,
    workgroup: [64, 1, 1],
    grid: foldGrid(ceilDiv(total, 64)),
  };
}

const variants = (s: RowsShape, scatter: boolean): KernelPlan[] =>
  (s.width % 4 === 0 ? ([4, 1] as const) : ([1] as const)).map((lanes) => rowsPlan(s, lanes, scatter));

/** out [batch, count, width] = table[indices]; a row of NaN where an index is out of range. Inputs: table, indices. */
export const gatherRows = (s: RowsShape, _traits: AdapterTraits): KernelPlan[] => variants(s, false);

/** out [batch, rows, width]: each row the sum of the dy rows that point at it. Inputs: dy, indices. */
export const scatterRows = (s: RowsShape, _traits: AdapterTraits): KernelPlan[] => variants(s, true);
