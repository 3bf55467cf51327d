import { ShapeError } from '../errors.ts';
import { inverseSpd, logDet as logDetPlan, MAX_SMALL_MATRIX } from '../kernels/logdet.ts';
import { showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { kernelNode } from './kernel-node.ts';

/**
 * Log-determinant of symmetric positive definite matrices by Cholesky: 2 Σ log Lᵢᵢ. NaN where a matrix
 * is not positive definite. Reads the lower triangle.
 *
 * @param g […, K, K], K ≤ 8.
 * @returns […]. The gradient is dy · G⁻¹.
 */
export function logDet(g: Tensor): Tensor {
  const [size, columns] = g.shape.slice(-2);
  if (g.shape.length < 2 || size !== columns || size! > MAX_SMALL_MATRIX) {
    throw new ShapeError(
      `logDet: expected matrices […, K, K] with K ≤ ${MAX_SMALL_MATRIX}, got ${showShape(g.shape)}.`,
    );
  }
  const lead = g.shape.slice(0, -2);
  return kernelNode({
    op: 'logDet',
    inputs: [g],
    shape: lead,
    settings: { count: sizeOf(lead), size: size! },
    plan: ({ count, size: extent }, traits) => logDetPlan(count, extent, traits),
    gradient: (dy, node, ops) => [ops.mul(ops.reshape(dy, [...lead, 1, 1]), inverse(node.inputs[0]!))],
  });
}

/** G⁻¹ of symmetric positive definite matrices; d(G⁻¹) = −G⁻¹ dG G⁻¹. */
function inverse(g: Tensor): Tensor {
  const size = g.shape[g.shape.length - 1]!;
  return kernelNode({
    op: 'inverse',
    inputs: [g],
    shape: g.shape,
    settings: { count: sizeOf(g.shape.slice(0, -2)), size },
    plan: ({ count, size: extent }, traits) => inverseSpd(count, extent, traits),
    gradient: (dy, node, ops) => [ops.neg(ops.matmul(ops.matmul(node, dy), node))],
  });
}
