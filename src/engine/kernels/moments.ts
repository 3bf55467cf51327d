/** Mean and biased variance of [members, rows, channels] over rows, in two passes that never subtract E[x]². */
import mergeText from '../../shaders/moments_merge.wgsl';
import partialText from '../../shaders/moments_partial.wgsl';
import { ceilDiv, foldGrid } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';

export interface MomentsShape {
  readonly members: number;
  readonly rows: number;
  readonly channels: number;
}

/** Rows of one chunk, and how many chunks that makes. */
export interface MomentChunks {
  readonly chunkRows: number;
  readonly chunks: number;
}

/** Cuts the rows so that a GPU's lanes are filled, or a CPU's cores are. */
export function chooseMomentChunks(s: MomentsShape, traits: AdapterTraits): MomentChunks {
  const lanes = s.members * ceilDiv(s.channels, 4);
  const wanted = ceilDiv(traits.software ? 512 : 16384, lanes);
  const chunkRows = Math.max(ceilDiv(s.rows, wanted), Math.min(s.rows, 32));
  return { chunkRows, chunks: ceilDiv(s.rows, chunkRows) };
}

const widths = (s: MomentsShape): (1 | 4)[] => (s.channels % 4 === 0 ? [4, 1] : [1]);

/** [chunks, members, 2, channels]: each chunk's mean and sum of squared deviations. Input: x. */
export function momentsPartial(
  s: MomentsShape,
  traits: AdapterTraits,
  { chunkRows, chunks } = chooseMomentChunks(s, traits),
): KernelPlan[] {
  return widths(s).map((lanes) => {
    const channels = s.channels / lanes;
    const total = chunks * s.members * channels;
    return {
      label: `moments.partial${lanes} ${s.members}×${s.rows}×${s.channels}`,
      shader: expandTemplate(partialText, { VEC4: lanes === 4 ? 1 : 0 }, 'moments_partial.wgsl'),
      inputs: [{ name: 'x', element: lanes === 4 ? 'vec4f' : 'f32' }],
      params: { total, members: s.members, rows: s.rows, channels, chunkRows },
      lanes,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(total, 64)),
    };
  });
}

/** [2, members, channels]: mean and biased variance. Input: the partial moments, cut by the same chunks. */
export function momentsMerge(
  s: MomentsShape,
  traits: AdapterTraits,
  { chunkRows, chunks } = chooseMomentChunks(s, traits),
): KernelPlan[] {
  return widths(s).map((lanes) => {
    const channels = s.channels / lanes;
    const total = s.members * channels;
    return {
      label: `moments.merge${lanes} ${chunks}×${s.members}×${s.channels}`,
      shader: expandTemplate(mergeText, { VEC4: lanes === 4 ? 1 : 0 }, 'moments_merge.wgsl'),
      inputs: [{ name: 'parts', element: lanes === 4 ? 'vec4f' : 'f32' }],
      params: { total, rows: s.rows, channels, chunkRows, chunks },
      lanes,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(total, 64)),
    };
  });
}
