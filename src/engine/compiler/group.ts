import type { AdapterTraits, KernelPlan } from '../kernels/plan.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { commonDomain, isLinear, reach } from './index-map.ts';
import type { StoredGraph } from './store.ts';
import { isResident, type Load, storageOf } from './trace-loads.ts';

/** Nodes that one dispatch computes. */
export interface Group {
  /** What produces values by more than an expression: a kernel op, or reductions over one domain. */
  readonly anchor: 'none' | 'kernel' | 'reduce';
  readonly anchors: readonly Tensor[];
  /** Elementwise nodes evaluated where the anchor's values are (or on their own), inputs first. */
  readonly maps: readonly Tensor[];
  /** Chosen kernel, for a kernel anchor. */
  readonly plan: KernelPlan | undefined;
}

/**
 * Lines of a kernel beyond which a CPU driver takes longer to compile one more copy of it, with other work
 * fused behind, than a second pass over memory costs in a whole study: 1 to 4 s a copy on lavapipe, where
 * the pass was lost in the noise. A GPU's compiler does not mind.
 */
const LONG_FOR_SOFTWARE = 100;

/** Distinct reductions that share one pass. */
const MOST_SIBLINGS = 4;

/**
 * Partitions the stored nodes into dispatches: elementwise work joins the kernel or reduction before
 * it, reductions over one domain join each other, elementwise siblings over one domain too.
 *
 * @param mostBuffers storage buffers that one dispatch may bind.
 * @param alone nodes that must have a dispatch of their own.
 */
export function groupNodes(
  graph: StoredGraph,
  roots: ReadonlySet<Tensor>,
  traits: AdapterTraits,
  mostBuffers: number,
  choosePlan: (node: Tensor, candidates: readonly KernelPlan[]) => KernelPlan,
  alone: ReadonlySet<Tensor> = new Set(),
): Group[] {
  const groups = new Partition(graph);
  const readers = new Map<Tensor, Tensor[]>();
  for (const node of graph.order) {
    if (!graph.stored.has(node) || node.body.kind === 'pack') continue;
    if (node.body.kind === 'kernel') {
      const plan = choosePlan(node, node.body.plan(node.inputs, node, traits));
      groups.add(node, { anchor: 'kernel', anchors: [node], maps: [], plan });
      continue;
    }
    const loads = graph.loads.get(node)!;
    if (node.body.kind === 'reduce')
      groups.add(node, { anchor: 'reduce', anchors: [node], maps: [], plan: undefined });
    else groups.add(node, { anchor: 'none', anchors: [], maps: [node], plan: undefined });
    if (alone.has(node)) continue;
    // Candidates to join: who computes what this reads, then who reads the same.
    const candidates: Tensor[] = [];
    for (const { leaf, address } of loads) {
      if (reach(address) * 4 < sizeOf(address.domain)) continue;
      if (!isResident(leaf)) candidates.push(leaf);
      candidates.push(...(readers.get(leaf) ?? []).slice(-6));
      readers.set(leaf, [...(readers.get(leaf) ?? []), node]);
    }
    for (const candidate of new Set(candidates)) {
      if (candidate.body.kind === 'pack' || isDearToFuse(groups.of(candidate), traits)) continue;
      if (joins(groups, candidate, node, graph, roots, mostBuffers)) {
        groups.merge(candidate, node);
        break;
      }
    }
  }
  return groups.all();
}

function isDearToFuse({ plan }: Group, traits: AdapterTraits): boolean {
  return traits.software && plan !== undefined && plan.shader.split('\n').length > LONG_FOR_SOFTWARE;
}

