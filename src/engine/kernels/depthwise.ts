/** Depthwise convolutions: forward, input gradient, weight gradient. */
import inputPlainText from '../../shaders/depthwise_input_plain.wgsl';
import inputStride2Text from '../../shaders/depthwise_input_stride2.wgsl';
import plainText from '../../shaders/depthwise_plain.wgsl';
import slideText from '../../shaders/depthwise_slide.wgsl';
import weightPlainText from '../../shaders/depthwise_weight_plain.wgsl';
import weightSlideText from '../../shaders/depthwise_weight_slide.wgsl';
import { ceilDiv, foldGrid, signed } from './grid.ts';
import type { AdapterTraits, KernelPlan } from './plan.ts';
import { expandTemplate } from './template.ts';
import { describeWindow, outputSize, pack16, type WindowShape, windowStrides } from './window.ts';

export interface DepthwiseShape extends WindowShape {
  readonly channels: number;
}

/** Lanes of every workgroup of this family. */
const WORKGROUP = 64;

interface Parts {
  readonly label: string;
  readonly shader: string;
  readonly names: readonly [string, string];
  readonly lanes: 1 | 4;
  /** Lanes in all. */
  readonly total: number;
  readonly params: Record<string, number>;
}

function plan(parts: Parts): KernelPlan {
  const element = parts.lanes === 4 ? 'vec4f' : 'f32';
  return {
    label: parts.label,
    shader: parts.shader,
    inputs: parts.names.map((name) => ({ name, element })),
    params: { total: parts.total, ...parts.params },
    lanes: parts.lanes,
    workgroup: [WORKGROUP, 1, 1],
    grid: foldGrid(ceilDiv(parts.total, WORKGROUP)),
  };
}

/** Channel counts and member strides, in units of `lanes` elements. */
function units(s: DepthwiseShape, lanes: 1 | 4) {
  const channels = s.channels / lanes;
  const [kh, kw] = s.kernel;
  return { channels, ...windowStrides(s, s.batch * s.height * s.width * channels, kh * kw * channels) };
}

const describe = (s: DepthwiseShape): string => describeWindow(s, String(s.channels));
const is3x3 = (s: DepthwiseShape): boolean => s.kernel[0] === 3 && s.kernel[1] === 3;
const widths = (s: DepthwiseShape): (1 | 4)[] => (s.channels % 4 === 0 ? [4, 1] : [1]);

/** Rows and columns of one lane of the sliding kernel: a CPU wants long walks, a GPU many lanes. */
function slidePlan(
  s: DepthwiseShape,
  traits: AdapterTraits,
  label: string,
  names: readonly [string, string],
  flip: boolean,
): KernelPlan {
  const { outHeight, outWidth } = outputSize(s);
  const rows = s.stride === 2 ? 2 : traits.software ? 4 : 2;
  const segment = traits.software ? outWidth : Math.min(outWidth, 8);
  const { channels, strideX, strideW } = units(s, 4);
  const values = { ROWS: rows, STRIDE: s.stride, FLIP: flip ? 1 : 0, IN: (rows - 1) * s.stride + 3 };
  // With FLIP the shader's x is dy; the names inside the text stay x and w.
  const [top, , left] = s.padding;
  return plan({
    label,
    shader: expandTemplate(slideText, values, 'depthwise_slide.wgsl'),
    names,
    lanes: 4,
    total: s.members * s.batch * ceilDiv(outHeight, rows) * ceilDiv(outWidth, segment) * channels,
    params: {
      batch: s.batch,
      height: s.height,
      width: s.width,
      channels,
      outHeight,
      outWidth,
      top: signed(top),
      left: signed(left),
      strideX,
      strideW,
      segment,
    },
  });
}

/** Parameters of the kernels that take any window. */
function plainParams(s: DepthwiseShape, lanes: 1 | 4) {
  const { channels, strideX, strideW } = units(s, lanes);
  const { outHeight, outWidth } = outputSize(s);
  const [top, , left] = s.padding;
  const { batch, height, width, stride } = s;
  const window = pack16(s.kernel[0], s.kernel[1]);
  return { batch, height, width, channels, outHeight, outWidth, stride, window, top, left, strideX, strideW };
}

/** y [members, batch, outHeight, outWidth, channels]. Inputs: x, w. */
export function depthwiseForward(s: DepthwiseShape, traits: AdapterTraits): KernelPlan[] {
  const { outHeight, outWidth } = outputSize(s);
  const plans: KernelPlan[] = [];
  if (is3x3(s) && s.stride <= 2 && s.channels % 4 === 0) {
    plans.push(slidePlan(s, traits, `depthwise.slide ${describe(s)}`, ['x', 'w'], false));
  }
  for (const lanes of widths(s)) {
    plans.push(
      plan({
        label: `depthwise.plain${lanes} ${describe(s)}`,
        shader: expandTemplate(plainText, { VEC4: lanes === 4 ? 1 : 0 }, 'depthwise_plain.wgsl'),
        names: ['x', 'w'],
        lanes,
        total: (s.members * s.batch * outHeight * outWidth * s.channels) / lanes,
        params: plainParams(s, lanes),
      }),
    );
  }
  return plans;
}

/**
 * dx [members, batch, height, width, channels] (to be summed over members where x has only one).
 * Inputs: dy, w. The shape is that of the forward convolution.
 */
