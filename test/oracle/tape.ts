/** Chains the oracle's ops: a list of what was computed, walked backward. For whole networks in float64. */
import { type Attributes, backward, forward, type NdArray, type OpName } from './index.ts';
import { zeros } from './ndarray.ts';

export class Tape {
  /** Each entry adds to the gradients of its inputs, given that of its output. */
  private readonly steps: (() => void)[] = [];
  private readonly gradients = new Map<NdArray, NdArray>();

  /** The first output of an op; remembered for `differentiate`. */
  apply<Name extends OpName>(op: Name, inputs: readonly NdArray[], attributes: Attributes[Name]): NdArray {
    const output = forward(op, inputs, attributes)[0]!;
    this.steps.push(() => {
      const dy = this.gradients.get(output);
      if (!dy) return;
      for (const [i, gradient] of backward(op, inputs, attributes, dy).entries()) {
        if (gradient) this.accumulate(inputs[i]!, gradient);
      }
    });
    return output;
  }

  /** Gradients of one element by everything that it was computed from. */
  differentiate(loss: NdArray): void {
    this.gradients.set(loss, { shape: loss.shape, data: Float64Array.of(1) });
    for (const step of this.steps.toReversed()) step();
  }

  gradientOf(x: NdArray): NdArray {
    return this.gradients.get(x) ?? zeros(x.shape);
  }

  private accumulate(x: NdArray, gradient: NdArray): void {
    const sofar = this.gradients.get(x);
    this.gradients.set(x, sofar ? forward('add', [sofar, gradient], {})[0]! : gradient);
  }
}
