/** From groups to kernels: one emitter for each kind of anchor. */
import { type EmitContext, indent, writeBehind } from './emit-behind.ts';
import { emitMaps } from './emit-maps.ts';
import { emitColumns, emitRows } from './emit-reduce.ts';
import type { Group } from './group.ts';
import { storageOf } from './trace-loads.ts';
import { KernelText, laneType, type Step } from './wgsl.ts';

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
