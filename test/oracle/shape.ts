/** Ops that move, repeat or make elements. Where forward copies, backward adds. */
import {
  addAt,
  at,
  build,
  forEachIndex,
  fromValues,
  type Index,
  type NdArray,
  offsetOf,
  zeros,
} from './ndarray.ts';
import { type Attributes, normalAxis, type OracleOp } from './operation.ts';

export const reshape: OracleOp<Attributes['reshape']> = {
  forward: ([x], { shape }) => [fromValues(shape, x!.data)],
  backward: ([x], _, dy) => [fromValues(x!.shape, dy.data)],
};

/**
 * An op whose output at `index` is the input at `source(index)`, or 0 where that is undefined.
 * The gradient is the same map read the other way.
 */
function moved<A>(
  outputShape: (x: NdArray, attributes: A) => readonly number[],
  source: (index: Index, attributes: A, x: NdArray) => Index | undefined,
): OracleOp<A> {
  return {
    forward: ([x], attributes) => [
      build(outputShape(x!, attributes), (index) => {
        const from = source(index, attributes, x!);
        return from === undefined ? 0 : at(x!, from);
      }),
    ],
    backward([x], attributes, dy) {
      const dx = zeros(x!.shape);
      forEachIndex(dy.shape, (index, flat) => {
        const from = source(index, attributes, x!);
        if (from !== undefined) addAt(dx, from, dy.data[flat]!);
      });
      return [dx];
    },
  };
}

/** Output axis i is input axis permutation[i]. */
export const transpose = moved<Attributes['transpose']>(
  (x, { permutation }) => permutation.map((axis) => x.shape[axis]!),
  (index, { permutation }) => {
    const from = index.map(() => 0);
    for (const [i, axis] of permutation.entries()) from[axis] = index[i]!;
    return from;
  },
);

export const slice = moved<Attributes['slice']>(
  (_, { starts, ends }) => starts.map((start, axis) => ends[axis]! - start),
  (index, { starts }) => index.map((i, axis) => i + starts[axis]!),
);

/** Zeros around x. */
export const pad = moved<Attributes['pad']>(
  (x, { before, after }) => x.shape.map((extent, axis) => before[axis]! + extent + after[axis]!),
  (index, { before }, x) => {
    const from = index.map((i, axis) => i - before[axis]!);
    return from.every((i, axis) => i >= 0 && i < x.shape[axis]!) ? from : undefined;
  },
);

export const broadcastTo = moved<Attributes['broadcastTo']>(
  (_, { shape }) => shape,
  (index) => index,
);

export const concat: OracleOp<Attributes['concat']> = {
  forward(inputs, attributes) {
    const axis = normalAxis(attributes.axis, inputs[0]!.shape.length);
    const shape = [...inputs[0]!.shape];
    shape[axis] = inputs.reduce((total, input) => total + input.shape[axis]!, 0);
    const y = zeros(shape);
    let start = 0;
    for (const input of inputs) {
      forEachIndex(input.shape, (index, flat) => {
        const target = index.map((i, a) => (a === axis ? i + start : i));
        y.data[offsetOf(shape, target)] = input.data[flat]!;
      });
      start += input.shape[axis]!;
    }
    return [y];
  },
  backward(inputs, attributes, dy) {
    const axis = normalAxis(attributes.axis, inputs[0]!.shape.length);
    let start = 0;
    return inputs.map((input) => {
      const from = start;
      start += input.shape[axis]!;
      return build(input.shape, (index) =>
        at(
          dy,
          index.map((i, a) => (a === axis ? i + from : i)),
        ),
      );
    });
  },
};

export const full: OracleOp<Attributes['full']> = {
  forward: (_, { shape, value }) => [build(shape, () => value)],
  backward: () => [],
};

/** The position along one axis. */
export const iota: OracleOp<Attributes['iota']> = {
  forward: (_, { shape, axis }) => [build(shape, (index) => index[normalAxis(axis, shape.length)]!)],
  backward: () => [],
};

export const oneHot: OracleOp<Attributes['oneHot']> = {
  forward: ([indices], { depth }) => [
    build([...indices!.shape, depth], (index) =>
      at(indices!, index.slice(0, -1)) === index[index.length - 1] ? 1 : 0,
    ),
  ],
  backward: () => [null],
};
