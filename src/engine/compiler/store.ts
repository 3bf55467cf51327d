import { consumersOf, topologicalOrder } from '../graph.ts';
import { sizeOf } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { commonDomain, reach } from './index-map.ts';
import { isResident, type Load, NeedsStorage, storageOf, traceLoads } from './trace-loads.ts';

/** Elementwise nodes in one expression beyond which text and registers grow without gain. */
const MOST_OPERATIONS = 48;

/** What the compiler knows after deciding which nodes get buffers. */
export interface StoredGraph {
  /** All nodes, inputs first. */
  readonly order: readonly Tensor[];
  /** Nodes that get a buffer of their own. */
  readonly stored: ReadonlySet<Tensor>;
  /** For each stored node that is computed by an expression (also a reduction's input): its loads. */
  readonly loads: ReadonlyMap<Tensor, readonly Load[]>;
}

/**
 * A node of its own that holds the same values: what a root that lies in somebody else's buffer needs.
 *
 * @param purpose tells two copies of one node apart.
 */
export function copyOf(node: Tensor, purpose: string): Tensor {
  return new Tensor({
    op: 'copy',
    inputs: [node],
    attributes: purpose,
    shape: node.shape,
    dtype: node.dtype,
    body: { kind: 'elementwise', expression: ([a]) => a! },
  });
}

/**
 * Decides which nodes of a simplified graph get a buffer. Kernels, reductions, roots and what kernels
 * read do; an elementwise node does when several places use it and computing it again would read more
 * than it holds; the rest are expressions inside other kernels.
 *
 * @param mostLoads distinct buffers that one kernel may read.
 */
export function chooseStored(roots: readonly Tensor[], mostLoads: number): StoredGraph {
  const order = topologicalOrder(roots);
  const consumers = consumersOf(order);
  const stored = new Set<Tensor>();
  const store = (node: Tensor) => {
    const base = storageOf(node);
    if (!isResident(base)) stored.add(base);
  };
  for (const root of roots) store(root);
  for (const node of order) {
    const { kind } = node.body;
    if (kind === 'kernel' || kind === 'reduce' || kind === 'pack') stored.add(node);
    if (kind === 'kernel' || kind === 'pack') for (const input of node.inputs) store(input);
  }
  const settle = (node: Tensor, openRoot = true) => traceStoring(node, stored, mostLoads, store, openRoot);
  for (const node of order) {
    const { kind } = node.body;
    if (kind === 'reduce') settle(node.inputs[0]!, false);
    if (kind !== 'elementwise' && kind !== 'view') continue;
    const { loads } = settle(node);
    if (kind === 'view' || stored.has(node) || countUses(node, consumers) < 2) continue;
    const large = loads.filter(({ address }) => reach(address) * 4 > sizeOf(node.shape));
    if (large.length > 1) stored.add(node);
  }
  // Storing one node changes the loads of those traced before it: trace once more, with all decided.
  const loads = new Map<Tensor, readonly Load[]>();
  for (const node of order) {
    const { kind } = node.body;
    if (kind === 'reduce') loads.set(node, settle(node.inputs[0]!, false).loads);
    else if (stored.has(node) && kind !== 'kernel' && kind !== 'pack') loads.set(node, settle(node).loads);
  }
  return { order, stored, loads };
}

/** Traces `node`, storing inner nodes until its expression can be one kernel's. */
function traceStoring(
  node: Tensor,
  stored: Set<Tensor>,
  mostLoads: number,
  store: (node: Tensor) => void,
  openRoot: boolean,
): { loads: Load[]; operations: number } {
  for (;;) {
    try {
      const traced = traceLoads(node, stored, openRoot);
      const addresses = traced.loads.map((load) => load.address);
      const tooMany =
        new Set(traced.loads.map((load) => load.leaf)).size > mostLoads ||
        traced.operations > MOST_OPERATIONS;
      if (!tooMany && commonDomain(addresses, sizeOf(node.shape))) return traced;
      const before = stored.size;
      storeInputs(node, stored, store, tooMany);
      if (stored.size === before) return traced;
    } catch (error) {
      if (!(error instanceof NeedsStorage)) throw error;
      store(error.node);
    }
  }
}

/** Stores the input expressions of `node`: all of them, or only the one that reads most. */
function storeInputs(
  node: Tensor,
  stored: Set<Tensor>,
  store: (node: Tensor) => void,
  onlyLargest: boolean,
): void {
  const open = node.inputs
    .map(storageOf)
    .filter((input) => !isResident(input) && !stored.has(input) && input.body.kind !== 'full');
  if (!onlyLargest) {
    for (const input of open) store(input);
    return;
  }
  const [largest] = open
    .map((input) => ({ input, traced: traceLoads(input, stored) }))
    .sort(
      (a, b) => b.traced.loads.length + b.traced.operations - a.traced.loads.length - a.traced.operations,
    );
  if (largest) store(largest.input);
}

/** Places that use the node's value, seen through reshapes. */
function countUses(node: Tensor, consumers: ReadonlyMap<Tensor, readonly Tensor[]>): number {
  let uses = 0;
  for (const consumer of consumers.get(node) ?? []) {
    uses +=
      consumer.body.kind === 'reshape' || consumer.body.kind === 'view' ? countUses(consumer, consumers) : 1;
  }
  return uses;
}
