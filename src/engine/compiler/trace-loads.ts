import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  type Address,
  addressOf,
  type IndexMap,
  identityMap,
  throughReshape,
  throughView,
} from './index-map.ts';

/** One read of a buffer inside an expression. */
export interface Load {
  readonly leaf: Tensor;
  readonly address: Address;
}

/** Nodes whose values lie in a buffer before the program starts. */
export function isResident(node: Tensor): boolean {
  return node.body.kind === 'input' || node.body.kind === 'variable' || node.body.kind === 'constant';
}

/** The node whose buffer holds the value: reshapes share their input's. */
export function storageOf(node: Tensor): Tensor {
  let base = node;
  while (base.body.kind === 'reshape') base = base.inputs[0]!;
  return base;
}

/** What a walk over an expression reports; `Value` is whatever the visitor makes of a subexpression. */
export interface ExpressionVisitor<Value> {
  load(leaf: Tensor, address: Address): Value;
  literal(node: Tensor, value: number): Value;
  elementwise(node: Tensor, args: readonly Value[]): Value;
}

/** Thrown by a walk that needs `node` in a buffer of its own. */
export class NeedsStorage extends Error {
  constructor(readonly node: Tensor) {
    super('an expression needs a node stored');
  }
}

/**
 * Walks the expression behind `root` down to what lies in buffers.
 *
 * @param stored nodes that have buffers.
 * @param openRoot compute `root` even if it is stored (because it is being stored now).
 * @throws NeedsStorage when an inner node cannot be computed in place.
 */
export function walkExpression<Value>(
  root: Tensor,
  stored: { has(node: Tensor): boolean },
  visitor: ExpressionVisitor<Value>,
  openRoot: boolean,
): Value {
  const domainSize = sizeOf(root.shape);
  const memo = new Map<Tensor, { map: IndexMap; value: Value }[]>();

  const descend = (node: Tensor, map: IndexMap): Value => {
    const known = memo.get(node)?.find((entry) => sameMap(entry.map, map));
    if (known) return known.value;
    const value = open(node, map);
    memo.set(node, [...(memo.get(node) ?? []), { map, value }]);
    return value;
  };

  const load = (leaf: Tensor, map: IndexMap, shape: Shape): Value => {
    const address = addressOf(map, shape);
    return address.empty ? visitor.literal(leaf, 0) : visitor.load(leaf, address);
  };

  const open = (node: Tensor, map: IndexMap): Value => {
    if (isResident(node) || (stored.has(node) && !(openRoot && node === root)))
      return load(node, map, node.shape);
    const { body } = node;
    switch (body.kind) {
      case 'full':
        return visitor.literal(node, body.value);
      case 'elementwise': {
        const repeats = node !== root && sizeOf(node.shape) * 2 <= domainSize;
        if (repeats || (body.positional && node !== root)) throw new NeedsStorage(node);
        return visitor.elementwise(
          node,
          node.inputs.map((input) => descend(input, map)),
        );
      }
      case 'reshape': {
        const input = node.inputs[0]!;
        if (isResident(input) || stored.has(input)) return load(input, map, node.shape);
        const inner = throughReshape(map, node.shape, input.shape);
        if (!inner) throw new NeedsStorage(input);
        return descend(input, inner);
      }
      case 'view': {
        const input = node.inputs[0]!;
        const inner = throughView(map, body.axes, node.shape, input.shape);
        if (!inner) throw new NeedsStorage(node);
        const base = storageOf(input);
        // Outside a pad the value is zero, and only a load can say so.
        if (inner.ranges.some((range) => range !== null) && !isResident(base) && !stored.has(base)) {
          throw new NeedsStorage(base);
        }
        return descend(input, inner);
      }
      default:
        throw new NeedsStorage(node);
    }
  };
  return descend(root, identityMap(root.shape));
}

function sameMap(a: IndexMap, b: IndexMap): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** The distinct loads of the expression behind `root`, and how many elementwise nodes it holds. */
export function traceLoads(
  root: Tensor,
  stored: { has(node: Tensor): boolean },
  openRoot = true,
): { loads: Load[]; operations: number } {
  const loads: Load[] = [];
  const keys = new Set<string>();
  const numbers = new Map<Tensor, number>();
  let operations = 0;
  const visitor: ExpressionVisitor<void> = {
    load(leaf, address) {
      if (!numbers.has(leaf)) numbers.set(leaf, numbers.size);
      const key = `${numbers.get(leaf)}|${JSON.stringify(address)}`;
      if (keys.has(key)) return;
      keys.add(key);
      loads.push({ leaf, address });
    },
    literal() {},
    elementwise() {
      operations++;
    },
  };
  walkExpression(root, stored, visitor, openRoot);
  return { loads, operations };
}