export function depthwiseInputGradient(s: DepthwiseShape, traits: AdapterTraits): KernelPlan[] {
  const { outHeight, outWidth } = outputSize(s);
  const plans: KernelPlan[] = [];
  const label = `depthwise input gradient ${describe(s)}`;
  if (is3x3(s) && s.channels % 4 === 0 && s.stride === 1) {
    // A convolution of dy with the window turned round, padded by what the forward one was not.
    const [top, bottom, left, right] = s.padding;
    const turned: DepthwiseShape = {
      ...s,
      height: outHeight,
      width: outWidth,
      padding: [2 - top, 2 - bottom, 2 - left, 2 - right],
      inputMembers: s.members,
    };
    plans.push(slidePlan(turned, traits, label.replace(' ', '.slide '), ['x', 'w'], true));
  }
  if (is3x3(s) && s.channels % 4 === 0 && s.stride === 2) {
    const { channels, strideW } = units(s, 4);
    const [top, , left] = s.padding;
    const blocksX = ceilDiv(s.width + left, 2);
    const blocksY = ceilDiv(s.height + top, 2);
    const segment = traits.software ? blocksX : Math.min(blocksX, 8);
    const segments = ceilDiv(blocksX, segment);
    const { batch, height, width } = s;
    plans.push(
      plan({
        label: label.replace(' ', '.slide '),
        shader: expandTemplate(inputStride2Text, {}, 'depthwise_input_stride2.wgsl'),
        names: ['dy', 'w'],
        lanes: 4,
        total: s.members * s.batch * blocksY * segments * channels,
        params: {
          batch,
          height,
          width,
          channels,
          outHeight,
          outWidth,
          top,
          left,
          strideW,
          blocksX,
          blocksY,
          segment,
          segments,
        },
      }),
    );
  }
  for (const lanes of widths(s)) {
    plans.push(
      plan({
        label: label.replace(' ', `.plain${lanes} `),
        shader: expandTemplate(inputPlainText, { VEC4: lanes === 4 ? 1 : 0 }, 'depthwise_input_plain.wgsl'),
        names: ['dy', 'w'],
        lanes,
        total: (s.members * s.batch * s.height * s.width * s.channels) / lanes,
        params: plainParams(s, lanes),
      }),
    );
  }
  return plans;
}

/** (image, output row) pairs of one partial sum of the weight gradient, and how many sums that makes. */
export interface RowChunks {
  readonly chunkRows: number;
  readonly chunks: number;
}

/** Cuts the rows so that a GPU's lanes are filled, or a CPU's cores are. */
export function chooseDepthwiseChunks(s: DepthwiseShape, traits: AdapterTraits): RowChunks {
  const rows = s.batch * outputSize(s).outHeight;
  const lanes = s.members * ceilDiv(s.channels, 4);
  const wanted = ceilDiv(traits.software ? 1024 : 16384, lanes);
  const chunkRows = Math.min(0xffff, Math.max(ceilDiv(rows, wanted), 1));
  return { chunkRows, chunks: ceilDiv(rows, chunkRows) };
}

/** Partial dw [chunks, members, kh, kw, channels], to be summed over the first axis. Inputs: x, dy. */
export function depthwiseWeightGradient(
  s: DepthwiseShape,
  traits: AdapterTraits,
  { chunkRows, chunks } = chooseDepthwiseChunks(s, traits),
): KernelPlan[] {
  const { outHeight, outWidth } = outputSize(s);
  const plans: KernelPlan[] = [];
  const label = `depthwise weight gradient ${describe(s)}`;
  const membersChunkRows = pack16(s.members, chunkRows);
  if (is3x3(s) && s.stride <= 2 && s.channels % 4 === 0) {
    const { channels, strideX } = units(s, 4);
    const [top, , left] = s.padding;
    const { batch, height, width } = s;
    // Bands are dealt out over the same number of sums; the last ones may have none and stay zero.
    const bandRows = 2;
    const chunkBands = ceilDiv(s.batch * ceilDiv(outHeight, bandRows), chunks);
    plans.push(
      plan({
        label: label.replace(' ', '.slide '),
        shader: expandTemplate(
          weightSlideText,
          { STRIDE: s.stride, ROWS: bandRows, IN: (bandRows - 1) * s.stride + 3 },
          'depthwise_weight_slide.wgsl',
        ),
        names: ['x', 'dy'],
        lanes: 4,
        total: chunks * s.members * channels,
        params: {
          batch,
          height,
          width,
          channels,
          outHeight,
          outWidth,
          top,
          left,
          strideX,
          membersChunkBands: pack16(s.members, chunkBands),
        },
      }),
    );
  }
  for (const lanes of widths(s)) {
    const { strideW: _, ...params } = plainParams(s, lanes);
    plans.push(
      plan({
        label: label.replace(' ', `.plain${lanes} `),
        shader: expandTemplate(weightPlainText, { VEC4: lanes === 4 ? 1 : 0 }, 'depthwise_weight_plain.wgsl'),
        names: ['x', 'dy'],
        lanes,
        total: (chunks * s.members * s.kernel[0] * s.kernel[1] * s.channels) / lanes,
        params: { ...params, membersChunkRows },
      }),
    );
  }
  return plans;
}
