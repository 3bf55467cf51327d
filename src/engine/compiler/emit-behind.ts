/** What every emitter needs: the elementwise work of a group written where its values are, and the frame around it. */
import type { AdapterTraits } from '../kernels/plan.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { Domain, unravel, writeExpression } from './expression.ts';
import { type Group, groupDomain, isOwnLinear } from './group.ts';
import type { StoredGraph } from './store.ts';
import type { Load } from './trace-loads.ts';
import { type KernelText, laneType } from './wgsl.ts';

/** What the emitters need to know beside the group. */
export interface EmitContext {
  readonly graph: StoredGraph;
  readonly traits: AdapterTraits;
  readonly immediates: boolean;
  /** Nodes whose values must reach a buffer, because another dispatch or the caller reads them. */
  isWritten(node: Tensor, group: Group): boolean;
  /** What identifies the buffer behind a node: an update in place shares its variable's. */
  bufferOf(node: Tensor): object;
}

export const MOST_WORKGROUPS = 65_535;
export const LANES_PER_WORKGROUP = 64;

/** Loads of a group's elementwise nodes that come from buffers. */
function outsideLoads(group: Group, graph: StoredGraph): Load[] {
  return group.maps.flatMap((node) => graph.loads.get(node)!.filter((load) => !isOwnLinear(load, group)));
}

/** The domain of a group's elementwise nodes. */
export function mapDomain(group: Group, graph: StoredGraph): Domain {
  return new Domain(outsideLoads(group, graph), sizeOf(groupDomain(group)));
}

/**
 * Statements that, given the values of the anchors, compute the group's elementwise nodes and store
 * whatever must be stored. `linear` is the WGSL index of the lane's element or vec4; `known` the domain and
 * its coordinates where the caller has them at hand.
 */
export function writeBehind(
  group: Group,
  context: EmitContext,
  text: KernelText,
  lanes: 1 | 4,
  anchorValues: readonly string[],
  linear: string,
  known?: { readonly domain: Domain; readonly names: readonly string[] },
): string[] {
  const { graph } = context;
  const own = new Map<Tensor, string>(group.anchors.map((node, index) => [node, anchorValues[index]!]));
  const written = [...group.anchors, ...group.maps].filter((node) => context.isWritten(node, group));
  const arrays = new Map(written.map((node) => [node, text.write(node, laneType(node.dtype, lanes))]));
  const lines: string[] = [];
  const domain = known?.domain ?? mapDomain(group, graph);
  const first = lanes === 4 ? `(${linear} * 4u)` : linear;
  const { lines: indexLines, names } = known
    ? { lines: [], names: known.names }
    : unravel(first, domain.extents, text, 'd');
  lines.push(...indexLines);
  for (const [index, node] of group.maps.entries()) {
    const expression = writeExpression(node, {
      text,
      domain,
      lanes,
      coordinates: names,
      linear,
      own,
      stored: graph.stored,
      prefix: `v${index}_`,
    });
    lines.push(...expression.lines);
    own.set(node, expression.value);
  }
  for (const node of written) lines.push(`${arrays.get(node)}[${linear}] = ${own.get(node)};`);
  return lines;
}

/** Lines, indented. */
export function indent(lines: readonly string[], by: string): string {
  return lines.map((line) => by + line).join('\n');
}

/** What a group does, for labels: its ops, the first four. */
export function labelOf(group: Group): string {
  const names = [...group.anchors, ...group.maps].map((node) => node.op);
  const distinct = [...new Set(names)];
  return distinct.length > 4
    ? `${distinct.slice(0, 4).join('+')}+${distinct.length - 4}`
    : distinct.join('+');
}

/** Workgroups for `count` lanes of work, each lane taking `perLane` in strides of the whole grid. */
export function stridedGrid(count: number, perLane: number): [number, number, number] {
  return [Math.min(Math.ceil(count / (LANES_PER_WORKGROUP * perLane)), MOST_WORKGROUPS), 1, 1];
}

/** A kernel whose lanes take turns over `count` lanes of work. */
export function loopOverLanes(count: string, lines: readonly string[]): string {
  return `@compute @workgroup_size(${LANES_PER_WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < ${count}; i += groups.x * ${LANES_PER_WORKGROUP}u) {
${indent(lines, '    ')}
  }
}
`;
}
