import { ShapeError } from './errors.ts';
import { topologicalOrder } from './graph.ts';
import * as ops from './ops/index.ts';
import { sameShape, showShape, sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * Reverse-mode derivatives of `output` with respect to each of `wrt`, as graph: they are fused and
 * planned like anything else and can be differentiated again.
 *
 * @param seed cotangent of `output`, of its shape; may be left out when `output` is one element.
 * @returns one tensor for each of `wrt`, of its shape; zeros where `output` does not depend on it.
 */
export function gradients(output: Tensor, wrt: readonly Tensor[], seed?: Tensor): Tensor[] {
  if (seed ? !sameShape(seed.shape, output.shape) : sizeOf(output.shape) !== 1) {
    throw new ShapeError(
      seed
        ? `gradients: the seed has shape ${showShape(seed.shape)}, the output ${showShape(output.shape)}; expected the same.`
        : `gradients: the output has shape ${showShape(output.shape)}; expected one element, or a seed of that shape.`,
    );
  }
  const order = topologicalOrder([output]);
  const targets = new Set(wrt);
  const needed = new Set<Tensor>();
  for (const node of order) {
    if (targets.has(node) || node.inputs.some((input) => needed.has(input))) needed.add(node);
  }
  const cotangents = new Map<Tensor, Tensor>();
  cotangents.set(output, seed ?? ops.full(output.shape, 1));
  for (const node of order.toReversed()) {
    const dy = cotangents.get(node);
    if (!dy || !needed.has(node) || node.inputs.length === 0) continue;
    if (!node.inputs.some((input) => needed.has(input))) continue;
    if (!node.gradient)
      throw new ShapeError(`gradients: ${node.op} has no derivative; use stopGradient() before it.`);
    const parts = node.gradient(dy, node, ops);
    for (const [index, input] of node.inputs.entries()) {
      const part = parts[index];
      if (!part || !needed.has(input)) continue;
      if (!sameShape(part.shape, input.shape)) {
        throw new ShapeError(
          `gradients: the rule of ${node.op} gave ${showShape(part.shape)} for an input of shape ${showShape(input.shape)}.`,
        );
      }
      const sofar = cotangents.get(input);
      cotangents.set(input, sofar ? ops.add(sofar, part) : part);
    }
  }
  return wrt.map((target) => cotangents.get(target) ?? ops.full(target.shape, 0));
}
