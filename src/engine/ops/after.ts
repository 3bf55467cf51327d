import { ShapeError } from '../errors.ts';
import { copy } from '../kernels/copy.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { kernelNode } from './kernel-node.ts';

/**
 * x [any shape, f32], but not before `done` are computed. What is made of the result runs after them, and is not
 * merged with what is made of x itself: so a large value can be computed a second time instead of being held
 * (checkpointing: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016), and the parts of a sum can
 * take turns with one buffer.
 *
 * Costs a copy of x, so x should be small beside what waits. Throws a ShapeError unless x is f32.
 */
export function after(x: Tensor, done: readonly Tensor[]): Tensor {
  if (x.dtype !== 'f32') throw new ShapeError(`after: expected f32, got ${x.dtype}; cast it first.`);
  // The kernel binds x alone: the others are inputs of the node only, which is what orders them before it.
  return kernelNode({
    op: 'after',
    inputs: [x, ...done],
    shape: x.shape,
    settings: { elements: sizeOf(x.shape) },
    plan: ({ elements }, traits) => copy(elements, traits),
    gradient: (dy, node) => node.inputs.map((_, index) => (index === 0 ? dy : null)),
  });
}
