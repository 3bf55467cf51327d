/** Kernels of reductions, with elementwise work before and behind them. */
import type { Tensor } from '../tensor.ts';
import {
  type EmitContext,
  indent,
  LANES_PER_WORKGROUP,
  labelOf,
  loopOverLanes,
  MOST_WORKGROUPS,
  stridedGrid,
  writeBehind,
} from './emit-behind.ts';
import { Domain, type ExpressionContext, unravel, writeExpression } from './expression.ts';
import { columnLanes, type Group, reductionCuts } from './group.ts';
import { hoistInvariant } from './hoist.ts';
import type { StoredGraph } from './store.ts';
import type { Step } from './wgsl.ts';
import { KernelText, laneType, literal } from './wgsl.ts';

/** Where a maximum starts: the least finite f32, since WGSL has no literal for −∞. */
const MAX_IDENTITY = -3.4028234663852886e38;

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

/** The statements of one turn of a reduction's loop: every anchor's value, added to its sum. */
function writeSums(
  group: Group,
  graph: StoredGraph,
  parts: readonly ReduceParts[],
  scope: Pick<ExpressionContext, 'text' | 'domain' | 'lanes' | 'coordinates' | 'linear'>,
): string[] {
  return group.anchors.flatMap((node, index) => {
    const expression = writeExpression(
      node.inputs[0]!,
      { ...scope, own: new Map(), stored: graph.stored, prefix: `r${index}_` },
      false,
    );
    const sum = `sum${index} = ${parts[index]!.combine(`sum${index}`, expression.value)};`;
    return [...expression.lines, sum];
  });
}

/**
 * Columns: [outer, reduced, inner] → [outer, (splits,) inner]. A lane owns one inner element (or vec4) of
 * one split and walks down its rows, so neighbours read neighbours and the order of addition is fixed.
 */
export function emitColumns(group: Group, context: EmitContext): Step {
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
  const loop = [
    ...coordinates.lines[1]!,
    ...writeSums(group, graph, parts, {
      text,
      domain,
      lanes,
      coordinates: coordinates.names,
      linear: `((o * ${reducedText} + r) * ${innerText} + c)`,
    }),
  ];
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
export function emitRows(group: Group, context: EmitContext): Step {
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
  const loop = [
    ...coordinates.lines[1]!,
    ...writeSums(group, graph, parts, {
      text,
      domain,
      lanes,
      coordinates: coordinates.names,
      linear: `(o * ${stepsText} + r)`,
    }),
  ];
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
