import { ShapeError } from './errors.ts';

/** Sizes of a tensor's axes, outermost first. `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Row-major strides, in elements. */
export function rowMajorStrides(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[3, 8, 128]`, for messages. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Throws unless every extent is a positive integer. */
export function checkShape(what: string, shape: Shape): void {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 1) {
      throw new ShapeError(`${what}: expected extents that are whole numbers ≥ 1, got ${showShape(shape)}.`);
    }
  }
}

/** NumPy broadcasting of two shapes; throws a ShapeError that names the op. */
export function broadcastShapes(op: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let back = 1; back <= rank; back++) {
    const left = a[a.length - back] ?? 1;
    const right = b[b.length - back] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${op}: shapes ${showShape(a)} and ${showShape(b)} do not broadcast: ` +
          `axis −${back} is ${left} on one side and ${right} on the other; expected equal extents or 1.`,
      );
    }
    result[rank - back] = left === 1 ? right : left;
  }
  return result;
}

/** An axis counted from the front, from one that may be negative. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) {
    throw new ShapeError(`${op}: axis ${axis} is out of range for a tensor of rank ${rank}.`);
  }
  return positive;
}

/** Sorted, distinct axes counted from the front; all of them when none are given. */
export function normalizeAxes(
  op: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === 'number' ? [axes] : axes;
  const positive = list.map((axis) => normalizeAxis(op, axis, rank));
  if (new Set(positive).size !== positive.length) {
    throw new ShapeError(`${op}: axes ${showShape(list)} name the same axis twice.`);
  }
  return positive.sort((left, right) => left - right);
}
