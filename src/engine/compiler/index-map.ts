import { rowMajorStrides, type Shape } from '../shape.ts';
import type { ViewAxis } from '../tensor.ts';

/** Where the index along one axis of a tensor comes from: start + Σ factor · (index along a domain axis). */
interface AxisIndex {
  readonly start: number;
  readonly terms: readonly { readonly axis: number; readonly factor: number }[];
}

/** Domain indices for which a load is inside its source; outside it is zero. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/**
 * How the elements of one tensor are found from an index into a domain (a kernel's output, or what a
 * reduction runs over). Views compose into it, so that they cost an address and no copy.
 */
export interface IndexMap {
  /** Extents of the domain this map speaks of. */
  readonly domain: Shape;
  /** One entry for each axis of the tensor. */
  readonly axes: readonly AxisIndex[];
  /** One entry for each axis of the domain. */
  readonly ranges: readonly (Range | null)[];
}

/** A map reduced to addresses: element offset + Σ stride · domain index. */
export interface Address {
  readonly domain: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
  readonly ranges: readonly (Range | null)[];
  /** Nothing of the source is reached: every element is zero. */
  readonly empty?: boolean;
}

/** Every element at its own index. */
export function identityMap(shape: Shape): IndexMap {
  return {
    domain: shape,
    axes: shape.map((_, axis) => ({ start: 0, terms: [{ axis, factor: 1 }] })),
    ranges: shape.map(() => null),
  };
}

function isIdentity(map: IndexMap, shape: Shape): boolean {
  return (
    map.domain.length === shape.length &&
    map.ranges.every((range) => range === null) &&
    map.axes.every((index, axis) => {
      const [term] = index.terms;
      return (
        map.domain[axis] === shape[axis] &&
        index.start === 0 &&
        index.terms.length === 1 &&
        term!.axis === axis &&
        term!.factor === 1
      );
    })
  );
}

/**
 * The map of a view's input, given the map of the view. Null when it cannot be said in one step: the
 * caller then stores the input.
 */
export function throughView(
  map: IndexMap,
  viewAxes: readonly ViewAxis[],
  viewShape: Shape,
  inputShape: Shape,
): IndexMap | null {
  const axes: AxisIndex[] = inputShape.map(() => ({ start: 0, terms: [] }));
  const ranges = [...map.ranges];
  for (const [axis, view] of viewAxes.entries()) {
    if (view.source === null) continue;
    const index = map.axes[axis]!;
    axes[view.source] = { start: index.start + view.start, terms: index.terms };
    const extent = inputShape[view.source]!;
    const reachesOut = view.start < 0 || view.start + viewShape[axis]! > extent;
    if (!reachesOut) continue;
    // A pad: find the domain indices that fall inside.
    const [term] = index.terms;
    if (index.terms.length !== 1 || term!.factor !== 1) return null;
    const start = index.start + view.start;
    const known = ranges[term!.axis] ?? { low: 0, high: map.domain[term!.axis]! };
    ranges[term!.axis] = { low: Math.max(known.low, -start), high: Math.min(known.high, extent - start) };
  }
  return { domain: map.domain, axes, ranges };
}

/** The map of a reshape's input, given the map of its result; null when indices would need a division. */
export function throughReshape(map: IndexMap, shape: Shape, inputShape: Shape): IndexMap | null {
  if (isIdentity(map, shape)) return identityMap(inputShape);
  const axes: AxisIndex[] = [];
  let outer = 0;
  for (const extent of inputShape) {
    if (extent === 1) {
      axes.push({ start: 0, terms: [] });
      continue;
    }
    // The axes of the result that make up this axis of the input.
    let product = 1;
    const group: number[] = [];
    while (product < extent && outer < shape.length) {
      product *= shape[outer]!;
      group.push(outer++);
    }
    if (product !== extent) return null;
    let start = 0;
    const terms: { axis: number; factor: number }[] = [];
    let stride = 1;
    for (const axis of group.toReversed()) {
      const index = map.axes[axis]!;
      start += index.start * stride;
      for (const term of index.terms) terms.push({ axis: term.axis, factor: term.factor * stride });
      stride *= shape[axis]!;
    }
    axes.push({ start, terms });
  }
  return { domain: map.domain, axes, ranges: map.ranges };
}

