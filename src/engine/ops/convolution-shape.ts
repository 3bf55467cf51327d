import { ShapeError } from '../errors.ts';
import type { WindowShape } from '../kernels/window.ts';
import { showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Zeros around an image: one number for all sides, or [top, bottom, left, right]. */
export type Padding = number | readonly [number, number, number, number];

export interface ConvolutionOptions {
  readonly stride?: number;
  readonly padding?: Padding;
}

/**
 * Checks a convolution's operands and names its extents.
 *
 * @param x [members, batch, height, width, channels].
 * @param w [members, kernel height, kernel width, …]; either side's members may be 1.
 */
export function windowShape(
  op: string,
  x: Tensor,
  w: Tensor,
  options: ConvolutionOptions,
): WindowShape & { outHeight: number; outWidth: number } {
  const [inputMembers, batch, height, width] = x.shape;
  const [weightMembers, kernelHeight, kernelWidth] = w.shape;
  const { stride = 1, padding = 0 } = options;
  const sides = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding;
  if (x.shape.length !== 5 || (inputMembers !== weightMembers && inputMembers !== 1 && weightMembers !== 1)) {
    throw new ShapeError(
      `${op}: expected x [members, batch, height, width, channels] and w with as many members (or 1), got ${showShape(x.shape)} and ${showShape(w.shape)}.`,
    );
  }
  if (!Number.isInteger(stride) || stride < 1 || sides.some((side) => !Number.isInteger(side) || side < 0)) {
    throw new ShapeError(
      `${op}: expected a stride ≥ 1 and paddings ≥ 0, got ${stride} and ${showShape(sides)}.`,
    );
  }
  const outHeight = Math.floor((height! + sides[0] + sides[1] - kernelHeight!) / stride) + 1;
  const outWidth = Math.floor((width! + sides[2] + sides[3] - kernelWidth!) / stride) + 1;
  if (outHeight < 1 || outWidth < 1) {
    throw new ShapeError(
      `${op}: a ${kernelHeight}×${kernelWidth} window does not fit an image of ${height}×${width} with padding ${showShape(sides)}.`,
    );
  }
  return {
    members: Math.max(inputMembers!, weightMembers!),
    batch: batch!,
    height: height!,
    width: width!,
    kernel: [kernelHeight!, kernelWidth!],
    stride,
    padding: sides,
    inputMembers: inputMembers!,
    weightMembers: weightMembers!,
    outHeight,
    outWidth,
  };
}
