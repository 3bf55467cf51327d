/**
 * Arrays of float64 with a shape, and the few index helpers that the oracle's loops need.
 *
 * The oracle shares nothing with src/: an error in a shape rule there must not be repeated here. It is
 * written to be read, not to be fast.
 */

/** A row-major array. Integers are held as float64 too. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A position in an array, one number per axis. */
export type Index = readonly number[];

export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function zeros(shape: readonly number[]): NdArray {
  return { shape: [...shape], data: new Float64Array(sizeOf(shape)) };
}

export function fromValues(shape: readonly number[], values: ArrayLike<number>): NdArray {
  if (values.length !== sizeOf(shape)) {
    throw new Error(`fromValues: shape [${shape}] needs ${sizeOf(shape)} values, got ${values.length}`);
  }
  return { shape: [...shape], data: Float64Array.from(values) };
}

/** An array whose element at each index is computed by `value`. */
export function build(shape: readonly number[], value: (index: Index) => number): NdArray {
  const result = zeros(shape);
  forEachIndex(shape, (index, flat) => {
    result.data[flat] = value(index);
  });
  return result;
}

/** Calls `visit` for every index in row-major order. The index array is reused: copy it to keep it. */
export function forEachIndex(shape: readonly number[], visit: (index: number[], flat: number) => void): void {
  const index = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}

/**
 * Where `index` of a larger, broadcast shape lies in an array of shape `shape`: axes are aligned at the
 * right, missing ones are dropped, and an axis of extent 1 is always read at 0.
 */
export function offsetOf(shape: readonly number[], index: Index): number {
  const dropped = index.length - shape.length;
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    const extent = shape[axis]!;
    offset = offset * extent + (extent === 1 ? 0 : index[axis + dropped]!);
  }
  return offset;
}

/** The element of `array` at an index of a shape it broadcasts to. */
export function at(array: NdArray, index: Index): number {
  return array.data[offsetOf(array.shape, index)]!;
}

/** Adds to the element that `at` would read: what broadcasting copied, its gradient sums. */
export function addAt(array: NdArray, index: Index, value: number): void {
  array.data[offsetOf(array.shape, index)]! += value;
}

/** NumPy's rule: aligned at the right, extents equal or 1. */
export function broadcastShapes(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  const result: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    let extent = 1;
    for (const shape of shapes) {
      const own = shape[axis - rank + shape.length] ?? 1;
      if (own === 1) continue;
      if (extent !== 1 && extent !== own) throw new Error(`cannot broadcast [${shapes.join('] and [')}]`);
      extent = own;
    }
    result.push(extent);
  }
  return result;
}
