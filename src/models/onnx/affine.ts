/** x · scale + shift with constants that broadcast: what BatchNorm, Add, Sub, Mul and Div come to. */
import { type Activation, dimsOf, type StoredValues, storedConstant } from './activation.ts';
import type { NodeView } from './node.ts';
import type { Spread } from './plan.ts';
import type { Constant } from './tensor.ts';

/** The step; throws an OnnxError where a constant does not broadcast over the activation. */
export function affine(node: NodeView, x: Activation, scale: Constant, shift: Constant): Activation {
  return node.emitLike(
    { kind: 'affine', x: x.step, scale: spread(node, scale, x), shift: spread(node, shift, x) },
    x,
  );
}

/** A constant in stored order. */
export function spread(node: NodeView, constant: Constant, over: Activation): Spread {
  const values = storedConstant(constant, over);
  if (!values) {
    throw node.error(`a constant [${constant.dims}] does not broadcast over [${dimsOf(over)}]`);
  }
  return asSpread(values);
}

export function asSpread({ shape, data }: StoredValues): Spread {
  return { shape, data: Float32Array.from(data) };
}
