/** What optimisers share: state beside a ParameterSet's flat Variable, and an update that is graph. */
import { add } from '../ops/add.ts';
import { constant } from '../ops/constant.ts';
import { mul } from '../ops/mul.ts';
import { ParameterSet } from '../parameter-set.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Update } from '../variable.ts';

export interface Optimizer {
  /** Everything that must be saved to go on as if never stopped. */
  readonly state: readonly ParameterSet[];
  /**
   * The updates of one step. `gradients` has one entry per path of the parameters, of the parameter's shape;
   * `rate` is a scalar, usually an input. One elementwise pass over the flat parameters, however many there are.
   */
  step(gradients: ReadonlyMap<string, Tensor>, rate: Tensor): Update[];
}

/** Weight decay (L2 regularisation, added to the gradient): one number for all parameters, or one per path. */
export type WeightDecay = number | ((path: string) => number);

/** Flat gradients plus decay · parameters. */
export function decayedGradients(
  parameters: ParameterSet,
  gradients: ReadonlyMap<string, Tensor>,
  decay: WeightDecay,
): Tensor {
  const packed = parameters.pack(gradients);
  if (decay === 0) return packed;
  const factor = typeof decay === 'number' ? decay : perEntry(parameters, decay);
  return add(packed, mul(parameters.flat.tensor(), factor));
}

/** A state with one zero tensor beside each parameter, under the parameter's path. */
export function zerosLike(parameters: ParameterSet, suffix: string): ParameterSet {
  const specs = parameters.layout.map(({ path, shape }) => ({
    path,
    shape,
    initial: new Float32Array(sizeOf(shape)),
  }));
  return new ParameterSet(`${parameters.name}.${suffix}`, specs);
}

/** Throws a RangeError unless 0 ≤ value < 1. */
export function checkFraction(what: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new RangeError(`${what} must be at least 0 and below 1, got ${value}`);
}

function perEntry(parameters: ParameterSet, decay: (path: string) => number): Tensor {
  const factors = new Float32Array(sizeOf(parameters.flat.shape));
  for (const { path, offset, length } of parameters.layout)
    factors.fill(decay(path), offset, offset + length);
  return constant(factors, parameters.flat.shape);
}