/** Whether the group of `node` can become part of the group of `candidate`. */
function joins(
  groups: Partition,
  candidate: Tensor,
  node: Tensor,
  graph: StoredGraph,
  roots: ReadonlySet<Tensor>,
  mostBuffers: number,
): boolean {
  const target = groups.of(candidate);
  const own = groups.of(node);
  if (target === own) return false;
  const merged = joined(target, own);
  if (own.anchor === 'reduce') {
    const [first] = target.anchors;
    if (
      target.anchor !== 'reduce' ||
      !first ||
      target.anchors.length >= MOST_SIBLINGS ||
      target.maps.length > 0
    )
      return false;
    if (!sameReduction(first, node)) return false;
  } else if (sizeOf(groupDomain(target)) !== sizeOf(node.shape)) {
    return false;
  }
  if (!hasCommonDomain(merged, graph)) return false;
  if (readsWhatItPacks(merged, graph, groups)) return false;
  if (countBuffers(merged, graph, roots, groups) > mostBuffers) return false;
  return groups.mergeKeepsOrder(target, own);
}

export function joined(target: Group, own: Group): Group {
  return {
    anchor: target.anchor,
    anchors: [...target.anchors, ...own.anchors],
    maps: [...target.maps, ...own.maps],
    plan: target.plan,
  };
}

/** A dispatch cannot read one place of a packed buffer and write another. */
function readsWhatItPacks(group: Group, graph: StoredGraph, groups: Partition): boolean {
  const written = new Set([...group.anchors, ...group.maps].flatMap((node) => groups.packsOf(node)));
  if (written.size === 0) return false;
  return [...groupInputs(group, graph)].some((input) =>
    [input, ...groups.packsOf(input)].some((node) => written.has(node)),
  );
}

function sameReduction(a: Tensor, b: Tensor): boolean {
  const [left, right] = [a.body, b.body];
  return (
    left.kind === 'reduce' &&
    right.kind === 'reduce' &&
    left.splits === right.splits &&
    a.inputs[0]!.shape.join() === b.inputs[0]!.shape.join() &&
    left.axes.join() === right.axes.join()
  );
}

/** Shape over which a group's expressions are evaluated: that of what it writes. */
export function groupDomain(group: Group): readonly number[] {
  return (group.anchors[0] ?? group.maps[0])!.shape;
}

/** Sizes of trailing blocks that must stay axis borders of a reduction's domain. */
export function reductionCuts(node: Tensor): number[] {
  const [, reduced, inner = 1] = node.inputs[0]!.shape;
  return [inner, inner * reduced!];
}

/** Lanes with which a group's expressions are evaluated; 0 when its loads cannot be reconciled. */
export function groupLanes(group: Group, graph: StoredGraph): 0 | 1 | 4 {
  const size = sizeOf(groupDomain(group));
  const addresses = group.maps.flatMap((node) =>
    graph.loads
      .get(node)!
      .filter((load) => !isOwnLinear(load, group))
      .map((load) => load.address),
  );
  const domain = commonDomain(addresses, size);
  if (!domain) return 0;
  const inner = domain.extents[domain.extents.length - 1] ?? 1;
  // A last, partial vec4 would spill into whatever lies behind the buffer's last element.
  const vector = inner % 4 === 0;
  if (group.anchor === 'kernel') return group.plan!.lanes === 4 ? (vector ? 4 : 0) : 1;
  if (group.anchor === 'reduce') {
    if (columnLanes(group, graph) === 1) return 1;
    return vector ? 4 : 0;
  }
  return vector ? 4 : 1;
}

/**
 * Neighbours that one lane of a column reduction combines side by side: 4 where whole vec4s of inner
 * elements lie alike in everything that is read, else 1. Rows give one value each.
 */
export function columnLanes(group: Group, graph: StoredGraph): 1 | 4 {
  const first = group.anchors[0]!;
  const { shape } = first.inputs[0]!;
  const addresses = group.anchors.flatMap((node) => graph.loads.get(node)!.map((load) => load.address));
  const domain = commonDomain(addresses, sizeOf(shape), reductionCuts(first));
  const innermost = domain?.extents[domain.extents.length - 1] ?? 1;
  return shape.length === 3 && innermost % 4 === 0 && shape[2]! % 4 === 0 ? 4 : 1;
}

