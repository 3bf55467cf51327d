/** Batched matrix products: C[splits, batch, m, n] = Σ_k A[batch, m, k] B[batch, k, n]. */
import plainText from '../../shaders/gemm_plain.wgsl';
import subgroupText from '../../shaders/gemm_subgroup.wgsl';
import tiledText from '../../shaders/gemm_tiled.wgsl';
import { ceilDiv, foldGrid } from './grid.ts';
import type { AdapterTraits, KernelInput, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

export interface GemmShape {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Elements from one batch entry of A to the next; 0 where all share one. */
  readonly strideA: number;
  /** The same for B. */
  readonly strideB: number;
  /** A is stored [k, m]. B is always [k, n]. */
  readonly transposeA?: boolean;
  /** The k range is cut in so many chunks, each summed to its own slice of the output. 1 = whole. */
  readonly splits?: number;
}

/** How k is cut: `splits` chunks of `chunk` (a multiple of 4, so that vec4 loads stay aligned). */
function splitK(k: number, splits: number): number {
  const chunk = ceilDiv(ceilDiv(k, splits), 4) * 4;
  if (splits > 1 && chunk * (splits - 1) >= k) {
    throw new RangeError(`gemm: k = ${k} does not fill ${splits} splits; ask chooseSplits`);
  }
  return splits === 1 ? Math.max(k, 1) : chunk;
}

/** The text of a choice of template values is made once. */
const describe = (s: GemmShape): string =>
  `${s.batch > 1 ? `${s.batch}×` : ''}${s.m}×${s.n}×${s.k}${s.transposeA ? ' aᵀ' : ''}${(s.splits ?? 1) > 1 ? ` /${s.splits}` : ''}`;

function inputs(a: 'f32' | 'vec4f', b: 'f32' | 'vec4f'): readonly KernelInput[] {
  return [
    { name: 'a', element: a },
    { name: 'b', element: b },
  ];
}

function shapeParams(s: GemmShape): Record<string, number> {
  const { batch, m, n, k, strideA, strideB } = s;
  return { batch, m, n, k, strideA, strideB, chunk: splitK(k, s.splits ?? 1) };
}

function plain(s: GemmShape): KernelPlan {
  const total = (s.splits ?? 1) * s.batch * s.m * s.n;
  return {
    label: `gemm.plain ${describe(s)}`,
    shader: expandTemplate(plainText, { TRANSPOSE_A: s.transposeA ? 1 : 0 }, 'gemm_plain.wgsl'),
    inputs: inputs('f32', 'f32'),
    params: { ...shapeParams(s), total },
    lanes: 1,
    workgroup: [64, 1, 1],
    grid: foldGrid(ceilDiv(total, 64)),
  };
}

function subgroup(s: GemmShape, size: number, rows: number): KernelPlan {
  const transposed = s.transposeA === true;
  const a4 = transposed || s.k % 4 === 0;
  const b4 = s.n % 4 === 0;
  const rowTiles = ceilDiv(s.m, rows);
  const columnTiles = ceilDiv(s.n, 4 * size);
  const tiles = (s.splits ?? 1) * s.batch * rowTiles * columnTiles;
  const values = {
    SG: size,
    ROWS: rows,
    A4: a4 ? 1 : 0,
    B4: b4 ? 1 : 0,
    TRANSPOSE_A: transposed ? 1 : 0,
    LOADS: ceilDiv(rows, size),
    STEPS: Math.max(1, Math.floor((4 * size) / rows)),
  };
  return {
    label: `gemm.subgroup${rows} ${describe(s)}`,
    shader: expandTemplate(subgroupText, values, 'gemm_subgroup.wgsl'),
    inputs: inputs(a4 ? 'vec4f' : 'f32', b4 ? 'vec4f' : 'f32'),
    params: { ...shapeParams(s), rowTiles, columnTiles, tiles },
    lanes: b4 ? 4 : 1,
    workgroup: [size, 1, 1],
    grid: foldGrid(tiles),
    subgroups: true,
  };
}

/** Lanes across and down, groups of four rows and vec4 columns of a lane, k per step. */
interface Tile {
  readonly TX: number;
  readonly TY: number;
  readonly TM: number;
  readonly TV: number;
  readonly DEPTH: number;
}

const TILES: readonly Tile[] = [
  { TX: 16, TY: 16, TM: 2, TV: 2, DEPTH: 16 }, // 128 × 128
  { TX: 16, TY: 16, TM: 1, TV: 1, DEPTH: 16 }, // 64 × 64
  { TX: 8, TY: 8, TM: 1, TV: 1, DEPTH: 16 }, // 32 × 32
];

/** Workgroups that fill a GPU; below this a smaller tile, or a split of k, is worth its cost. */
const GPU_WORKGROUPS = 200;

const tileCount = (s: GemmShape, t: Tile): number =>
  (s.splits ?? 1) * s.batch * ceilDiv(s.m, 4 * t.TM * t.TY) * ceilDiv(s.n, 4 * t.TV * t.TX);

function tiled(s: GemmShape, tile: Tile): KernelPlan {
  const rowTiles = ceilDiv(s.m, 4 * tile.TM * tile.TY);
  const columnTiles = ceilDiv(s.n, 4 * tile.TV * tile.TX);
  const tiles = tileCount(s, tile);
  return {
    label: `gemm.tiled${4 * tile.TM * tile.TY} ${describe(s)}`,
    shader: expandTemplate(tiledText, { ...tile, TRANSPOSE_A: s.transposeA ? 1 : 0 }, 'gemm_tiled.wgsl'),
    inputs: inputs('vec4f', 'vec4f'),
    params: { ...shapeParams(s), rowTiles, columnTiles, tiles },
    lanes: 4,
    workgroup: [tile.TX * tile.TY, 1, 1],
    grid: foldGrid(tiles),
  };
}

/** Whether both operands can be read as vec4 from every batch entry. */
function aligned(s: GemmShape): boolean {
  return s.n % 4 === 0 && (s.transposeA ? s.m : s.k) % 4 === 0 && s.strideA % 4 === 0 && s.strideB % 4 === 0;
}

/** Candidate plans, best guess for the adapter first, the plain one last. Inputs: a, b. */
export function gemm(s: GemmShape, traits: AdapterTraits): KernelPlan[] {
  const bySubgroup: KernelPlan[] = [];
  const size = traits.subgroupSize;
  // Odd sizes keep the subgroup kernel with scalar loads; odd strides of vec4 loads would shift them.
  const loadable = s.transposeA ? s.m % 4 === 0 && s.strideA % 4 === 0 : s.k % 4 !== 0 || s.strideA % 4 === 0;
  if ((size === 4 || size === 8 || size === 16) && loadable && (s.n % 4 !== 0 || s.strideB % 4 === 0)) {
    // 32 rows are a little faster than 16 for a long k and take twice as long to compile; turned, they
    // are faster throughout, since every load of a is then a whole k.
    const order = s.transposeA ? [32, 16, 8] : [16, 32, 8];
    // Turned, one load of the subgroup must bring at least a whole k.
    const most = s.transposeA ? 4 * size : 8 * size;
    const rows = order.filter((r) => r <= most && (r === 8 || s.m > r / 2));
    for (const r of rows) bySubgroup.push(subgroup(s, size, r));
  }
  const byTile: KernelPlan[] = [];
  if (aligned(s)) {
    const fitting = TILES.filter(
      (t) =>
        t.TX * t.TY <= traits.maxInvocations &&
        16 * t.DEPTH * (t.TM * t.TY + t.TV * t.TX) <= traits.maxWorkgroupStorage,
    );
    const filling = fitting.filter((t) => tileCount(s, t) >= GPU_WORKGROUPS);
    const small = fitting.filter((t) => !filling.includes(t)).reverse();
    for (const t of [...filling, ...small]) byTile.push(tiled(s, t));
  }
  if (!traits.software) return [...byTile, ...bySubgroup, plain(s)];
  // Tiles are slow on a CPU and slow to compile; the largest is the least bad where there is no subgroup.
  const largest = byTile.find((p) => p.label.includes('tiled128')) ?? byTile[0];
  return bySubgroup.length > 0 || !largest ? [...bySubgroup, plain(s)] : [largest, plain(s)];
}

/**
 * How many chunks of k keep the adapter busy where m × n alone does not, as in weight gradients.
 * Each chunk keeps a k long enough to be worth its own pass over the output.
 */
export function chooseSplits(s: GemmShape, traits: AdapterTraits): number {
  const [tiles, wanted, shortest] = traits.software
    ? [s.batch * ceilDiv(s.m, 32) * ceilDiv(s.n, 32), 8, 256]
    : [s.batch * ceilDiv(s.m, 64) * ceilDiv(s.n, 64), GPU_WORKGROUPS, 128];
  const splits = Math.min(ceilDiv(wanted, tiles), Math.floor(s.k / shortest));
  if (splits <= 1) return 1;
  const chunk = ceilDiv(ceilDiv(s.k, splits), 4) * 4;
  return ceilDiv(s.k, chunk);
}
