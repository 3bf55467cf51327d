/** Dense k × k convolutions, k > 1 (a 1 × 1 convolution is a plain matrix product). */
import inputText from '../../shaders/conv2d_input.wgsl';
import plainText from '../../shaders/conv2d_plain.wgsl';
import rowsText from '../../shaders/conv2d_rows.wgsl';
import weightPlainText from '../../shaders/conv2d_weight_plain.wgsl';
import weightRowsText from '../../shaders/conv2d_weight_rows.wgsl';
import { ceilDiv, foldGrid } from './grid.ts';
import type { AdapterTraits, KernelElement, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';
import { describeWindow, outputSize, pack16, type WindowShape, windowStrides } from './window.ts';

export interface Conv2dShape extends WindowShape {
  readonly inChannels: number;
  readonly outChannels: number;
}

/** Output pixels of one partial sum of the weight gradient, and how many sums that makes. */
export interface PixelChunks {
  readonly chunk: number;
  readonly chunks: number;
}

const describe = (s: Conv2dShape): string => describeWindow(s, `${s.inChannels}→${s.outChannels}`);

/** The parameters that every kernel here has. */
function shapeParams(s: Conv2dShape) {
  const { outHeight, outWidth } = outputSize(s);
  const { batch, height, width, inChannels, outChannels, stride } = s;
  const [top, , left] = s.padding;
  const window = pack16(s.kernel[0], s.kernel[1]);
  const topLeft = pack16(top, left);
  return { batch, height, width, inChannels, outChannels, outHeight, outWidth, stride, window, topLeft };
}

function strides(s: Conv2dShape) {
  const taps = s.kernel[0] * s.kernel[1] * s.inChannels;
  return windowStrides(s, s.batch * s.height * s.width * s.inChannels, taps * s.outChannels);
}

/** The fixed subgroup size that the kernels of this family can use, or 0. */
const usableSubgroup = (traits: AdapterTraits): number =>
  [4, 8, 16].includes(traits.subgroupSize) ? traits.subgroupSize : 0;

/** Rows-by-columns kernels: with a subgroup where the adapter has one, and by single lanes. */
interface RowsChoice {
  readonly name: string;
  readonly subgroup: boolean;
  readonly workgroup: number;
  readonly rows: number;
}

function rowsChoices(traits: AdapterTraits, subgroupRows: number, laneRows: number): RowsChoice[] {
  const size = usableSubgroup(traits);
  const single: RowsChoice = { name: 'rows', subgroup: false, workgroup: 64, rows: laneRows };
  if (size === 0) return [single];
  const together: RowsChoice = { name: 'subgroup', subgroup: true, workgroup: size, rows: subgroupRows };
  return traits.software ? [together, single] : [single, together];
}

/** Workgroups (subgroup kernels) or lanes (the others) of a rows-by-columns kernel, and its grid. */
function rowsGrid(choice: RowsChoice, slices: number, rows: number, columns4: number) {
  const tiles = slices * ceilDiv(rows, choice.rows);
  const total = tiles * (choice.subgroup ? ceilDiv(columns4, choice.workgroup) : columns4);
  return { total, grid: foldGrid(choice.subgroup ? total : ceilDiv(total, choice.workgroup)) };
}

const rowsValues = (c: RowsChoice) => ({
  SG: c.workgroup,
  ROWS: c.rows,
  SUBGROUP: c.subgroup ? 1 : 0,
  LOADS: c.subgroup ? ceilDiv(c.rows, c.workgroup) : c.rows,
});

const named = (a: string, aElement: KernelElement, b: string, bElement: KernelElement) => [
  { name: a, element: aElement },
  { name: b, element: bElement },
];

/** y [members, batch, outHeight, outWidth, outChannels]. Inputs: x, w. */
export function conv2dForward(s: Conv2dShape, traits: AdapterTraits): KernelPlan[] {
  const shape = shapeParams(s);
  const { strideX, strideW } = strides(s);
  const pixels = s.batch * shape.outHeight * shape.outWidth;
  const plans: KernelPlan[] = [];
  if (s.outChannels % 4 === 0) {
    for (const choice of rowsChoices(traits, 16, 4)) {
      const { total, grid } = rowsGrid(choice, s.members, pixels, s.outChannels / 4);
      plans.push({
        label: `conv2d.${choice.name} ${describe(s)}`,
        shader: expandTemplate(rowsText, rowsValues(choice), 'conv2d_rows.wgsl'),
        inputs: named('x', 'f32', 'w', 'vec4f'),
        params: { total, ...shape, strideX, strideW: strideW / 4 },
        lanes: 4,
        workgroup: [choice.workgroup, 1, 1],
        grid,
        subgroups: choice.subgroup,
      });
    }
  }
  const total = s.members * pixels * s.outChannels;
  plans.push({
    label: `conv2d.plain ${describe(s)}`,
    shader: expandTemplate(plainText, {}, 'conv2d_plain.wgsl'),
    inputs: named('x', 'f32', 'w', 'f32'),
    params: { total, ...shape, strideX, strideW },
    lanes: 1,
    workgroup: [64, 1, 1],
    grid: foldGrid(ceilDiv(total, 64)),
  });
  return plans;
}

/**
 * dx [members, batch, height, width, inChannels] (to be summed over members where x has only one).
 * Inputs: dy, w. The shape is that of the forward convolution.
 */
export function conv2dInputGradient(
  s: Conv2dShape,
  _traits: AdapterTraits,
  addMembers = false,
): KernelPlan[] {
  const folded = addMembers ? s.members : 1;
  const { strideW } = strides(s);
  const blocks = ceilDiv(s.height, s.stride) * ceilDiv(s.width, s.stride) * s.stride * s.stride;
  const choice = (lanes: 1 | 4, channels: number): KernelPlan => {
    const total = (s.members / folded) * s.batch * blocks * (s.inChannels / channels);
    const element = lanes === 4 ? 'vec4f' : 'f32';
    const values = { VEC4: lanes === 4 ? 1 : 0, CHANNELS: channels };
    return {
      label: `conv2d.${lanes === 4 ? 'gather' : 'plain'} input gradient ${describe(s)}`,
      shader: expandTemplate(inputText, values, 'conv2d_input.wgsl'),
      inputs: named('dy', element, 'w', element),
      params: {
        total,
        ...shapeParams(s),
        outChannels: s.outChannels / lanes,
        strideW: strideW / lanes,
        folded,
      },
      lanes: 1,
      workgroup: [64, 1, 1],
      grid: foldGrid(ceilDiv(total, 64)),
    };
  };
  const channels = [4, 3, 2, 1].find((c) => s.inChannels % c === 0) ?? 1;
  return s.outChannels % 4 === 0 ? [choice(4, channels), choice(1, 1)] : [choice(1, channels), choice(1, 1)];
}

/** Cuts the output pixels so that a GPU's lanes are filled, or a CPU's cores are. */
export function chooseConv2dChunks(s: Conv2dShape, traits: AdapterTraits): PixelChunks {
  const { outHeight, outWidth } = outputSize(s);
  const pixels = s.batch * outHeight * outWidth;
  const taps = s.kernel[0] * s.kernel[1] * s.inChannels;
  const tiles = traits.software
    ? s.members * ceilDiv(taps, 32) * ceilDiv(s.outChannels, 32)
    : s.members * ceilDiv(taps, 8) * ceilDiv(s.outChannels, 4);
  const wanted = ceilDiv(traits.software ? 16 : 16384, tiles);
  const chunk = Math.max(ceilDiv(pixels, wanted), Math.min(pixels, 64));
  return { chunk, chunks: ceilDiv(pixels, chunk) };
}

/** Partial dw [chunks, members, kh, kw, inChannels, outChannels], to be summed over the first axis. Inputs: x, dy. */
export function conv2dWeightGradient(
  s: Conv2dShape,
  traits: AdapterTraits,
  { chunk, chunks } = chooseConv2dChunks(s, traits),
): KernelPlan[] {
  const shape = shapeParams(s);
  const { strideX } = strides(s);
  const taps = s.kernel[0] * s.kernel[1] * s.inChannels;
  const slices = chunks * s.members;
  const plans: KernelPlan[] = [];
  if (s.outChannels % 4 === 0) {
    for (const choice of rowsChoices(traits, 32, 8)) {
      const { total, grid } = rowsGrid(choice, slices, taps, s.outChannels / 4);
      plans.push({
        label: `conv2d.${choice.name} weight gradient ${describe(s)}`,
        shader: expandTemplate(weightRowsText, rowsValues(choice), 'conv2d_weight_rows.wgsl'),
        inputs: named('x', 'f32', 'dy', 'vec4f'),
        params: { total, ...shape, strideX, members: s.members, chunk },
        lanes: 4,
        workgroup: [choice.workgroup, 1, 1],
        grid,
        subgroups: choice.subgroup,
      });
    }
  }
  const total = slices * taps * s.outChannels;
  plans.push({
    label: `conv2d.plain weight gradient ${describe(s)}`,
    shader: expandTemplate(weightPlainText, {}, 'conv2d_weight_plain.wgsl'),
    inputs: named('x', 'f32', 'dy', 'f32'),
    params: { total, ...shape, strideX, members: s.members, chunk },
    lanes: 1,
    workgroup: [64, 1, 1],
    grid: foldGrid(ceilDiv(total, 64)),
  });
  return plans;
}
