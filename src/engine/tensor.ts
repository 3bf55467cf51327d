import type { AdapterTraits, KernelPlan } from './kernels/plan.ts';
import type * as Ops from './ops/index.ts';
import type { Shape } from './shape.ts';
import { checkShape } from './shape.ts';
import type { Variable } from './variable.ts';

export type DType = 'f32' | 'i32' | 'u32';
export type TypedArray = Float32Array | Int32Array | Uint32Array;

/** How one lane's values look in the WGSL being written: scalars, or vec4s of four neighbours. */
export interface Lane {
  readonly lanes: 1 | 4;
  /** A literal, splat over the lanes: `vec4f(0.5)`. */
  literal(value: number, dtype?: DType): string;
  /** The lane's type: `f32` or `vec4f`. */
  type(dtype: DType): string;
  /** Linear index of the (first) element of this lane in the kernel's output. */
  readonly linearIndex: string;
}

/** What a node is to the compiler. */
export type Body =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'variable'; readonly variable: Variable; readonly offset: number }
  | { readonly kind: 'constant'; readonly data: TypedArray }
  | { readonly kind: 'full'; readonly value: number }
  /** One output element from the elements at the same index; inputs have the output's shape. */
  | {
      readonly kind: 'elementwise';
      readonly expression: (args: readonly string[], lane: Lane) => string;
      /** Host-side value, for folding constants. */
      readonly evaluate?: (...args: number[]) => number;
      /** The value depends on where the element is (random numbers): never evaluated through a view. */
      readonly positional?: boolean;
    }
  | { readonly kind: 'reshape' }
  /** Same value as its only input; stops gradients. */
  | { readonly kind: 'identity' }
  /** Output axis d walks input axis `axes[d].source` from `start`; null repeats. Outside is zero. */
  | { readonly kind: 'view'; readonly axes: readonly ViewAxis[] }
  /**
   * Combines over `axes`, which vanish from the shape. With `splits`, the only axis is combined in that
   * many runs of neighbours, which take its place in the shape.
   */
  | {
      readonly kind: 'reduce';
      readonly combine: 'sum' | 'max';
      readonly axes: readonly number[];
      readonly splits?: number;
    }
  /** Inputs side by side in one flat buffer, zeros between. */
  | { readonly kind: 'pack'; readonly offsets: readonly number[] }
  /** A dispatch of its own; candidates in order of preference. */
  | {
      readonly kind: 'kernel';
      readonly plan: (
        inputs: readonly Tensor[],
        output: Tensor,
        traits: AdapterTraits,
      ) => readonly KernelPlan[];
    }
  /** Rewritten into other nodes before fusion. */
  | {
      readonly kind: 'composite';
      readonly lower: (node: Tensor, traits: AdapterTraits, ops: typeof Ops) => Tensor;
    };

export interface ViewAxis {
  readonly source: number | null;
  readonly start: number;
}

/** Cotangents of a node's inputs, given the cotangent of its output; null where there is none. */
export type GradientRule = (dy: Tensor, node: Tensor, ops: typeof Ops) => readonly (Tensor | null)[];

export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype?: DType;
  /** What makes two nodes of the same op and inputs differ; part of the identity of a node. */
  readonly attributes?: string;
  readonly body: Body;
  readonly gradient?: GradientRule | undefined;
}

/**
 * A symbolic tensor: a node of a program's graph. It has a shape and a dtype but no data and no
 * device; ops make it, `Engine.compile` turns graphs of it into programs.
 */
export class Tensor {
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype: DType;
  readonly attributes: string;
  readonly body: Body;
  readonly gradient: GradientRule | undefined;

  constructor(spec: NodeSpec) {
    checkShape(spec.op, spec.shape);
    this.op = spec.op;
    this.inputs = spec.inputs;
    this.shape = spec.shape;
    this.dtype = spec.dtype ?? 'f32';
    this.attributes = spec.attributes ?? '';
    this.body = spec.body;
    this.gradient = spec.gradient;
  }

  /** The same op on other inputs of the same shapes. */
  withInputs(inputs: readonly Tensor[]): Tensor {
    return new Tensor({
      op: this.op,
      inputs,
      shape: this.shape,
      dtype: this.dtype,
      attributes: this.attributes,
      body: this.body,
      gradient: this.gradient,
    });
  }
}
