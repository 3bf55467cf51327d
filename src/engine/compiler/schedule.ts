import { EngineError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Variable } from '../variable.ts';
import { type Group, groupInputs, producersBehind } from './group.ts';
import { isLinear } from './index-map.ts';
import type { StoredGraph } from './store.ts';
import { storageOf } from './trace-loads.ts';

/** Where updates of variables are written: straight into the variable, once nobody needs its old value. */
export interface Schedule {
  readonly groups: readonly Group[];
  /** Stored nodes whose buffer is the variable's own. */
  readonly inPlace: ReadonlyMap<Tensor, Variable>;
  /** Updates that go through a buffer of their own and are copied when the program ends. */
  readonly copies: readonly { readonly variable: Variable; readonly value: Tensor }[];
}

/**
 * Orders groups so that inputs come first and a variable is overwritten only after its last reader.
 *
 * @param updates stored value by variable.
 */
export function schedule(
  groups: readonly Group[],
  graph: StoredGraph,
  updates: readonly { readonly variable: Variable; readonly value: Tensor }[],
): Schedule {
  const groupOf = new Map<Tensor, Group>();
  for (const group of groups) for (const node of [...group.anchors, ...group.maps]) groupOf.set(node, group);
  const after = new Map<Group, Set<Group>>();
  for (const group of groups) {
    const before = new Set<Group>();
    for (const input of groupInputs(group, graph)) {
      for (const node of producersBehind(input)) {
        const producer = groupOf.get(node);
        if (!producer)
          throw new EngineError(`the compiler lost the producer of ${node.op}; please report this graph.`);
        if (producer !== group) before.add(producer);
      }
    }
    after.set(group, before);
  }
  const reaches = (from: Group, target: Group): boolean => {
    const seen = new Set([from]);
    const stack = [from];
    while (stack.length) {
      const group = stack.pop()!;
      if (group === target) return true;
      for (const next of after.get(group)!) {
        if (!seen.has(next)) {
          seen.add(next);
          stack.push(next);
        }
      }
    }
    return false;
  };

  const inPlace = new Map<Tensor, Variable>();
  const copies: { variable: Variable; value: Tensor }[] = [];
  for (const { variable, value } of updates) {
    const node = storageOf(value);
    const writer = groupOf.get(node);
    const readers = groups.filter((group) =>
      [...groupInputs(group, graph)].some((leaf) => reads(leaf, variable)),
    );
    const direct =
      writer !== undefined &&
      !inPlace.has(node) &&
      !graph.order.some((other) => other.body.kind === 'pack' && other.inputs.includes(node)) &&
      (!readers.includes(writer) || readsOnlyInPlace(writer, variable, graph)) &&
      !readers.some((reader) => reader !== writer && reaches(reader, writer));
    if (!direct) {
      copies.push({ variable, value });
      continue;
    }
    inPlace.set(node, variable);
    for (const reader of readers) if (reader !== writer) after.get(writer)!.add(reader);
  }
  return { groups: order(groups, graph, after), inPlace, copies };
}

function reads(leaf: Tensor, variable: Variable): boolean {
  return leaf.body.kind === 'variable' && leaf.body.variable === variable;
}

/** True when the group reads the variable only at the element that it writes. */
function readsOnlyInPlace(group: Group, variable: Variable, graph: StoredGraph): boolean {
  if (
    group.anchor === 'kernel' &&
    group.anchors[0]!.inputs.some((input) => reads(storageOf(input), variable))
  )
    return false;
  if (group.anchor === 'reduce') {
    if (group.anchors.some((node) => graph.loads.get(node)!.some((load) => reads(load.leaf, variable))))
      return false;
  }
  return group.maps.every((node) =>
    graph.loads
      .get(node)!
      .every(
        ({ leaf, address }) =>
          !reads(leaf, variable) ||
          (leaf.body.kind === 'variable' && leaf.body.offset === 0 && isLinear(address)),
      ),
  );
}

/** Kahn's order; of what is ready, what was traced first goes first. */
function order(
  groups: readonly Group[],
  graph: StoredGraph,
  after: ReadonlyMap<Group, ReadonlySet<Group>>,
): Group[] {
  const position = new Map(graph.order.map((node, index) => [node, index]));
  const rank = (group: Group) =>
    Math.max(...[...group.anchors, ...group.maps].map((node) => position.get(node)!));
  const pending = [...groups].sort((a, b) => rank(a) - rank(b));
  const done = new Set<Group>();
  const result: Group[] = [];
  const visiting = new Set<Group>();
  const visit = (group: Group): void => {
    const stack: { group: Group; waiting: Group[] }[] = [{ group, waiting: [...after.get(group)!] }];
    visiting.add(group);
    while (stack.length) {
      const top = stack[stack.length - 1]!;
      const next = top.waiting.pop();
      if (next === undefined) {
        stack.pop();
        if (!done.has(top.group)) {
          done.add(top.group);
          result.push(top.group);
        }
        continue;
      }
      if (done.has(next)) continue;
      if (visiting.has(next)) {
        if (stack.some((entry) => entry.group === next)) {
          throw new EngineError(
            'the compiler made dispatches that wait for each other; please report this graph.',
          );
        }
        continue;
      }
      visiting.add(next);
      stack.push({ group: next, waiting: [...after.get(next)!] });
    }
  };
  for (const group of pending) if (!done.has(group)) visit(group);
  return result;
}
