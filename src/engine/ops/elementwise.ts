import { ShapeError } from '../errors.ts';
import { broadcastShapes } from '../shape.ts';
import { type DType, type GradientRule, type Lane, Tensor } from '../tensor.ts';
import { broadcastTo } from './broadcast-to.ts';
import { full } from './full.ts';

/** A tensor, or a number that stands for one of the other operand's dtype. */
export type Operand = Tensor | number;

export interface ElementwiseSpec {
  readonly op: string;
  readonly inputs: readonly Operand[];
  readonly attributes?: string;
  /** WGSL for one lane; `args` are the inputs' values in order. */
  readonly expression: (args: readonly string[], lane: Lane) => string;
  /** The same in JavaScript, to fold constants. */
  readonly evaluate?: (...args: number[]) => number;
  readonly gradient?: GradientRule;
  /** dtype of the result when it is not that of the inputs. */
  readonly dtype?: DType;
}

/** Makes a node that computes each output element from its inputs' elements at the same (broadcast) index. */
export function elementwise(spec: ElementwiseSpec): Tensor {
  const tensors = spec.inputs.filter((input): input is Tensor => typeof input !== 'number');
  const first = tensors[0];
  if (!first) throw new ShapeError(`${spec.op}: expected at least one tensor, got only numbers.`);
  let shape = first.shape;
  for (const tensor of tensors) {
    if (tensor.dtype !== first.dtype) {
      throw new ShapeError(
        `${spec.op}: expected operands of one dtype, got ${first.dtype} and ${tensor.dtype}; use cast().`,
      );
    }
    shape = broadcastShapes(spec.op, shape, tensor.shape);
  }
  const target = shape;
  return new Tensor({
    op: spec.op,
    inputs: spec.inputs.map((input) =>
      typeof input === 'number' ? full(target, input, first.dtype) : broadcastTo(input, target),
    ),
    shape: target,
    dtype: spec.dtype ?? first.dtype,
    attributes: spec.attributes ?? '',
    body: {
      kind: 'elementwise',
      expression: spec.expression,
      ...(spec.evaluate && { evaluate: spec.evaluate }),
    },
    gradient: spec.gradient,
  });
}
