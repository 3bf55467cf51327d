import type { AdapterTraits } from '../kernels/plan.ts';
import { reshape } from '../ops/reshape.ts';
import { transpose } from '../ops/transpose.ts';
import { sizeOf } from '../shape.ts';
import { type Body, Tensor } from '../tensor.ts';

type ReduceBody = Extract<Body, { kind: 'reduce' }>;

/** Rows that one lane of a column reduction combines before the sum is split over more lanes. */
const ROWS_PER_LANE = { software: 256, gpu: 32 };
/** Lanes at work beyond which more splits gain nothing. */
const ENOUGH_LANES = { software: 256, gpu: 65_536 };

/**
 * Brings a reduction into one of the two forms that have a kernel, [kept, reduced] → [kept] (rows) and
 * [kept, reduced, inner] → [kept, inner] (columns), and splits long columns in two passes.
 */
export function lowerReduce(node: Tensor, body: ReduceBody, traits: AdapterTraits): Tensor {
  if (body.splits !== undefined) return node;
  const input = node.inputs[0]!;
  const { shape } = input;
  const [first, last] = [body.axes[0]!, body.axes[body.axes.length - 1]!];
  const contiguous = last - first === body.axes.length - 1;
  if (!contiguous) {
    // Reduced axes apart from each other: bring them together behind the kept ones.
    const kept = shape.map((_, axis) => axis).filter((axis) => !body.axes.includes(axis));
    const innermost = last === shape.length - 1 || shape.slice(last + 1).every((extent) => extent === 1);
    const order = innermost
      ? [...kept, ...body.axes]
      : [...kept.filter((a) => a < last), ...body.axes, ...kept.filter((a) => a > last)];
    const moved = transpose(input, order);
    return rebuild(
      node,
      body,
      moved,
      body.axes.map((axis) => order.indexOf(axis)),
    );
  }
  const outer = sizeOf(shape.slice(0, first));
  const reduced = sizeOf(shape.slice(first, last + 1));
  const inner = sizeOf(shape.slice(last + 1));
  const canonical = inner === 1 ? [outer, reduced] : [outer, reduced, inner];
  const isCanonical = shape.length === canonical.length && body.axes.length === 1 && first === 1;
  if (!isCanonical) {
    return reshape(rebuild(node, body, reshape(input, canonical), [1]), node.shape);
  }
  if (inner === 1) return node;
  const kind = traits.software ? 'software' : 'gpu';
  const lanes = outer * Math.ceil(inner / (inner % 4 === 0 ? 4 : 1));
  const splits = Math.min(Math.ceil(reduced / ROWS_PER_LANE[kind]), Math.ceil(ENOUGH_LANES[kind] / lanes));
  if (splits <= 1) return node;
  const partial = rebuild(node, body, input, [1], splits);
  return rebuild(node, body, partial, [1]);
}

function rebuild(
  node: Tensor,
  body: ReduceBody,
  input: Tensor,
  axes: readonly number[],
  splits?: number,
): Tensor {
  return new Tensor({
    op: node.op,
    inputs: [input],
    shape: input.shape.flatMap((extent, axis) => (axes.includes(axis) ? (splits ? [splits] : []) : [extent])),
    dtype: node.dtype,
    attributes: `${axes.join(',')}${splits ? `:${splits}` : ''}`,
    body: { kind: 'reduce', combine: body.combine, axes, ...(splits !== undefined && { splits }) },
    gradient: node.gradient,
  });
}
