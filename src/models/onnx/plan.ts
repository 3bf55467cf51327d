/**
 * A network as a list of steps on [1, N, h, w, c], each on the results of earlier ones: what reading a graph leaves.
 * Values of weights are on the host still, in the engine's layouts, so that steps can be folded into one another.
 */
import type { Extents } from './activation.ts';

/** A weight, in the engine's layout, without the member axis. */
export interface Weight {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Weights that broadcast over an activation: [h or 1, w or 1, c or 1]. */
export type Spread = Weight;

export type Operation =
  | { readonly kind: 'input' }
  | {
      readonly kind: 'conv';
      readonly x: number;
      /** [k, l, in, out]; depthwise [k, l, c]; of g groups [g, k, l, in / g, out / g]. */
      readonly weight: Weight;
      /** [out] */
      readonly bias?: Weight;
      readonly stride: number;
      /** [top, bottom, left, right] */
      readonly padding: readonly [number, number, number, number];
      readonly style: 'full' | 'depthwise' | 'grouped';
    }
  /** A matrix product over all of an image's values: weight [h · w · c, out], bias [out]. */
  | { readonly kind: 'dense'; readonly x: number; readonly weight: Weight; readonly bias?: Weight }
  /** x · scale + shift */
  | { readonly kind: 'affine'; readonly x: number; readonly scale: Spread; readonly shift: Spread }
  | { readonly kind: 'prelu'; readonly x: number; readonly slope: Spread }
  | { readonly kind: 'clamp'; readonly x: number; readonly low: number; readonly high: number }
  | { readonly kind: 'function'; readonly x: number; readonly name: 'sigmoid' | 'sqrt' | 'reciprocal' }
  | {
      readonly kind: 'combine';
      readonly a: number;
      readonly b: number;
      readonly name: 'add' | 'sub' | 'mul' | 'div';
    }
  /** Mean over h and w. */
  | { readonly kind: 'pool'; readonly x: number }
  /** Euclidean norm over everything, c = 1. */
  | { readonly kind: 'norm'; readonly x: number }
  /** The one value of each image, over and over. */
  | { readonly kind: 'repeat'; readonly x: number };

/** One step: what it does, what comes out, and which node of the graph it stems from, for messages. */
export interface Step {
  readonly operation: Operation;
  readonly extents: Extents;
  readonly label: string;
}

/** The steps that an operation reads. */
export function sourcesOf(operation: Operation): readonly number[] {
  if (operation.kind === 'input') return [];
  return operation.kind === 'combine' ? [operation.a, operation.b] : [operation.x];
}

/** The weights of an operation, by name. */
export function weightsOf(operation: Operation): ReadonlyMap<string, Weight> {
  switch (operation.kind) {
    case 'conv':
    case 'dense': {
      const { weight, bias } = operation;
      return new Map([['weight', weight], ...(bias ? [['bias', bias] as const] : [])]);
    }
    case 'affine':
      return new Map([
        ['scale', operation.scale],
        ['shift', operation.shift],
      ]);
    case 'prelu':
      return new Map([['slope', operation.slope]]);
    default:
      return new Map();
  }
}

/** How many steps read each step's result; `output` is read once more. */
export function countUses(steps: readonly Step[], output: number): number[] {
  const uses = steps.map(() => 0);
  for (const { operation } of steps) for (const source of sourcesOf(operation)) uses[source]!++;
  uses[output]!++;
  return uses;
}
