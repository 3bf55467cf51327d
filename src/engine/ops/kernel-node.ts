import type { AdapterTraits, KernelPlan } from '../kernels/plan.ts';
import type { Shape } from '../shape.ts';
import { type GradientRule, Tensor } from '../tensor.ts';

/** A node that is a dispatch of its own. `settings` is what its plan depends on, and its identity. */
export function kernelNode<Settings>(spec: {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly settings: Settings;
  readonly plan: (settings: Settings, traits: AdapterTraits) => readonly KernelPlan[];
  readonly gradient?: GradientRule;
}): Tensor {
  const { op, inputs, shape, settings, plan, gradient } = spec;
  return new Tensor({
    op,
    inputs,
    shape,
    attributes: JSON.stringify(settings),
    body: { kind: 'kernel', plan: (_inputs, _output, traits) => plan(settings, traits) },
    gradient,
  });
}
