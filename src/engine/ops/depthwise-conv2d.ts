import { ShapeError } from '../errors.ts';
import {
  chooseDepthwiseChunks,
  type DepthwiseShape,
  depthwiseForward,
  depthwiseInputGradient,
  depthwiseWeightGradient,
} from '../kernels/depthwise.ts';
import { showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { type ConvolutionOptions, windowShape } from './convolution-shape.ts';
import { kernelNode } from './kernel-node.ts';

/**
 * Each channel convolved with its own window.
 *
 * @param x [members, batch, height, width, channels].
 * @param w [members, kernel height, kernel width, channels].
 * @returns [members, batch, out height, out width, channels].
 */
export function depthwiseConv2d(x: Tensor, w: Tensor, options: ConvolutionOptions = {}): Tensor {
  if (w.shape.length !== 4 || w.shape[3] !== x.shape[4]) {
    throw new ShapeError(
      `depthwiseConv2d: expected w [members, kh, kw, ${x.shape[4]}], got ${showShape(w.shape)} for x ${showShape(x.shape)}.`,
    );
  }
  const { outHeight, outWidth, ...window } = windowShape('depthwiseConv2d', x, w, options);
  const shape: DepthwiseShape = { ...window, channels: x.shape[4]! };
  return kernelNode({
    op: 'depthwiseConv2d',
    inputs: [x, w],
    shape: [shape.members, shape.batch, outHeight, outWidth, shape.channels],
    settings: shape,
    plan: depthwiseForward,
    gradient: (dy, node, ops) => {
      const [input, weights] = [node.inputs[0]!, node.inputs[1]!];
      return [
        ops.sumTo(inputGradient(dy, weights, shape), input.shape),
        ops.sumTo(weightGradient(input, dy, shape), weights.shape),
      ];
    },
  });
}

/** dx [members, batch, height, width, channels]; itself linear in dy and w, so it can be differentiated. */
function inputGradient(dy: Tensor, w: Tensor, shape: DepthwiseShape): Tensor {
  return kernelNode({
    op: 'depthwiseConv2d.dx',
    inputs: [dy, w],
    shape: [shape.members, shape.batch, shape.height, shape.width, shape.channels],
    settings: shape,
    plan: depthwiseInputGradient,
    gradient: (dz, node, ops) => {
      const [cotangent, weights] = [node.inputs[0]!, node.inputs[1]!];
      const own: DepthwiseShape = { ...shape, inputMembers: shape.members };
      const options = { stride: shape.stride, padding: shape.padding };
      return [
        ops.depthwiseConv2d(dz, weights, options),
        ops.sumTo(weightGradient(dz, cotangent, own), weights.shape),
      ];
    },
  });
}

/** dw [members, kh, kw, channels], in partial sums over blocks of rows that are then added in order. */
function weightGradient(x: Tensor, dy: Tensor, shape: DepthwiseShape): Tensor {
  return new Tensor({
    op: 'depthwiseConv2d.dw',
    inputs: [x, dy],
    shape: [shape.members, ...shape.kernel, shape.channels],
    attributes: JSON.stringify(shape),
    body: {
      kind: 'composite',
      lower: (node, traits, ops) => {
        const rows = chooseDepthwiseChunks(shape, traits);
        const partial = kernelNode({
          op: 'depthwiseConv2d.dw.partial',
          inputs: node.inputs,
          shape: [rows.chunks, ...node.shape],
          settings: shape,
          plan: (settings, adapter) => depthwiseWeightGradient(settings, adapter, rows),
        });
        return ops.sum(partial, 0);
      },
    },
    gradient: (dz, node, ops) => {
      const [input, cotangent] = [node.inputs[0]!, node.inputs[1]!];
      const options = { stride: shape.stride, padding: shape.padding };
      return [
        ops.sumTo(inputGradient(cotangent, dz, { ...shape, weightMembers: shape.members }), input.shape),
        ops.depthwiseConv2d(input, dz, options),
      ];
    },
  });
}
