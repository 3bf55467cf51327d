import { ShapeError } from './errors.ts';
import type { Shape } from './shape.ts';
import { checkShape, showShape, sizeOf } from './shape.ts';
import { type DType, Tensor, type TypedArray } from './tensor.ts';

/** A new value for a variable, applied when the program that returns it ends. */
export interface Update {
  readonly variable: Variable;
  readonly value: Tensor;
}

/**
 * State that outlives a program's run: parameters, momentum, adversarial images. Device-free until
 * an engine first uses it.
 */
export class Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Values it starts with; zeros when absent. */
  readonly initial: TypedArray | undefined;
  /** One node for the value at the start of a program, so that every trace shares it. */
  readonly #value: Tensor;

  constructor(spec: { name: string; shape: Shape; dtype?: DType; initial?: TypedArray | undefined }) {
    checkShape(`variable ${spec.name}`, spec.shape);
    if (spec.initial && spec.initial.length !== sizeOf(spec.shape)) {
      throw new ShapeError(
        `variable ${spec.name}: shape ${showShape(spec.shape)} holds ${sizeOf(spec.shape)} values, got ${spec.initial.length}.`,
      );
    }
    this.name = spec.name;
    this.shape = spec.shape;
    this.dtype = spec.dtype ?? 'f32';
    this.initial = spec.initial;
    this.#value = this.view(0, spec.shape);
  }

  /** Its value when the program starts. */
  tensor(): Tensor {
    return this.#value;
  }

  /** The values from element `offset` on as a tensor of their own, without a copy. */
  view(offset: number, shape: Shape): Tensor {
    return new Tensor({
      op: 'variable',
      inputs: [],
      shape,
      dtype: this.dtype,
      attributes: `${this.name}+${offset}`,
      body: { kind: 'variable', variable: this, offset },
    });
  }

  /** Makes `value` what the variable holds when the program ends. */
  assign(value: Tensor): Update {
    if (sizeOf(value.shape) !== sizeOf(this.shape) || value.dtype !== this.dtype) {
      throw new ShapeError(
        `assign to ${this.name}: expected ${this.dtype} ${showShape(this.shape)}, got ${value.dtype} ${showShape(value.shape)}.`,
      );
    }
    return { variable: this, value };
  }
}
