import { ShapeError } from '../errors.ts';
import {
  type Conv2dShape,
  chooseConv2dChunks,
  conv2dForward,
  conv2dInputGradient,
  conv2dWeightGradient,
} from '../kernels/conv2d.ts';
import { showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { type ConvolutionOptions, windowShape } from './convolution-shape.ts';
import { kernelNode } from './kernel-node.ts';
import { matmul } from './matmul.ts';
import { reshape } from './reshape.ts';

/**
 * Convolution over height and width.
 *
 * @param x [members, batch, height, width, in]; members may be 1.
 * @param w [members, kernel height, kernel width, in, out]; members may be 1.
 * @returns [members, batch, out height, out width, out].
 */
export function conv2d(x: Tensor, w: Tensor, options: ConvolutionOptions = {}): Tensor {
  if (w.shape.length !== 5 || w.shape[3] !== x.shape[4]) {
    throw new ShapeError(
      `conv2d: expected w [members, kh, kw, ${x.shape[4]}, out], got ${showShape(w.shape)} for x ${showShape(x.shape)}.`,
    );
  }
  const { outHeight, outWidth, ...window } = windowShape('conv2d', x, w, options);
  const shape: Conv2dShape = { ...window, inChannels: w.shape[3]!, outChannels: w.shape[4]! };
  const extents = [shape.members, shape.batch, outHeight, outWidth, shape.outChannels];
  if (isPointwise(shape)) {
    // A 1×1 convolution is a product of all pixels with one matrix.
    const pixels = reshape(x, [x.shape[0]!, shape.batch * shape.height * shape.width, shape.inChannels]);
    return reshape(matmul(pixels, reshape(w, [w.shape[0]!, shape.inChannels, shape.outChannels])), extents);
  }
  return kernelNode({
    op: 'conv2d',
    inputs: [x, w],
    shape: extents,
    settings: shape,
    plan: conv2dForward,
    gradient: (dy, node, ops) => {
      const [input, weights] = [node.inputs[0]!, node.inputs[1]!];
      return [inputGradient(dy, weights, shape), ops.sumTo(weightGradient(input, dy, shape), weights.shape)];
    },
  });
}

function isPointwise(shape: Conv2dShape): boolean {
  return (
    shape.kernel[0] === 1 &&
    shape.kernel[1] === 1 &&
    shape.stride === 1 &&
    shape.padding.every((side) => side === 0)
  );
}

/** dx [input members, batch, height, width, in]: added up over the members where they share one x. */
function inputGradient(dy: Tensor, w: Tensor, shape: Conv2dShape): Tensor {
  return kernelNode({
    op: 'conv2d.dx',
    inputs: [dy, w],
    shape: [shape.inputMembers, shape.batch, shape.height, shape.width, shape.inChannels],
    settings: shape,
    plan: (settings, traits) => conv2dInputGradient(settings, traits, settings.inputMembers === 1),
    gradient: (dz, node, ops) => {
      const [cotangent, weights] = [node.inputs[0]!, node.inputs[1]!];
      const options = { stride: shape.stride, padding: shape.padding };
      return [
        ops.conv2d(dz, weights, options),
        ops.sumTo(weightGradient(dz, cotangent, shape), weights.shape),
      ];
    },
  });
}

/** dw [members, kh, kw, in, out], in partial sums over blocks of pixels that are then added in order. */
function weightGradient(x: Tensor, dy: Tensor, shape: Conv2dShape): Tensor {
  return new Tensor({
    op: 'conv2d.dw',
    inputs: [x, dy],
    shape: [shape.members, ...shape.kernel, shape.inChannels, shape.outChannels],
    attributes: JSON.stringify(shape),
    body: {
      kind: 'composite',
      lower: (node, traits, ops) => {
        const chunks = chooseConv2dChunks(shape, traits);
        const partial = kernelNode({
          op: 'conv2d.dw.partial',
          inputs: node.inputs,
          shape: [chunks.chunks, ...node.shape],
          settings: shape,
          plan: (settings, adapter) => conv2dWeightGradient(settings, adapter, chunks),
        });
        return ops.sum(partial, 0);
      },
    },
    gradient: (dz, node, ops) => {
      const [input, cotangent] = [node.inputs[0]!, node.inputs[1]!];
      const options = { stride: shape.stride, padding: shape.padding };
      const own: Conv2dShape = { ...shape, weightMembers: shape.members };
      return [inputGradient(cotangent, dz, own), ops.conv2d(input, dz, options)];
    },
  });
}
