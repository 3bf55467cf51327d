import { ShapeError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import { showShape, sizeOf } from '../shape.ts';
import { type DType, Tensor, type TypedArray } from '../tensor.ts';

/** Fixed values, uploaded once when the program is compiled. */
export function constant(data: TypedArray | readonly number[], shape: Shape, dtype: DType = 'f32'): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new ShapeError(`constant: ${showShape(shape)} holds ${sizeOf(shape)} values, got ${data.length}.`);
  }
  const values =
    dtype === 'f32'
      ? Float32Array.from(data)
      : dtype === 'i32'
        ? Int32Array.from(data)
        : Uint32Array.from(data);
  return new Tensor({ op: 'constant', inputs: [], shape, dtype, body: { kind: 'constant', data: values } });
}
