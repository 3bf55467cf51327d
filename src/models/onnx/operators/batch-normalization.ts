/** BatchNormalization with its running statistics: https://onnx.ai/onnx/operators/onnx__BatchNormalization.html */
import { dimsOf } from '../activation.ts';
import { affine } from '../affine.ts';
import type { Operator } from '../node.ts';

export const batchNormalization: Operator = {
  attributes: ['epsilon', 'momentum', 'spatial', 'training_mode', 'is_test'],
  apply(node) {
    const x = node.activation(0);
    if (node.integer('training_mode', 0) !== 0) {
      throw node.error(
        'is in training mode; export the network for inference (in PyTorch, model.eval() first)',
      );
    }
    if (node.integer('spatial', 1) !== 1) throw node.error('has statistics for each pixel (spatial = 0)');
    const [, channels = 0, ...pixels] = dimsOf(x);
    const [gamma, beta, mean, variance] = ([1, 2, 3, 4] as const).map((index) => {
      const constant = node.constant(index);
      if (constant.dims.length !== 1 || constant.dims[0] !== channels) {
        throw node.error(`expected input ${index} to be [${channels}], got [${constant.dims}]`);
      }
      return constant.data;
    }) as [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>, ArrayLike<number>];
    const epsilon = node.float('epsilon', 1e-5);
    const dims = [channels, ...pixels.map(() => 1)];
    const scale = node.fold(dims, false, (c) => gamma[c]! / Math.sqrt(variance[c]! + epsilon));
    const shift = node.fold(dims, false, (c) => beta[c]! - mean[c]! * scale.data[c]!);
    return affine(node, x, scale, shift);
  },
};
