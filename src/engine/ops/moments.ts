import { chooseMomentChunks, type MomentsShape, momentsMerge, momentsPartial } from '../kernels/moments.ts';
import { Tensor } from '../tensor.ts';
import { kernelNode } from './kernel-node.ts';

/**
 * Mean and biased variance of each column, by merging (mean, M2, n) of blocks of rows in a fixed order
 * (Chan, Golub and LeVeque 1979); E[x²] − E[x]² would lose the variance. With n rows, ∂mean/∂x = 1/n and
 * ∂variance/∂x = 2 (x − mean)/n.
 *
 * @param x [members, rows, channels].
 * @returns [2, members, channels]: means, then variances.
 */
export function moments(x: Tensor): Tensor {
  const [members, rows, channels] = x.shape as [number, number, number];
  const shape: MomentsShape = { members, rows, channels };
  return new Tensor({
    op: 'moments',
    inputs: [x],
    shape: [2, members, channels],
    body: {
      kind: 'composite',
      lower: (node, traits) => {
        const chunks = chooseMomentChunks(shape, traits);
        const partial = kernelNode({
          op: 'moments.partial',
          inputs: node.inputs,
          shape: [chunks.chunks, members, 2, channels],
          settings: shape,
          plan: (settings, adapter) => momentsPartial(settings, adapter, chunks),
        });
        return kernelNode({
          op: 'moments.merge',
          inputs: [partial],
          shape: node.shape,
          settings: shape,
          plan: (settings, adapter) => momentsMerge(settings, adapter, chunks),
        });
      },
    },
    gradient: (dy, node, ops) => {
      const row = (of: Tensor, index: number) =>
        ops.reshape(ops.slice(of, [index, 0, 0], [index + 1, members, channels]), [members, 1, channels]);
      const centred = ops.sub(x, row(node, 0));
      return [ops.add(ops.mul(row(dy, 0), 1 / rows), ops.mul(ops.mul(row(dy, 1), 2 / rows), centred))];
    },
  });
}
