import { Tensor } from '../tensor.ts';

export interface CustomGradientSpec {
  /** Names the node in errors and profiles. */
  readonly op: string;
  /** Whatever else the value depends on: two nodes of equal op, inputs and settings are taken for one. */
  readonly settings?: unknown;
  readonly inputs: readonly Tensor[];
  /** The value, as graph. Called when the node is made, for its shape, and again when it is compiled. */
  readonly forward: (inputs: readonly Tensor[]) => Tensor;
  /** Cotangents of the inputs, each of its input's shape; null for those that have none. */
  readonly gradient: (dy: Tensor, inputs: readonly Tensor[], output: Tensor) => readonly (Tensor | null)[];
}

/**
 * A value made of other ops whose derivative is given rather than traced, because a better one is known: one that
 * holds less, or computes again what it does not hold.
 */
export function customGradient(spec: CustomGradientSpec): Tensor {
  const { op, inputs, forward, gradient } = spec;
  const value = forward(inputs);
  return new Tensor({
    op,
    inputs,
    shape: value.shape,
    dtype: value.dtype,
    attributes: JSON.stringify(spec.settings ?? null),
    body: { kind: 'composite', lower: (node) => forward(node.inputs) },
    gradient: (dy, node) => gradient(dy, node.inputs, node),
  });
}
