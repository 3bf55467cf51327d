import type { AdapterTraits } from '../kernels/plan.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { Domain, unravel, writeExpression } from './expression.ts';
import { columnLanes, type Group, groupDomain, groupLanes, isOwnLinear, reductionCuts } from './group.ts';
import { hoistInvariant } from './hoist.ts';
import type { StoredGraph } from './store.ts';
import { type Load, storageOf } from './trace-loads.ts';
import { KernelText, laneType, literal, type Step } from './wgsl.ts';

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

const MOST_WORKGROUPS = 65_535;
const LANES_PER_WORKGROUP = 64;
const MAX_IDENTITY = -3.4028234663852886e38;

/** The kernel that computes a group. */
export function emitGroup(group: Group, context: EmitContext): Step {
  switch (group.anchor) {
    case 'none':
      return emitMaps(group, context);
    case 'kernel':
      return emitKernel(group, context);
    case 'reduce':
      return group.anchors[0]!.inputs[0]!.shape.length === 3
        ? emitColumns(group, context)
        : emitRows(group, context);
  }
}

/** Loads of a group's elementwise nodes that come from buffers. */
function outsideLoads(group: Group, graph: StoredGraph): Load[] {
  return group.maps.flatMap((node) => graph.loads.get(node)!.filter((load) => !isOwnLinear(load, group)));
}

/** The domain of a group's elementwise nodes. */
function mapDomain(group: Group, graph: StoredGraph): Domain {
  return new Domain(outsideLoads(group, graph), sizeOf(groupDomain(group)));
}

/**
 * Statements that, given the values of the anchors, compute the group's elementwise nodes and store
 * whatever must be stored. `linear` is the WGSL index of the lane's element or vec4; `known` the domain and
 * its coordinates where the caller has them at hand.
 */
