import { div, maximum, mul, sign, sqrt, square, sub, sum } from '../engine/index.ts';
import { normalStream } from '../models/init.ts';
import type { Attack } from './attack.ts';
import { checkStepSize } from './ifgsm.ts';
import { l2Ball, linfBall } from './projections.ts';
import type { AttackPair, AttackResult, AttackRunner, RunOptions } from './run.ts';

export interface PgdOptions {
  readonly norm: 'linf' | 'l2';
  /** Radius of the ball around the source, in [0, 1] pixels. */
  readonly epsilon: number;
  /** α: per pixel for `linf`, the length of the step for `l2`; a fortieth of 2.5 ε where absent. */
  readonly stepSize?: number;
}

/**
 * PGD: Madry et al., "Towards Deep Learning Models Resistant to Adversarial Attacks", 2018, section 2.1, towards a target,
 * from a random start in the ball:
 *
 *     L∞: x ← project( x − α · sign ∇ )          L2: x ← project( x − α · ∇/‖∇‖₂ )
 *
 * Throws a RangeError for a step or a radius that is not over 0.
 */
export function pgd({ norm, epsilon, stepSize = (2.5 * epsilon) / 40 }: PgdOptions): Attack {
  const project = norm === 'linf' ? linfBall(epsilon) : l2Ball(epsilon);
  if (norm === 'linf') checkStepSize('pgd', stepSize);
  else if (!(stepSize > 0)) throw new RangeError(`pgd: the step size must be over 0, got ${stepSize}`);
  return {
    name: norm === 'linf' ? 'PGD L∞' : 'PGD L2',
    keep: 'first',
    start: (source, random) =>
      clipped(source, norm === 'linf' ? inCube(random, epsilon) : inBall(source.length, random, epsilon)),
    step: ({ images, sources, gradient }) => {
      const length = sqrt(sum(square(gradient), [2, 3, 4], { keepDims: true }));
      const direction = norm === 'linf' ? sign(gradient) : div(gradient, maximum(length, 1e-12));
      return { images: project(sub(images, mul(direction, stepSize)), sources) };
    },
  };
}

/**
 * Runs an attack with a random start up to `restarts` times, each time on the pairs that have not succeeded yet. A pair
 * that never does keeps its nearest try. `pairs` are held in memory, since they may be needed again.
 */
export async function withRestarts(
  runner: AttackRunner,
  pairs: readonly AttackPair[],
  restarts: number,
  options: Omit<RunOptions, 'onResult'> = {},
): Promise<AttackResult[]> {
  const best: AttackResult[] = [];
  let open = pairs.map((_, index) => index);
  for (let restart = 0; restart < restarts && open.length > 0; restart++) {
    const seed = (options.seed ?? 0) + restart;
    const results = await runner.run(
      open.map((index) => pairs[index]!),
      { ...options, seed },
    );
    for (const [i, result] of results.entries()) {
      const index = open[i]!;
      const before = best[index];
      if (!before || result.success || result.distance < before.distance) best[index] = result;
    }
    open = open.filter((index) => !best[index]!.success);
  }
  return best;
}

/** Uniform in the cube [−ε, ε]^P. */
function inCube(random: () => number, epsilon: number): () => number {
  return () => epsilon * (2 * random() - 1);
}

/** Uniform in the ball of radius ε in P dimensions: a normal direction, and a radius that is U^(1/P) of ε. */
function inBall(dimensions: number, random: () => number, epsilon: number): () => number {
  const normal = normalStream(random);
  const direction = Float64Array.from({ length: dimensions }, normal);
  const length = Math.sqrt(direction.reduce((total, v) => total + v * v, 0));
  const scale = (epsilon * random() ** (1 / dimensions)) / length;
  let i = 0;
  return () => direction[i++]! * scale;
}

function clipped(source: Float32Array, noise: () => number): Float32Array {
  return source.map((value) => Math.min(Math.max(value + noise(), 0), 1));
}
