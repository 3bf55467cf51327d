/** One row of the op tables, and the small words in which rows are written. */
import type { Attributes, OpName } from '../oracle/operation.ts';
import type { Fill } from './values.ts';

export type DType = 'f32' | 'i32' | 'u32';

export interface InputSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly fill: Fill;
}

/** A call of one op on seeded inputs. */
export interface Row<Name extends OpName> {
  /** Unique; the op, its shapes and its attributes. The values of the inputs are seeded by it. */
  readonly name: string;
  readonly op: Name;
  readonly inputs: readonly InputSpec[];
  readonly attributes: Attributes[Name];
  /** Which inputs get gradients. */
  readonly wrt: readonly number[];
  /** Values sit on kinks or ties, where central differences mean nothing. */
  readonly kinks: boolean;
}

export type OpCase = { [Name in OpName]: Row<Name> }[OpName];

export interface RowOptions {
  readonly wrt?: readonly number[];
  readonly kinks?: boolean;
}

/** Ops whose outputs are steps or whole numbers: the engine offers no gradient, or one of zeros. */
const WITHOUT_GRADIENT: ReadonlySet<OpName> = new Set<OpName>([
  'sign',
  'greater',
  'less',
  'equal',
  'full',
  'iota',
  'oneHot',
  'cast',
]);

/** A row; gradients are asked for every f32 input that is no mask, unless the options name others. */
export function row<Name extends OpName>(
  op: Name,
  inputs: readonly InputSpec[],
  attributes: Attributes[Name],
  options: RowOptions = {},
): Row<Name> {
  const differentiable = inputs.flatMap((input, i) =>
    input.dtype === 'f32' && input.fill.kind !== 'mask' && !WITHOUT_GRADIENT.has(op) ? [i] : [],
  );
  return {
    name: nameOf(op, inputs, attributes, options.kinks ?? false),
    op,
    inputs,
    attributes,
    wrt: options.wrt ?? differentiable,
    kinks: options.kinks ?? false,
  };
}

function nameOf(op: string, inputs: readonly InputSpec[], attributes: object, kinks: boolean): string {
  const operands = inputs.map(
    ({ shape, dtype, fill }) =>
      `${dtype === 'f32' ? '' : dtype}[${shape}]${fill.kind === 'uniform' && fill.low > 10 ? ' far from 0' : ''}`,
  );
  const words = Object.entries(attributes).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  return [op, operands.join(' · '), ...words, kinks ? 'at kinks' : ''].filter(Boolean).join(' ');
}

type Shape = readonly number[];
const f32 = (shape: Shape, fill: Fill): InputSpec => ({ shape, dtype: 'f32', fill });

/** Uniform in [low, high), by default [-1, 1). */
export const uniform = (shape: Shape, low = -1, high = 1) => f32(shape, { kind: 'uniform', low, high });
/** Uniform in [0.1, 2): for logarithms and roots. */
export const positive = (shape: Shape) => uniform(shape, 0.1, 2);
/** Either sign, magnitudes in [0.2, 1.5]. */
export const apart = (shape: Shape) => f32(shape, { kind: 'apart', least: 0.2, most: 1.5 });
export const distinct = (shape: Shape) => f32(shape, { kind: 'distinct' });
export const mask = (shape: Shape) => f32(shape, { kind: 'mask' });
export const definite = (shape: Shape) => f32(shape, { kind: 'definite' });
export const given = (shape: Shape, values: readonly number[]) => f32(shape, { kind: 'given', values });
/** i32 in [low, high). */
export const whole = (shape: Shape, low: number, high: number): InputSpec => ({
  shape,
  dtype: 'i32',
  fill: { kind: 'whole', low, high },
});
/** i32 class or row numbers below `count`. */
export const labels = (shape: Shape, count: number) => whole(shape, 0, count);
