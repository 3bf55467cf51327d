import type { Tensor } from '../tensor.ts';
import { type Address, commonDomain, isLinear, type Range } from './index-map.ts';
import { type Load, walkExpression } from './trace-loads.ts';
import { type KernelText, laneType, literal, makeLane } from './wgsl.ts';

interface SplitAddress {
  readonly strides: readonly number[];
  readonly offset: number;
  readonly ranges: readonly (Range | null)[];
}

/** A domain with one set of axes for all loads of a kernel's expressions. */
export class Domain {
  readonly size: number;
  readonly extents: readonly number[];
  readonly #addresses = new Map<string, SplitAddress>();

  constructor(loads: readonly Load[], size: number, cuts: readonly number[] = []) {
    const common = commonDomain(
      loads.map((load) => load.address),
      size,
      cuts,
    );
    if (!common) throw new Error('loads without a common domain reached code generation');
    this.size = size;
    this.extents = common.extents.length ? common.extents : [1];
    for (const [index, load] of loads.entries()) {
      const split = common.addresses[index]!;
      this.#addresses.set(
        JSON.stringify(load.address),
        common.extents.length ? split : { ...split, strides: [0], ranges: [null] },
      );
    }
  }

  split(address: Address): SplitAddress {
    return this.#addresses.get(JSON.stringify(address))!;
  }
}

/**
 * Text for the index along each of `extents` out of the row-major element index `index`. Channel counts are
 * mostly powers of two, and shifts cost a CPU's vector lanes far less than divisions, so those are told apart.
 */
export function unravel(
  index: string,
  extents: readonly number[],
  text: KernelText,
  prefix: string,
): { lines: string[]; names: string[] } {
  const names = extents.map((_, axis) => `${prefix}${axis}`);
  if (extents.length === 1) return { lines: [`let ${names[0]} = ${index};`], names };
  const lines: string[] = [];
  let rest = index;
  for (let axis = extents.length - 1; axis > 0; axis--) {
    const extent = extents[axis]!;
    const bits = Math.log2(extent);
    const next = `${prefix}Rest${axis}`;
    if (Number.isInteger(bits)) {
      const shift = text.param(`${prefix}Shift${axis}`, bits);
      lines.push(
        `let ${names[axis]} = (${rest}) & ((1u << ${shift}) - 1u);`,
        `let ${next} = (${rest}) >> ${shift};`,
      );
    } else {
      const size = text.param(`${prefix}Size${axis}`, extent);
      lines.push(`let ${next} = (${rest}) / ${size};`, `let ${names[axis]} = (${rest}) - ${next} * ${size};`);
    }
    rest = next;
  }
  lines.push(`let ${names[0]} = ${rest};`);
  return { lines, names };
}

export interface ExpressionContext {
  readonly text: KernelText;
  readonly domain: Domain;
  readonly lanes: 1 | 4;
  /** WGSL names of the element index along each axis of the domain (of the first of the lanes). */
  readonly coordinates: readonly string[];
  /** WGSL for the index of this lane's element or vec4 in a buffer laid out like the domain. */
  readonly linear: string;
  /** Values that the kernel has at hand at the same index. */
  readonly own: ReadonlyMap<Tensor, string>;
  readonly stored: { has(node: Tensor): boolean };
  /** Distinguishes the names of several expressions in one scope. */
  readonly prefix: string;
}

/** Writes the statements that compute `root` for one lane, and returns the name of its value. */
export function writeExpression(
  root: Tensor,
  context: ExpressionContext,
  openRoot = true,
): { lines: string[]; value: string } {
  const { text, domain, lanes, coordinates, own, prefix } = context;
  const lines: string[] = [];
  const loaded = new Map<string, string>();
  const leafNumbers = new Map<Tensor, number>();
  const lane = makeLane(lanes, context.linear);
  const fresh = (value: string): string => {
    const name = `${prefix}${lines.length}`;
    lines.push(`let ${name} = ${value};`);
    return name;
  };
  const value = walkExpression<string>(
    root,
    context.stored,
    {
      literal: (node, number) => lane.literal(number, node.dtype),
      elementwise: (node, args) =>
        node.body.kind === 'elementwise' ? fresh(node.body.expression(args, lane)) : args[0]!,
      load(leaf, address) {
        const atHand = own.get(leaf);
        if (atHand !== undefined && isLinear(address)) return atHand;
        if (!leafNumbers.has(leaf)) leafNumbers.set(leaf, leafNumbers.size);
        const key = `${leafNumbers.get(leaf)}|${JSON.stringify(address)}`;
        const known = loaded.get(key);
        if (known) return known;
        const name = fresh(loadText(leaf, address));
        loaded.set(key, name);
        return name;
      },
    },
    openRoot,
  );

  function loadText(leaf: Tensor, address: Address): string {
    if (isLinear(address)) return `${text.read(leaf, laneType(leaf.dtype, lanes))}[${context.linear}]`;
    const split = domain.split(address);
    const last = split.strides.length - 1;
    const number = leafNumbers.get(leaf);
    const term = (axis: number, coordinate: string): string => {
      const stride = split.strides[axis]!;
      if (stride === 0) return '';
      if (stride === 1) return coordinate;
      return `${coordinate} * ${text.param(`${prefix}l${number}x${loaded.size}s${axis}`, stride)}`;
    };
    const offset = split.offset === 0 ? '' : text.param(`${prefix}l${number}x${loaded.size}o`, split.offset);
    const element = (step: number): string => {
      const terms = split.strides.map((_, axis) =>
        term(axis, axis === last && step > 0 ? `(${coordinates[axis]} + ${step}u)` : coordinates[axis]!),
      );
      return [offset, ...terms].filter((part) => part !== '').join(' + ') || '0u';
    };
    const inside = (step: number): string =>
      split.ranges
        .flatMap((range, axis) => {
          if (!range) return [];
          const at = axis === last && step > 0 ? `(${coordinates[axis]} + ${step}u)` : coordinates[axis]!;
          const low = text.param(`${prefix}l${number}x${loaded.size}lo${axis}`, Math.max(range.low, 0));
          const high = text.param(`${prefix}l${number}x${loaded.size}hi${axis}`, Math.max(range.high, 0));
          return [`(${at} >= ${low}) & (${at} < ${high})`];
        })

        .join(' & ');
    const zero = literal(0, leaf.dtype);
    const scalar = (step: number): string => {
      const name = text.read(leaf, leaf.dtype);
      const condition = inside(step);
      if (!condition) return `${name}[${element(step)}]`;
      return `select(${zero}, ${name}[select(0u, ${element(step)}, ${condition})], ${condition})`;
    };
    if (lanes === 1) return scalar(0);
    const type = laneType(leaf.dtype, 4);
    const plain = split.ranges.every((range) => range === null);
    if (plain && split.strides[last] === 0) return `${type}(${scalar(0)})`;
    const aligned =
      split.strides.every((stride, axis) => axis === last || stride % 4 === 0) && split.offset % 4 === 0;
    if (plain && split.strides[last] === 1 && aligned) {
      return `${text.read(leaf, type)}[(${element(0)}) >> 2u]`;
    }
    return `${type}(${[0, 1, 2, 3].map(scalar).join(', ')})`;
  }

  return { lines, value };
}
