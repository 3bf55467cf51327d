/** Kernels of elementwise work on its own. */
import { sizeOf } from '../shape.ts';
import {
  type EmitContext,
  indent,
  LANES_PER_WORKGROUP,
  labelOf,
  loopOverLanes,
  MOST_WORKGROUPS,
  mapDomain,
  stridedGrid,
  writeBehind,
} from './emit-behind.ts';
import type { Domain } from './expression.ts';
import { type Group, groupDomain, groupLanes } from './group.ts';
import { hoistInvariant } from './hoist.ts';
import { KernelText, type Step } from './wgsl.ts';

/** Elementwise work on its own. */
export function emitMaps(group: Group, context: EmitContext): Step {
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
