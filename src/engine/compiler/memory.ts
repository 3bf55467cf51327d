import { OutOfMemoryError } from '../errors.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import type { Variable } from '../variable.ts';
import { storageOf } from './trace-loads.ts';
import type { Step } from './wgsl.ts';

/** Where a node's values lie. */
export type Place =
  | { readonly kind: 'buffer'; readonly index: number; readonly offset: number }
  | { readonly kind: 'variable'; readonly variable: Variable; readonly offset: number }
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly node: Tensor };

export interface MemoryPlan {
  /** Bytes of each buffer that the program allocates for intermediate values. */
  readonly buffers: readonly number[];
  readonly places: ReadonlyMap<Tensor, Place>;
  /** Bytes of all intermediate buffers. */
  readonly bytes: number;
}

/** Bytes for a node, rounded so that the last vec4 is whole. */
export function bytesOf(node: Tensor): number {
  return Math.ceil(sizeOf(node.shape) / 4) * 16;
}

/**
 * Assigns buffers to stored nodes. Two nodes share one when the first is read for the last time before
 * the second is written.
 *
 * @param keep nodes that must survive to the end, for the caller to read.
 */
export function planMemory(
  steps: readonly Step[],
  packs: readonly Tensor[],
  inPlace: ReadonlyMap<Tensor, Variable>,
  keep: ReadonlySet<Tensor>,
): MemoryPlan {
  const places = new Map<Tensor, Place>();
  const buffers: number[] = [];
  // A packed buffer is its own, never shared: its padding must stay zero.
  for (const pack of packs) {
    const index = buffers.push(Math.max(bytesOf(pack), 16)) - 1;
    places.set(pack, { kind: 'buffer', index, offset: 0 });
    if (pack.body.kind !== 'pack') continue;
    for (const [position, input] of pack.inputs.entries()) {
      places.set(storageOf(input), { kind: 'buffer', index, offset: pack.body.offsets[position]! * 4 });
    }
  }
  for (const [node, variable] of inPlace) places.set(node, { kind: 'variable', variable, offset: 0 });

  const lastUse = new Map<Tensor, number>();
  for (const [position, step] of steps.entries())
    for (const { node } of step.uses) lastUse.set(node, position);
  for (const node of keep) lastUse.set(node, steps.length);

  const free: number[] = [];
  const ending = new Map<number, number[]>();
  for (const [position, step] of steps.entries()) {
    for (const { node, access } of step.uses) {
      if (places.has(node)) continue;
      const resident = residentPlace(node);
      if (resident) {
        places.set(node, resident);
        continue;
      }
      if (access === 'read')
        throw new OutOfMemoryError(`the compiler reads ${node.op} before it is written.`);
      const index = takeBuffer(buffers, free, bytesOf(node));
      places.set(node, { kind: 'buffer', index, offset: 0 });
      const end = lastUse.get(node)!;
      ending.set(end, [...(ending.get(end) ?? []), index]);
    }
    free.push(...(ending.get(position) ?? []));
  }
  return { buffers, places, bytes: buffers.reduce((sum, size) => sum + size, 0) };
}

function residentPlace(node: Tensor): Place | undefined {
  switch (node.body.kind) {
    case 'variable':
      return { kind: 'variable', variable: node.body.variable, offset: node.body.offset * 4 };
    case 'input':
      return { kind: 'input', name: node.body.name };
    case 'constant':
      return { kind: 'constant', node };
    default:
      return undefined;
  }
}

/** The free buffer that fits best; else the largest free one, grown; else a new one. */
function takeBuffer(buffers: number[], free: number[], bytes: number): number {
  let best = -1;
  for (const [slot, index] of free.entries()) {
    if (best < 0) {
      best = slot;
      continue;
    }
    const size = buffers[index]!;
    const bestSize = buffers[free[best]!]!;
    const better = bestSize >= bytes ? size >= bytes && size < bestSize : size > bestSize;
    if (better) best = slot;
  }
  if (best < 0) return buffers.push(bytes) - 1;
  const [index] = free.splice(best, 1);
  buffers[index!] = Math.max(buffers[index!]!, bytes);
  return index!;
}