/** The address, in a row-major buffer of `shape`, of each element that the map reaches. */
export function addressOf(map: IndexMap, shape: Shape): Address {
  if (isIdentity(map, shape)) {
    return { domain: map.domain, strides: rowMajorStrides(map.domain), offset: 0, ranges: map.ranges };
  }
  const strides = new Array<number>(map.domain.length).fill(0);
  const steps = rowMajorStrides(shape);
  let offset = 0;
  for (const [axis, index] of map.axes.entries()) {
    offset += index.start * steps[axis]!;
    for (const term of index.terms) strides[term.axis]! += term.factor * steps[axis]!;
  }
  // A range along an axis of one element holds always or never.
  const empty = map.ranges.some(
    (range, axis) => range && Math.max(range.low, 0) >= Math.min(range.high, map.domain[axis]!),
  );
  const ranges = map.ranges.map((range, axis) => (map.domain[axis] === 1 ? null : range));
  return { domain: map.domain, strides, offset, ranges, ...(empty && { empty }) };
}

/** True when element i of the domain is element i of the buffer. */
export function isLinear(address: Address): boolean {
  const expected = rowMajorStrides(address.domain);
  return (
    address.offset === 0 &&
    !address.empty &&
    address.ranges.every((range) => range === null) &&
    address.strides.every((stride, axis) => address.domain[axis] === 1 || stride === expected[axis])
  );
}

/** How many distinct elements the load touches at most. */
export function reach(address: Address): number {
  return address.domain.reduce(
    (product, extent, axis) => product * (address.strides[axis] === 0 ? 1 : extent),
    1,
  );
}

/**
 * Sizes of a domain's axes such that every address, and every cut asked for, falls on axis borders;
 * adjacent axes that all addresses step through alike are one. Null when they cannot be reconciled.
 *
 * @param cuts sizes of trailing blocks (suffix products) that must stay axis borders.
 */
export function commonDomain(
  addresses: readonly Address[],
  size: number,
  cuts: readonly number[] = [],
): {
  extents: number[];
  addresses: { strides: number[]; offset: number; ranges: (Range | null)[] }[];
} | null {
  const borders = new Set<number>([1, size, ...cuts]);
  for (const address of addresses) {
    let product = 1;
    for (const extent of address.domain.toReversed()) {
      product *= extent;
      borders.add(product);
    }
    if (product !== size) return null;
  }
  const sorted = [...borders].sort((left, right) => left - right);
  for (let index = 1; index < sorted.length; index++) {
    if (sorted[index]! % sorted[index - 1]! !== 0) return null;
  }
  // Axes innermost first while splitting, then turned round.
  const extents: number[] = [];
  for (let index = 1; index < sorted.length; index++) extents.push(sorted[index]! / sorted[index - 1]!);
  const split: { strides: number[]; offset: number; ranges: (Range | null)[] }[] = [];
  for (const address of addresses) {
    const strides: number[] = [];
    const ranges: (Range | null)[] = [];
    let position = 0;
    for (let axis = address.domain.length - 1; axis >= 0; axis--) {
      const extent = address.domain[axis]!;
      if (extent === 1) continue;
      let product = 1;
      let pieces = 0;
      while (product < extent) {
        strides.push(address.strides[axis]! * product);
        ranges.push(null);
        product *= extents[position++]!;
        pieces++;
      }
      const range = address.ranges[axis];
      if (range) {
        if (pieces !== 1) return null;
        ranges[ranges.length - 1] = range;
      }
    }
    split.push({ strides, offset: address.offset, ranges });
  }
  extents.reverse();
  for (const address of split) {
    address.strides.reverse();
    address.ranges.reverse();
  }
  return mergeAxes(extents, split, new Set(cuts));
}

/** Joins neighbouring axes that every address steps through as one. */
function mergeAxes(
  extents: number[],
  addresses: { strides: number[]; offset: number; ranges: (Range | null)[] }[],
  cuts: ReadonlySet<number>,
): { extents: number[]; addresses: typeof addresses } {
  let inner = 1;
  for (let axis = extents.length - 1; axis > 0; axis--) {
    inner *= extents[axis]!;
    const joins =
      !cuts.has(inner) &&
      addresses.every(
        ({ strides, ranges }) =>
          strides[axis - 1] === strides[axis]! * extents[axis]! &&
          ranges[axis] === null &&
          ranges[axis - 1] === null,
      );
    if (!joins) continue;
    inner /= extents[axis]!;
    extents[axis - 1]! *= extents[axis]!;
    extents.splice(axis, 1);
    for (const { strides, ranges } of addresses) {
      strides.splice(axis - 1, 1);
      ranges.splice(axis - 1, 1);
    }
  }
  return { extents, addresses };
}
