/**
 * Gradient descent for chunks of weight vectors. `sgd` lays gradients side by side in a buffer of their own before it
 * uses them; for chunks that would hold the gradient of all weight vectors at once. A chunk is one tensor, so here its
 * gradient is used as it comes, and its buffer serves the next chunk.
 */
import {
  add,
  assignRows,
  gather,
  mul,
  type Optimizer,
  ParameterSet,
  pad,
  reshape,
  sizeOf,
  sub,
  type Tensor,
  type Update,
} from '../engine/index.ts';
import type { SampledChunk } from './chunked-classifier.ts';

export interface ChunkSgdOptions {
  readonly momentum?: number;
  /** Added to the gradient, times the parameters. */
  readonly weightDecay?: number;
}

export interface ChunkOptimizer extends Optimizer {
  /**
   * The updates of some rows and of their momentum; the other rows and theirs stay as they are, without decay.
   * `gradient` has the shape of `sample.weights`; `rate` is a scalar.
   */
  stepRows(sample: SampledChunk, gradient: Tensor, rate: Tensor): Update[];
}

/**
 * `sgd` for a parameter set of one tensor:
 *
 *     v ← momentum · v + ∇ + weightDecay · w        w ← w − rate · v
 *
 * Throws a RangeError unless the set has one tensor and 0 ≤ momentum < 1.
 */
export function chunkSgd(chunk: ParameterSet, options: ChunkSgdOptions = {}): ChunkOptimizer {
  const { momentum = 0, weightDecay = 0 } = options;
  const [entry, ...others] = chunk.layout;
  if (!entry || others.length > 0) {
    throw new RangeError(
      `chunkSgd: expected a set of one tensor, got ${chunk.paths.length} in ${chunk.name}; use sgd`,
    );
  }
  if (!(momentum >= 0 && momentum < 1)) {
    throw new RangeError(`chunkSgd: momentum must be at least 0 and below 1, got ${momentum}`);
  }
  const { path, shape } = entry;
  const velocity =
    momentum === 0
      ? undefined
      : new ParameterSet(`${chunk.name}.momentum`, [
          { path, shape, initial: new Float32Array(sizeOf(shape)) },
        ]);

  /** New weight vectors and velocity, of any one shape. */
  const move = (w: Tensor, v: Tensor | undefined, gradient: Tensor, rate: Tensor) => {
    const g = weightDecay === 0 ? gradient : add(gradient, mul(w, weightDecay));
    const direction = v ? add(mul(v, momentum), g) : g;
    return { w: sub(w, mul(direction, rate)), v: direction };
  };

  return {
    state: velocity ? [velocity] : [],
    step: (gradients, rate) => {
      const gradient = flatten(gradients.get(path), chunk, path);
      const moved = move(chunk.flat.tensor(), velocity?.flat.tensor(), gradient, rate);
      return [...(velocity ? [velocity.flat.assign(moved.v)] : []), chunk.flat.assign(moved.w)];
    },
    stepRows: ({ indices, weights }, gradient, rate) => {
      const moved = move(weights, velocity && gather(velocity.tensor(path), indices), gradient, rate);
      return [
        ...(velocity ? [assignRows(velocity.flat, shape, indices, moved.v)] : []),
        assignRows(chunk.flat, shape, indices, moved.w),
      ];
    },
  };
}

/** The gradient as the set's variable lies, with zeros at its end where that is padded. */
function flatten(gradient: Tensor | undefined, chunk: ParameterSet, path: string): Tensor {
  if (!gradient) throw new RangeError(`chunkSgd: no gradient for ${path} of ${chunk.name}`);
  const length = sizeOf(gradient.shape);
  const padded = chunk.flat.shape[0] ?? 0;
  const flat = reshape(gradient, [length]);
  return padded === length ? flat : pad(flat, [0], [padded - length]);
}
