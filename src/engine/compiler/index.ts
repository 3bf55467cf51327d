/**
 * From a traced graph to a flat list of dispatches and the buffers they need:
 * simplify → store → group → schedule → emit → plan memory. One file for each.
 */
import type { AdapterTraits, KernelPlan } from '../kernels/plan.ts';
import type { Tensor } from '../tensor.ts';
import type { Update } from '../variable.ts';
import { emitGroup } from './emit.ts';
import { type Group, groupNodes, isUsedOutside, usersOf } from './group.ts';
import { bytesOf, type MemoryPlan, type Place, planMemory } from './memory.ts';
import { schedule } from './schedule.ts';
import { simplify } from './simplify.ts';
import { chooseStored, copyOf } from './store.ts';
import { isResident, storageOf } from './trace-loads.ts';
import type { Step } from './wgsl.ts';

export { bytesOf, type MemoryPlan, type Place, type Step };

/** What a program returns and what it changes. */
export interface Traced {
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly updates?: readonly Update[];
}

export interface CompileTarget {
  readonly traits: AdapterTraits;
  readonly immediates: boolean;
  /** Storage buffers that one dispatch may bind. */
  readonly mostBuffers: number;
  /** Picks among a kernel op's candidates. */
  choosePlan(node: Tensor, candidates: readonly KernelPlan[]): KernelPlan;
}

export interface CompiledGraph {
  readonly steps: readonly Step[];
  readonly memory: MemoryPlan;
  /** Node whose buffer holds each output. */
  readonly outputs: ReadonlyMap<string, Tensor>;
}

/** Compiles a traced graph for a target. Pure: touches no device. */
export function compileGraph(traced: Traced, target: CompileTarget): CompiledGraph {
  const names = Object.keys(traced.outputs);
  const updates = traced.updates ?? [];
  const wanted = [...names.map((name) => traced.outputs[name]!), ...updates.map(({ value }) => value)];
  const simple = simplify(wanted, target.traits);

  // Every root is a computed node with a buffer, and every variable gets one value of its own.
  const taken = new Set<Tensor>();
  const root = (node: Tensor, purpose: string, exclusive: boolean): Tensor => {
    const base = storageOf(node);
    const needsCopy = isResident(base) || base.body.kind === 'pack' || (exclusive && taken.has(base));
    const result = needsCopy ? copyOf(node, purpose) : node;
    if (exclusive) taken.add(storageOf(result));
    return result;
  };
  const outputRoots = names.map((name, index) => root(simple[index]!, `output ${name}`, false));
  const updateRoots = updates.map(({ variable }, index) => ({
    variable,
    value: root(simple[names.length + index]!, `update ${index}`, true),
  }));
  const roots = [...outputRoots, ...updateRoots.map(({ value }) => value)];

  const mostLoads = Math.max(target.mostBuffers - 4, 2);
  let graph = chooseStored(roots, mostLoads);
  let rootSet = new Set(roots.map(storageOf));
  let groups = groupNodes(graph, rootSet, target.traits, target.mostBuffers, target.choosePlan);
  let plan = schedule(groups, graph, updateRoots);
  if (plan.copies.length) {
    // An update that cannot be written in place gets a copy, which runs when all readers are done.
    const copies = new Map(
      plan.copies.map(({ variable, value }, index) => [variable, copyOf(value, `late ${index}`)]),
    );
    const values = updateRoots.map(({ variable, value }) => ({
      variable,
      value: copies.get(variable) ?? value,
    }));
    graph = chooseStored([...roots, ...values.map(({ value }) => value)], mostLoads);
    rootSet = new Set([...outputRoots, ...values.map(({ value }) => value)].map(storageOf));
    const late = new Set([...copies.values()].map(storageOf));
    groups = groupNodes(graph, rootSet, target.traits, target.mostBuffers, target.choosePlan, late);
    plan = schedule(groups, graph, values);
  }

  const users = usersOf(graph);
  const isWritten = (node: Tensor, group: Group): boolean =>
    rootSet.has(node) || isUsedOutside(node, group, graph, users);
  const bufferOf = (node: Tensor): object => {
    const variable = plan.inPlace.get(node);
    if (variable) return variable;
    return node.body.kind === 'variable' && node.body.offset === 0 ? node.body.variable : node;
  };
  const steps = plan.groups.map((group) =>
    emitGroup(group, { graph, traits: target.traits, immediates: target.immediates, isWritten, bufferOf }),
  );
  const packs = graph.order.filter((node) => node.body.kind === 'pack');
  const keep = new Set(outputRoots.map(storageOf));
  const memory = planMemory(steps, packs, plan.inPlace, keep);
  return {
    steps,
    memory,
    outputs: new Map(names.map((name, index) => [name, storageOf(outputRoots[index]!)])),
  };
}
