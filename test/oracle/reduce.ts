/** Reductions over axes. Equal maxima share the gradient of `max` equally. */
import { addAt, at, forEachIndex, type NdArray, offsetOf, zeros } from './ndarray.ts';
import { type Attributes, normalAxis, type OracleOp, type Reduction } from './operation.ts';

function reducedAxes(x: NdArray, { axes }: Reduction): Set<number> {
  return new Set((axes ?? [...x.shape.keys()]).map((axis) => normalAxis(axis, x.shape.length)));
}

/** The shape with every reduced axis kept as 1: `at` and `addAt` then map an index of x to its output. */
function keptShape(x: NdArray, attributes: Reduction): number[] {
  return x.shape.map((extent, axis) => (reducedAxes(x, attributes).has(axis) ? 1 : extent));
}

/** The kept array in the shape the caller asked for. */
function finish(kept: NdArray, x: NdArray, attributes: Reduction): NdArray {
  if (attributes.keepDims) return kept;
  const reduced = reducedAxes(x, attributes);
  return { shape: kept.shape.filter((_, axis) => !reduced.has(axis)), data: kept.data };
}

/** dy in the kept shape, whatever `keepDims` made of it. */
function unfinish(dy: NdArray, x: NdArray, attributes: Reduction): NdArray {
  return { shape: keptShape(x, attributes), data: dy.data };
}

function scaledSum(scale: (count: number) => number): OracleOp<Reduction> {
  const factor = (x: NdArray, kept: readonly number[]) =>
    scale(x.data.length / kept.reduce((size, extent) => size * extent, 1));
  return {
    forward([x], attributes) {
      const kept = zeros(keptShape(x!, attributes));
      const f = factor(x!, kept.shape);
      forEachIndex(x!.shape, (index, flat) => addAt(kept, index, x!.data[flat]! * f));
      return [finish(kept, x!, attributes)];
    },
    backward([x], attributes, dy) {
      const kept = unfinish(dy, x!, attributes);
      const f = factor(x!, kept.shape);
      const dx = zeros(x!.shape);
      forEachIndex(x!.shape, (index, flat) => {
        dx.data[flat] = at(kept, index) * f;
      });
      return [dx];
    },
  };
}

export const sum = scaledSum(() => 1);
export const mean = scaledSum((count) => 1 / count);

function maxima(x: NdArray, attributes: Reduction): NdArray {
  const kept = zeros(keptShape(x, attributes));
  kept.data.fill(Number.NEGATIVE_INFINITY);
  forEachIndex(x.shape, (index, flat) => {
    kept.data[offsetOf(kept.shape, index)] = Math.max(at(kept, index), x.data[flat]!);
  });
  return kept;
}

export const max: OracleOp<Attributes['max']> = {
  forward: ([x], attributes) => [finish(maxima(x!, attributes), x!, attributes)],
  backward([x], attributes, dy) {
    const kept = maxima(x!, attributes);
    const given = unfinish(dy, x!, attributes);
    const ties = zeros(kept.shape);
    forEachIndex(x!.shape, (index, flat) => {
      if (x!.data[flat] === at(kept, index)) addAt(ties, index, 1);
    });
    const dx = zeros(x!.shape);
    forEachIndex(x!.shape, (index, flat) => {
      if (x!.data[flat] === at(kept, index)) dx.data[flat] = at(given, index) / at(ties, index);
    });
    return [dx];
  },
};
