/** What depthwise and dense convolutions have in common: images, windows, and who shares what. */
import { memberStride } from './grid.ts';

/** Images are [members, batch, height, width, channels]. */
export interface WindowShape {
  readonly members: number;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: number;
  readonly padding: readonly [top: number, bottom: number, left: number, right: number];
  /** Members of x: 1 where all share one, else `members`. */
  readonly inputMembers: number;
  /** Members of w: 1 where all share one, else `members`. */
  readonly weightMembers: number;
}

/** The size of the convolution's output. */
export function outputSize(s: WindowShape): { outHeight: number; outWidth: number } {
  const [top, bottom, left, right] = s.padding;
  const outHeight = Math.floor((s.height + top + bottom - s.kernel[0]) / s.stride) + 1;
  const outWidth = Math.floor((s.width + left + right - s.kernel[1]) / s.stride) + 1;
  if (!(outHeight > 0 && outWidth > 0)) {
    throw new RangeError(
      `a ${s.kernel.join('×')} window does not fit ${s.height}×${s.width} with padding ${s.padding}`,
    );
  }
  return { outHeight, outWidth };
}

/** Member strides of x and w, in elements. */
export function windowStrides(
  s: WindowShape,
  xSize: number,
  wSize: number,
): { strideX: number; strideW: number } {
  return {
    strideX: memberStride('x', s.inputMembers, s.members, xSize),
    strideW: memberStride('w', s.weightMembers, s.members, wSize),
  };
}

/** Two 16-bit numbers in one parameter; there is room for only 14 of them. */
export function pack16(high: number, low: number): number {
  if (high > 0xffff || low > 0xffff) throw new RangeError(`${high} and ${low} do not fit 16 bits each`);
  return high * 0x10000 + low;
}

/** For labels: `8×28×28×64 3×3/2`. */
export const describeWindow = (s: WindowShape, channels: string): string =>
  `${s.members > 1 ? `${s.members}×` : ''}${s.batch}×${s.height}×${s.width}×${channels} ${s.kernel.join('×')}/${s.stride}`;