/** True for a load of a value that the same group has at hand at the same index. */
export function isOwnLinear(load: Load, group: Group): boolean {
  return (group.anchors.includes(load.leaf) || group.maps.includes(load.leaf)) && isLinear(load.address);
}

function hasCommonDomain(group: Group, graph: StoredGraph): boolean {
  const own = new Set([...group.anchors, ...group.maps]);
  for (const node of group.maps) {
    if (graph.loads.get(node)!.some((load) => own.has(load.leaf) && !isOwnLinear(load, group))) return false;
  }
  if (group.anchor === 'reduce') {
    const [first] = group.anchors;
    const addresses = group.anchors.flatMap((node) => graph.loads.get(node)!.map((load) => load.address));
    if (group.anchors.some((node) => graph.loads.get(node)!.some((load) => own.has(load.leaf)))) return false;
    if (!commonDomain(addresses, sizeOf(first!.inputs[0]!.shape), reductionCuts(first!))) return false;
  }
  return groupLanes(group, graph) !== 0;
}

/** Buffers that the group reads from outside. */
export function groupInputs(group: Group, graph: StoredGraph): Set<Tensor> {
  const own = new Set([...group.anchors, ...group.maps]);
  const inputs = new Set<Tensor>();
  if (group.anchor === 'kernel') for (const input of group.anchors[0]!.inputs) inputs.add(storageOf(input));
  const expressions = group.anchor === 'reduce' ? [...group.anchors, ...group.maps] : group.maps;
  for (const node of expressions) {
    for (const { leaf } of graph.loads.get(node)!) if (!own.has(leaf)) inputs.add(leaf);
  }
  return inputs;
}

function countBuffers(
  group: Group,
  graph: StoredGraph,
  roots: ReadonlySet<Tensor>,
  groups: Partition,
): number {
  const written = [...group.anchors, ...group.maps].filter(
    (node) => roots.has(node) || groups.isUsedOutside(node, group),
  );
  // A leaf may be bound twice, as scalars and as vectors; parameters may take one more.
  return groupInputs(group, graph).size * (group.maps.length ? 1.25 : 1) + written.length + 1;
}

/** The groups so far, and who depends on whom. */
class Partition {
  readonly #groupOf = new Map<Tensor, Group>();
  readonly #graph: StoredGraph;
  readonly #users: Map<Tensor, Tensor[]>;
  readonly #position: Map<Tensor, number>;
  readonly #reads = new Map<Group, readonly Tensor[]>();
  readonly #spans = new Map<Group, { low: number; high: number }>();
  /** For each position, how many groups have nodes both before it and at or after it. */
  readonly #spanning: number[];

  constructor(graph: StoredGraph) {
    this.#spanning = graph.order.map(() => 0);
    this.#graph = graph;
    this.#users = usersOf(graph);
    this.#position = new Map(graph.order.map((node, position) => [node, position]));
  }

  add(node: Tensor, group: Group): void {
    this.#groupOf.set(node, group);
  }

  of(node: Tensor): Group {
    return this.#groupOf.get(node)!;
  }