function writeBehind(
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

function indent(lines: readonly string[], by: string): string {
  return lines.map((line) => by + line).join('\n');
}

function labelOf(group: Group): string {
  const names = [...group.anchors, ...group.maps].map((node) => node.op);
  const distinct = [...new Set(names)];
  return distinct.length > 4
    ? `${distinct.slice(0, 4).join('+')}+${distinct.length - 4}`
    : distinct.join('+');
}

/** Workgroups for `count` lanes of work, each lane taking `perLane` in strides of the whole grid. */
function stridedGrid(count: number, perLane: number): [number, number, number] {
  return [Math.min(Math.ceil(count / (LANES_PER_WORKGROUP * perLane)), MOST_WORKGROUPS), 1, 1];
}

function loopOverLanes(count: string, lines: readonly string[]): string {
  return `@compute @workgroup_size(${LANES_PER_WORKGROUP})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < ${count}; i += groups.x * ${LANES_PER_WORKGROUP}u) {
${indent(lines, '    ')}
  }
}
`;
}

/** Elementwise work on its own. */
function emitMaps(group: Group, context: EmitContext): Step {
  const lanes = groupLanes(group, context.graph) || 1;
  const domain = mapDomain(group, context.graph);
  const inner = domain.extents[domain.extents.length - 1]! / lanes;
  const outer = domain.extents.length === 3 ? domain.extents[0]! : 1;
  const walks = domain.extents.length > 1 && domain.extents.length <= 3 && inner <= 1024 && outer <= 64;
  return walks ? emitWalk(group, context, domain, lanes) : emitLinear(group, context, lanes);
}

/** Every lane computes elements (or vec4s) i, i + grid, … */
function emitLinear(group: Group, context: EmitContext, lanes: 1 | 4): Step {
  const text = new KernelText(context.bufferOf);
  const size = sizeOf(groupDomain(group));
  const count = Math.ceil(size / lanes);
  const countText = text.param('count', count);
  const lines = writeBehind(group, context, text, lanes, [], 'i');
  return text.finish({
    label: `map ${labelOf(group)} ${groupDomain(group).join('×')}`,
    body: loopOverLanes(countText, lines),
    grid: stridedGrid(count, context.traits.software && count > 4096 ? 4 : 1),
    immediates: context.immediates,
  });
}

/** Rows that one lane walks down at least, where there are enough. */
const WALK = { software: 16, gpu: 4 };

/**
 * A domain [(outer,) rows, inner] whose loads repeat along rows (values for each channel): a lane keeps to one
 * inner element (or vec4) and walks down the rows, so what belongs to the channel is loaded once and no index
 * is divided.
 */
function emitWalk(group: Group, context: EmitContext, domain: Domain, lanes: 1 | 4): Step {
  const text = new KernelText(context.bufferOf);
  const [outer, rows] =
    domain.extents.length === 3 ? [domain.extents[0]!, domain.extents[1]!] : [1, domain.extents[0]!];
  const inner = domain.extents[domain.extents.length - 1]! / lanes;
  const perLane = WALK[context.traits.software ? 'software' : 'gpu'];
  const workgroups = Math.min(
    Math.max(
      Math.ceil((rows * inner) / (LANES_PER_WORKGROUP * perLane)),
      Math.ceil(inner / LANES_PER_WORKGROUP),
    ),
    MOST_WORKGROUPS,
  );
  const rowsText = text.param('rows', rows);
  const innerText = text.param('inner', inner);
  const stepText = text.param('rowStep', Math.floor((workgroups * LANES_PER_WORKGROUP) / inner));
  const column = lanes === 4 ? '(c * 4u)' : 'c';
  const names = domain.extents.length === 3 ? ['o', 'r', column] : ['r', column];
  const lines = writeBehind(group, context, text, lanes, [], 'i', { domain, names });
  const { before, inside } = hoistInvariant(lines, ['r', 'i']);
  const body = `@compute @workgroup_size(${LANES_PER_WORKGROUP})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let lane = group.x * ${LANES_PER_WORKGROUP}u + local;
  let c = lane % ${innerText};
  let o = group.y;
  let firstRow = lane / ${innerText};
  if (firstRow >= ${stepText}) { return; }
${indent(before, '  ')}
  for (var r = firstRow; r < ${rowsText}; r += ${stepText}) {
    let i = (o * ${rowsText} + r) * ${innerText} + c;
${indent(inside, '    ')}
  }
}
`;
  return text.finish({
    label: `map ${labelOf(group)} ${groupDomain(group).join('×')}`,
    body,
    grid: [workgroups, outer, 1],
    immediates: context.immediates,
  });
}

/** A kernel op with whatever follows it. */
function emitKernel(group: Group, context: EmitContext): Step {
  const plan = group.plan!;
  const node = group.anchors[0]!;
  const text = new KernelText(context.bufferOf, plan.params);
  for (const [index, input] of plan.inputs.entries()) {
    text.read(storageOf(node.inputs[index]!), input.element, input.name);
  }
  const lines = writeBehind(group, context, text, plan.lanes, ['value'], 'i');
  const type = laneType(node.dtype, plan.lanes);
  const fused = group.maps.length ? ` → ${[...new Set(group.maps.map((map) => map.op))].join('+')}` : '';
  return text.finish({
    label: plan.label + fused,
    body: `fn writeOutput(i: u32, value: ${type}) {\n${indent(lines, '  ')}\n}\n\n${plan.shader}`,
    grid: plan.grid,
    subgroups: plan.subgroups ?? false,
    immediates: context.immediates,
  });
}

interface ReduceParts {
  readonly start: string;
  combine(left: string, right: string): string;
}

function reduceParts(node: Tensor, lanes: 1 | 4): ReduceParts {
  const isSum = node.body.kind === 'reduce' && node.body.combine === 'sum';
  const start = literal(isSum ? 0 : MAX_IDENTITY, node.dtype);
  return {
    start: lanes === 4 ? `${laneType(node.dtype, 4)}(${start})` : start,
    combine: (left, right) => (isSum ? `${left} + ${right}` : `max(${left}, ${right})`),
  };
}

/** Names of a reduction's domain axes that fall into each of its blocks, outermost block first. */
function splitBlocks(extents: readonly number[], blocks: readonly number[]): number[][] {
  const result: number[][] = [];
  let axis = 0;
  for (const block of blocks) {
    const inside: number[] = [];
    let product = 1;
    while (product < block) {
      inside.push(axis);
      product *= extents[axis++]!;
    }
    result.push(inside);
  }
  return result;
}

/** Coordinates of a reduction's domain from the indices of its blocks. */
function blockCoordinates(
  domain: Domain,
  blocks: readonly number[],
  indices: readonly string[],
  text: KernelText,
): { lines: string[][]; names: string[] } {
  const names: string[] = domain.extents.map(() => '0u');
  const lines = splitBlocks(domain.extents, blocks).map((axes, block) => {
    if (axes.length === 0) return [];
    const part = unravel(
      indices[block]!,
      axes.map((axis) => domain.extents[axis]!),
      text,
      `b${block}_`,
    );
    for (const [position, axis] of axes.entries()) names[axis] = part.names[position]!;
    return part.lines;
  });
  return { lines, names };
}

/**
 * Columns: [outer, reduced, inner] → [outer, (splits,) inner]. A lane owns one inner element (or vec4) of
 * one split and walks down its rows, so neighbours read neighbours and the order of addition is fixed.
 */
function emitColumns(group: Group, context: EmitContext): Step {
  const { graph } = context;
  const first = group.anchors[0]!;
  const [outer, reduced, inner] = first.inputs[0]!.shape as [number, number, number];
  const splits = (first.body.kind === 'reduce' && first.body.splits) || 1;
  const loads = group.anchors.flatMap((node) => [...graph.loads.get(node)!]);
  const domain = new Domain(loads, outer * reduced * inner, reductionCuts(first));
  const lanes = columnLanes(group, graph);
  const text = new KernelText(context.bufferOf);
  const count = (outer * splits * inner) / lanes;
  const countText = text.param('count', count);
  const innerText = text.param('inner', inner / lanes);
  const reducedText = text.param('reduced', reduced);
  const chunk = text.param('chunk', Math.ceil(reduced / splits));
  const coordinates = blockCoordinates(
    domain,
    [outer, reduced, inner],
    ['o', 'r', lanes === 4 ? '(c * 4u)' : 'c'],
    text,
  );
  const parts = group.anchors.map((node) => reduceParts(node, lanes));
  const loop: string[] = [...coordinates.lines[1]!];
  for (const [index, node] of group.anchors.entries()) {
    const expression = writeExpression(
      node.inputs[0]!,
      {
        text,
        domain,
        lanes,
        coordinates: coordinates.names,
        linear: `((o * ${reducedText} + r) * ${innerText} + c)`,
        own: new Map(),
        stored: graph.stored,
        prefix: `r${index}_`,
      },
      false,
    );
    loop.push(
      ...expression.lines,
      `sum${index} = ${parts[index]!.combine(`sum${index}`, expression.value)};`,
    );
  }
  const hoisted = hoistInvariant(loop, ['r']);
  const splitsText = splits > 1 ? text.param('splits', splits) : '';
  const lines = [
    `let c = i % ${innerText};`,
    splits > 1 ? `let split = (i / ${innerText}) % ${splitsText};` : 'let split = 0u;',
    splits > 1 ? `let o = i / (${innerText} * ${splitsText});` : `let o = i / ${innerText};`,
    ...coordinates.lines[0]!,
    ...coordinates.lines[2]!,
    ...hoisted.before,
    ...parts.map((part, index) => `var sum${index} = ${part.start};`),
    `let last = min((split + 1u) * ${chunk}, ${reducedText});`,
    `for (var r = split * ${chunk}; r < last; r++) {`,
    indent(hoisted.inside, '  '),
    '}',
    ...writeBehind(
      group,
      context,
      text,
      lanes,
      parts.map((_, index) => `sum${index}`),
      'i',
    ),
  ];
  return text.finish({
    label: `${labelOf(group)} columns ${outer}×${reduced}×${inner}${splits > 1 ? ` /${splits}` : ''}`,
    body: loopOverLanes(countText, lines),
    grid: stridedGrid(count, 1),
    immediates: context.immediates,
  });
}

/** Rows: [outer, reduced] → [outer]. Short rows take a lane each, long ones a workgroup and a fixed tree. */
function emitRows(group: Group, context: EmitContext): Step {
  const { graph, traits } = context;
  const first = group.anchors[0]!;
  const shape = first.inputs[0]!.shape;
  const outer = shape[0]!;
  const reduced = shape[1]!;
  const loads = group.anchors.flatMap((node) => [...graph.loads.get(node)!]);
  const domain = new Domain(loads, outer * reduced, reductionCuts(first));
  const innermost = domain.extents[domain.extents.length - 1]!;
  const vector = reduced % 4 === 0 && innermost % 4 === 0;
  const lanes = vector ? 4 : 1;
  const text = new KernelText(context.bufferOf);
  const outerText = text.param('outer', outer);
  const stepsText = text.param('steps', reduced / lanes);
  const coordinates = blockCoordinates(domain, [outer, reduced], ['o', lanes === 4 ? '(r * 4u)' : 'r'], text);
  const parts = group.anchors.map((node) => reduceParts(node, lanes));
  const loop: string[] = [...coordinates.lines[1]!];
  for (const [index, node] of group.anchors.entries()) {
    const expression = writeExpression(
      node.inputs[0]!,
      {
        text,
        domain,
        lanes,
        coordinates: coordinates.names,
        linear: `(o * ${stepsText} + r)`,
        own: new Map(),
        stored: graph.stored,
        prefix: `r${index}_`,
      },
      false,
    );
    loop.push(
      ...expression.lines,
      `sum${index} = ${parts[index]!.combine(`sum${index}`, expression.value)};`,
    );
  }
  const folded = parts.map((part, index) => {
    if (lanes === 1) return `let total${index} = sum${index};`;
    const [x, y, z, w] = ['x', 'y', 'z', 'w'].map((component) => `sum${index}.${component}`);
    const pair = (a: string, b: string) =>
      part.combine('1', '2').startsWith('max') ? part.combine(a, b) : `(${part.combine(a, b)})`;
    return `let total${index} = ${part.combine(pair(x!, y!), pair(z!, w!))};`;
  });
  const starts = parts.map((part, index) => `var sum${index} = ${part.start};`);
  const label = `${labelOf(group)} rows ${outer}×${reduced}`;
  const wide = reduced > 64 && !(traits.software && outer >= 64 && reduced <= 4096);
  if (!wide) {
    const lines = [
      'let o = i;',
      ...coordinates.lines[0]!,
      ...starts,
      `for (var r = 0u; r < ${stepsText}; r++) {`,
      indent(loop, '  '),
      '}',
      ...folded,
      ...writeBehind(
        group,
        context,
        text,
        1,
        parts.map((_, index) => `total${index}`),
        'i',
      ),
    ];
    return text.finish({
      label,
      body: loopOverLanes(outerText, lines),
      grid: stridedGrid(outer, 1),
      immediates: context.immediates,
    });
  }
  const width = LANES_PER_WORKGROUP;
  const shared = group.anchors.map(
    (node, index) => `var<workgroup> shared${index}: array<${node.dtype}, ${width}>;`,
  );
  const scalarParts = group.anchors.map((node) => reduceParts(node, 1));
  const behind = writeBehind(
    group,
    context,
    text,
    1,
    parts.map((_, index) => `shared${index}[0]`),
    'o',
  );
  const body = `${shared.join('\n')}

@compute @workgroup_size(${width})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) lane: u32) {
  for (var o = group.x; o < ${outerText}; o += groups.x) {
${indent([...coordinates.lines[0]!, ...starts], '    ')}
    for (var r = lane; r < ${stepsText}; r += ${width}u) {
${indent(loop, '      ')}
    }
${indent(folded, '    ')}
${indent(
  group.anchors.map((_, index) => `shared${index}[lane] = total${index};`),
  '    ',
)}
    workgroupBarrier();
    for (var half = ${width / 2}u; half > 0u; half /= 2u) {
      if (lane < half) {
${indent(
  scalarParts.map(
    (part, index) =>
      `shared${index}[lane] = ${part.combine(`shared${index}[lane]`, `shared${index}[lane + half]`)};`,
  ),
  '        ',
)}
      }
      workgroupBarrier();
    }
    if (lane == 0u) {
${indent(behind, '      ')}
    }
    workgroupBarrier();
  }
}
`;
  return text.finish({
    label,
    body,
    grid: [Math.min(outer, MOST_WORKGROUPS), 1, 1],
    immediates: context.immediates,
  });
}
