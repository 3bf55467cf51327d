/**
 * Scale and shift into the weights before them: BatchNorm, written out or as multiplications and additions, costs
 * nothing where only it reads a convolution's or a product's result.
 */
import { countUses, type Operation, type Spread, type Step, type Weight } from './plan.ts';

type Affine = Extract<Operation, { kind: 'affine' }>;

/** The plan with every scale and shift folded that can be, and where its output is then. */
export function foldAffine(
  steps: readonly Step[],
  output: number,
): { readonly steps: readonly Step[]; readonly output: number } {
  const uses = countUses(steps, output);
  const folded: Step[] = [];
  /** Old step → where its result is now. */
  const moved: number[] = [];
  for (const [index, step] of steps.entries()) {
    const operation = renumbered(step.operation, moved);
    if (operation.kind === 'affine') {
      const source = operation.x;
      const before = folded[source]!;
      const alone = uses[(step.operation as Affine).x] === 1;
      const joined = alone ? withAffine(before.operation, operation) : undefined;
      if (joined) {
        folded[source] = { ...before, operation: joined };
        moved[index] = source;
        continue;
      }
    }
    moved[index] = folded.length;
    folded.push({ ...step, operation });
  }
  return { steps: folded, output: moved[output]! };
}

function renumbered(operation: Operation, moved: readonly number[]): Operation {
  if (operation.kind === 'input') return operation;
  if (operation.kind === 'combine') return { ...operation, a: moved[operation.a]!, b: moved[operation.b]! };
  return { ...operation, x: moved[operation.x]! };
}

/** An operation that does what `before` and then `affine` do; undefined where there is none. */
function withAffine(before: Operation, affine: Affine): Operation | undefined {
  if (!isPerChannel(affine.scale) || !isPerChannel(affine.shift)) return undefined;
  switch (before.kind) {
    case 'conv':
    case 'dense': {
      const channels = channelsOf(before);
      const scale = channel(affine.scale, channels);
      const shift = channel(affine.shift, channels);
      const data = new Float32Array(channels);
      for (let c = 0; c < channels; c++) data[c] = (before.bias?.data[c] ?? 0) * scale(c) + shift(c);
      return { ...before, weight: scaled(before, scale), bias: { shape: [channels], data } };
    }
    case 'affine': {
      if (!isPerChannel(before.scale) || !isPerChannel(before.shift)) return undefined;
      const channels = Math.max(
        ...[before.scale, before.shift, affine.scale, affine.shift].map(({ data }) => data.length),
      );
      const [s1, t1] = [channel(before.scale, channels), channel(before.shift, channels)];
      const [s2, t2] = [channel(affine.scale, channels), channel(affine.shift, channels)];
      const spread = (value: (c: number) => number): Spread => ({
        shape: [1, 1, channels],
        data: Float32Array.from({ length: channels }, (_, c) => value(c)),
      });
      return { ...before, scale: spread((c) => s1(c) * s2(c)), shift: spread((c) => t1(c) * s2(c) + t2(c)) };
    }
    default:
      return undefined;
  }
}

type Weighted = Extract<Operation, { kind: 'conv' | 'dense' }>;

/** Output channels of a step with weights. */
function channelsOf({ kind, weight, ...rest }: Weighted): number {
  const last = weight.shape.at(-1) ?? 1;
  const isGrouped = kind === 'conv' && 'style' in rest && rest.style === 'grouped';
  return isGrouped ? last * weight.shape[0]! : last;
}

/** The weights with each output channel scaled. Outputs are the innermost axis, in groups within each group. */
function scaled(before: Weighted, scale: (c: number) => number): Weight {
  const { shape, data } = before.weight;
  const last = shape.at(-1) ?? 1;
  const isGrouped = before.kind === 'conv' && before.style === 'grouped';
  const perGroup = isGrouped ? data.length / shape[0]! : data.length;
  return {
    shape,
    data: data.map((value, i) => value * scale(Math.floor(i / perGroup) * last + (i % last))),
  };
}

function isPerChannel({ shape }: Spread): boolean {
  return shape[0] === 1 && shape[1] === 1;
}

/** A channel's value of one that may be the same for all. */
function channel({ data }: Spread, channels: number): (c: number) => number {
  return data.length === channels ? (c) => data[c]! : () => data[0]!;
}