  all(): Group[] {
    return [...new Set(this.#groupOf.values())];
  }

  isUsedOutside(node: Tensor, group: Group): boolean {
    return isUsedOutside(node, group, this.#graph, this.#users);
  }

  /** Packs in whose buffer the node lies. */
  packsOf(node: Tensor): Tensor[] {
    return (this.#users.get(node) ?? []).filter((user) => user.body.kind === 'pack');
  }

  merge(candidate: Tensor, node: Tensor): void {
    const target = this.of(candidate);
    const own = this.of(node);
    const merged = joined(target, own);
    for (const member of [...merged.anchors, ...merged.maps]) this.#groupOf.set(member, merged);
    this.#noteSpan(merged);
  }

  /** True when no path leads from one group to the other through a third, so that merging makes no cycle. */
  mergeKeepsOrder(target: Group, own: Group): boolean {
    for (const dependency of this.#dependencies(own)) {
      if (dependency !== target && this.#reaches(dependency, target)) return false;
    }
    for (const dependency of this.#dependencies(target)) {
      if (dependency === own || this.#reaches(dependency, own)) return false;
    }
    return true;
  }

  #dependencies(group: Group): Set<Group> {
    const result = new Set<Group>();
    for (const node of this.#producersRead(group)) {
      const producer = this.#groupOf.get(node);
      if (producer && producer !== group) result.add(producer);
    }
    return result;
  }

  /** Computed nodes that the group reads, packs opened. Groups never change, so once is enough. */
  #producersRead(group: Group): readonly Tensor[] {
    const known = this.#reads.get(group);
    if (known) return known;
    const nodes = [...groupInputs(group, this.#graph)].flatMap(producersBehind);
    this.#reads.set(group, nodes);
    return nodes;
  }

  #reaches(from: Group, target: Group): boolean {
    const border = this.#borderBelow(target);
    const seen = new Set<Group>([from]);
    const stack = [from];
    while (stack.length) {
      const group = stack.pop()!;
      if (group === target) return true;
      // What lies wholly before a border that no group spans depends only on what lies before it too.
      if (this.#span(group).high < border) continue;
      for (const dependency of this.#dependencies(group)) {
        if (seen.has(dependency)) continue;
        seen.add(dependency);
        stack.push(dependency);
      }
    }
    return false;
  }

  /** The last position, at or before the group's first node, that no group has nodes on both sides of. */
  #borderBelow(group: Group): number {
    let border = this.#span(group).low;
    while (border > 0 && this.#spanning[border]! > 0) border--;
    return border;
  }

  #span(group: Group): { low: number; high: number } {
    const known = this.#spans.get(group);
    if (known) return known;
    const positions = [...group.anchors, ...group.maps].map((node) => this.#position.get(node)!);
    const span = { low: Math.min(...positions), high: Math.max(...positions) };
    this.#spans.set(group, span);
    return span;
  }

  #noteSpan(group: Group): void {
    const { low, high } = this.#span(group);
    for (let position = low + 1; position <= high; position++) this.#spanning[position]!++;
  }
}

/** The computed nodes whose values lie in the buffer of `node`: itself, or what a pack holds. */
export function producersBehind(node: Tensor): Tensor[] {
  if (isResident(node)) return [];
  if (node.body.kind === 'pack') return node.inputs.map(storageOf).flatMap(producersBehind);
  return [node];
}

/** Whether something reads the node's value that does not have it at hand at the same index, within the group. */
export function isUsedOutside(
  node: Tensor,
  group: Group,
  graph: StoredGraph,
  users: ReadonlyMap<Tensor, readonly Tensor[]>,
): boolean {
  return (users.get(node) ?? []).some(
    (user) =>
      user.body.kind === 'pack' ||
      !(group.maps.includes(user) || group.anchors.includes(user)) ||
      !(graph.loads.get(user) ?? []).every((load) => load.leaf !== node || isLinear(load.address)),
  );
}

/** Stored nodes (and packs) that read each stored node. */
export function usersOf(graph: StoredGraph): Map<Tensor, Tensor[]> {
  const users = new Map<Tensor, Tensor[]>();
  const note = (leaf: Tensor, user: Tensor) => users.set(leaf, [...(users.get(leaf) ?? []), user]);
  for (const node of graph.order) {
    if (!graph.stored.has(node)) continue;
    for (const { leaf } of graph.loads.get(node) ?? []) note(leaf, node);
    if (node.body.kind === 'kernel' || node.body.kind === 'pack') {
      for (const input of node.inputs) note(storageOf(input), node);
    }
  }
  return users;
}
