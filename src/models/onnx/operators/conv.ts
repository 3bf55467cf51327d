/** Conv: https://onnx.ai/onnx/operators/onnx__Conv.html, over two spatial axes, grouped or not. */
import { type Activation, IMAGE_AXES, isImage } from '../activation.ts';
import type { NodeView, Operator } from '../node.ts';
import type { Operation, Weight } from '../plan.ts';
import { type Constant, countOf } from '../tensor.ts';

type Convolution = Extract<Operation, { kind: 'conv' }>;
type Pair = readonly [number, number];

/** A side of a window, or a pad, that no network has; beyond it sizes would only be forged. */
const MOST = 4096;
/** Side of a kernel, gaps included. */
const MOST_SPREAD = 128;

export const conv: Operator = {
  attributes: ['auto_pad', 'dilations', 'group', 'kernel_shape', 'pads', 'strides'],
  apply(node) {
    const x = node.activation(0);
    if (!isImage(x)) throw node.error(`expected an image [batch, channels, height, width]`);
    const weights = node.constant(1);
    const groups = node.integer('group', 1);
    const [outputs, perGroup, kernel] = checkWeights(node, weights, x, groups);
    const dilation = pair(node, 'dilations', [1, 1], 1);
    const stride = pair(node, 'strides', [1, 1], 1);
    if (stride[0] !== stride[1]) {
      throw node.error(
        `has strides ${stride[0]} and ${stride[1]}; facet convolves with one stride for both axes`,
      );
    }
    const size: Pair = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
    if (size[0] > MOST_SPREAD || size[1] > MOST_SPREAD) {
      throw node.error(
        `its kernel spreads over ${size.join('×')} pixels; facet writes gaps as zeros, over at most ${MOST_SPREAD}`,
      );
    }
    const padding = paddingOf(node, x, size, stride);
    const height = outputExtent(x.extents.h, padding[0] + padding[1], size[0], stride[0]);
    const width = outputExtent(x.extents.w, padding[2] + padding[3], size[1], stride[1]);
    if (height < 1 || width < 1) {
      throw node.error(
        `a window of ${size.join('×')} does not fit an image of ${x.extents.h}×${x.extents.w} padded by [${padding}]`,
      );
    }
    const style: Convolution['style'] =
      groups === 1 ? 'full' : perGroup === 1 && outputs === groups ? 'depthwise' : 'grouped';
    node.spend(outputs * perGroup * (size[0] * size[1] - kernel[0] * kernel[1]));
    const weight = layOut(weights, { groups, style, kernel, dilation, size });
    const bias = biasOf(node, outputs);
    const operation: Operation = {
      kind: 'conv',
      x: x.step,
      weight,
      ...(bias ? { bias } : {}),
      stride: stride[0],
      padding,
      style,
    };
    return node.emit(operation, { h: height, w: width, c: outputs }, x.batch, IMAGE_AXES);
  },
};

/** [outputs, inputs of a group, kernel], once they fit. */
function checkWeights(
  node: NodeView,
  { dims }: Constant,
  x: Activation,
  groups: number,
): [number, number, Pair] {
  const [outputs = 0, perGroup = 0, height = 0, width = 0] = dims;
  if (dims.length !== 4 || dims.some((extent) => extent < 1)) {
    throw node.error(`expected weights [outputs, inputs, height, width], got [${dims}]`);
  }
  if (!(groups >= 1) || outputs % groups !== 0 || perGroup * groups !== x.extents.c) {
    throw node.error(`weights [${dims}] in ${groups} groups do not fit an image of ${x.extents.c} channels`);
  }
  const stated = node.integers('kernel_shape');
  if (stated && (stated[0] !== height || stated[1] !== width || stated.length !== 2)) {
    throw node.error(`says a kernel of [${stated}] and has weights [${dims}]`);
  }
  return [outputs, perGroup, [height, width]];
}

function pair(node: NodeView, name: string, otherwise: Pair, least: number): Pair {
  const [a, b, ...rest] = node.integers(name) ?? otherwise;
  const fits = (value: number | undefined): value is number =>
    value !== undefined && value >= least && value <= MOST;
  if (!fits(a) || !fits(b) || rest.length > 0) {
    throw node.error(`expected ${name} to be two numbers from ${least} to ${MOST}`);
  }
  return [a, b];
}

/** [top, bottom, left, right]; ONNX lists the beginnings first. */
function paddingOf(
  node: NodeView,
  { extents }: Activation,
  size: Pair,
  stride: Pair,
): readonly [number, number, number, number] {
  const mode = node.text('auto_pad', 'NOTSET');
  const same = (extent: number, window: number, step: number): Pair => {
    const total = Math.max(0, (Math.ceil(extent / step) - 1) * step + window - extent);
    const half = Math.floor(total / 2);
    return mode === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
  };
  switch (mode) {
    case 'VALID':
      return [0, 0, 0, 0];
    case 'SAME_UPPER':
    case 'SAME_LOWER':
      return [...same(extents.h, size[0], stride[0]), ...same(extents.w, size[1], stride[1])];
    case 'NOTSET': {
      const [top = 0, left = 0, bottom = 0, right = 0, ...rest] = node.integers('pads') ?? [0, 0, 0, 0];
      const pads = [top, bottom, left, right] as const;
      if (rest.length > 0 || pads.some((side) => !(side >= 0 && side <= MOST))) {
        throw node.error(`expected pads to be four numbers from 0 to ${MOST}`);
      }
      return pads;
    }
    default:
      throw node.error(`has auto_pad ${mode}; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER`);
  }
}

function outputExtent(extent: number, pads: number, window: number, stride: number): number {
  return Math.floor((extent + pads - window) / stride) + 1;
}

function biasOf(node: NodeView, outputs: number): Weight | undefined {
  const bias = node.optionalConstant(2);
  if (!bias) return undefined;
  if (bias.dims.length !== 1 || bias.dims[0] !== outputs) {
    throw node.error(`expected a bias [${outputs}], got [${bias.dims}]`);
  }
  return { shape: [outputs], data: Float32Array.from(bias.data) };
}

interface Layout {
  readonly groups: number;
  readonly style: Convolution['style'];
  readonly kernel: Pair;
  readonly dilation: Pair;
  /** The kernel's with its gaps, which become zeros. */
  readonly size: Pair;
}

/** [outputs, inputs of a group, k, l] → [groups, k, l, inputs of a group, outputs of a group], one axis less if not grouped. */
function layOut({ dims, data }: Constant, { groups, style, kernel, dilation, size }: Layout): Weight {
  const [outputs = 1, inputs = 1] = dims;
  const own = outputs / groups;
  const shape =
    style === 'grouped'
      ? [groups, ...size, inputs, own]
      : style === 'depthwise'
        ? [...size, outputs]
        : [...size, inputs, outputs];
  const result = new Float32Array(countOf(shape));
  let from = 0;
  for (let output = 0; output < outputs; output++) {
    const group = Math.floor(output / own);
    for (let input = 0; input < inputs; input++) {
      for (let row = 0; row < kernel[0]; row++) {
        for (let column = 0; column < kernel[1]; column++) {
          const tap = row * dilation[0] * size[1] + column * dilation[1];
          const to =
            style === 'depthwise'
              ? tap * outputs + output
              : ((group * size[0] * size[1] + tap) * inputs + input) * own + (output % own);
          result[to] = data[from++]!;
        }
      }
    }
  }
  return { shape, data: result };
}
