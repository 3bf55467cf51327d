import {
  add,
  constant,
  equal,
  greater,
  less,
  maximum,
  mul,
  reshape,
  select,
  sub,
  sum,
  type Tensor,
} from '../engine/index.ts';
import type { Attack, Norm } from './attack.ts';
import { BALLS } from './ball.ts';
import { type Radius, radiusTrials } from './radius.ts';
import { withRestarts } from './search.ts';
import { perImage } from './slots.ts';

export interface ApgdOptions {
  readonly norm: Norm;
  /** ε: radius of the ball around the source, or a search for the smallest that suffices. */
  readonly epsilon: Radius;
  /** N: steps of a trial. The checkpoints are spread over them, so they must be the runner's `maxSteps`. */
  readonly steps: number;
  /** Random starts at each ε, until one succeeds. */
  readonly restarts?: number;
}

/** α: share of the new step, the rest is momentum. The paper's. */
const STEP_SHARE = 0.75;
/** ρ: share of steps that must have improved the objective for a step size to be kept. The paper's. */
const IMPROVING_SHARE = 0.75;

/**
 * APGD: Croce and Hein, "Reliable evaluation of adversarial robustness with an ensemble of diverse parameter-free attacks",
 * 2020, algorithm 1, making the objective f small, from random starts in the ball. S is the steepest direction, P the
 * projection:
 *
 *     z ← P( x⁽ᵏ⁾ − η S(∇f) ),   x⁽ᵏ⁺¹⁾ ← P( x⁽ᵏ⁾ + α (z − x⁽ᵏ⁾) + (1 − α)(x⁽ᵏ⁾ − x⁽ᵏ⁻¹⁾) )
 *
 * with η = 2ε at first, and α = 1 in the first step. At a checkpoint η is halved and x set back to the best point so far if
 * fewer than ρ of the steps since the last checkpoint made f smaller, or if η was not halved there and the best value is
 * still the same. A pair's trial ends at its first success.
 *
 * Throws a RangeError for a radius that is not over 0, or steps or restarts that are not positive whole numbers.
 */
export function apgd({ norm, epsilon, steps, restarts = 1 }: ApgdOptions): Attack {
  const ball = BALLS[norm];
  const points = checkpoints(steps);
  return {
    name: `APGD ${ball.symbol}`,
    norm,
    keep: 'first',
    parameters: ['epsilon'],
    search: withRestarts(radiusTrials('apgd', norm, epsilon), restarts),
    start: (source, random, { epsilon: radius }) => ball.draw(source, random, radius!),
    state: {
      previous: 'image',
      best: 'image',
      bestGradient: 'image',
      bestValue: 'number',
      valueBefore: 'number',
      improvements: 'number',
      stepSize: 'number',
      checkedValue: 'number',
      halvedBefore: 'number',
    },
    step: ({ images, sources, gradient, value, iterations, state, parameters }) => {
      const radius = parameters.epsilon!;
      const project = (x: Tensor) => ball.project(radius)(x, sources);
      const first = less(iterations, 0.5);
      const later = sub(1, first);

      const better = maximum(first, less(value, state.bestValue!));
      const best = select(perImage(better), images, state.best!);
      const bestGradient = select(perImage(better), gradient, state.bestGradient!);
      const bestValue = select(better, value, state.bestValue!);
      const improvements = add(state.improvements!, mul(later, less(value, state.valueBefore!)));

      const period = periodEndingAt(iterations, points);
      const check = greater(period, 0.5);
      const tooFew = less(improvements, mul(period, IMPROVING_SHARE));
      const same = mul(equal(bestValue, state.checkedValue!), sub(1, state.halvedBefore!));
      const halve = mul(check, maximum(tooFew, same));
      const stepSize = mul(select(first, 2, state.stepSize!), sub(1, mul(halve, 0.5)));

      const from = select(perImage(halve), best, images);
      const slope = select(perImage(halve), bestGradient, gradient);
      const step = mul(ball.steepest(slope), perImage(mul(stepSize, radius)));
      const plain = project(sub(from, step));
      const momentum = mul(sub(from, state.previous!), 1 - STEP_SHARE);
      const mixed = project(add(add(from, mul(sub(plain, from), STEP_SHARE)), momentum));
      return {
        images: select(perImage(first), plain, mixed),
        state: {
          previous: from,
          best,
          bestGradient,
          bestValue,
          valueBefore: select(halve, bestValue, value),
          improvements: select(check, 0, improvements),
          stepSize,
          checkedValue: select(maximum(first, check), bestValue, state.checkedValue!),
          halvedBefore: select(check, halve, state.halvedBefore!),
        },
      };
    },
  };
}

/**
 * Steps at which step sizes are looked at (section 3.1): ⌈pⱼ N⌉ with p₀ = 0, p₁ = 0.22 and
 * pⱼ₊₁ = pⱼ + max(pⱼ − pⱼ₋₁ − 0.03, 0.06), the 0 left out. Throws a RangeError unless N is a positive whole number.
 */
export function checkpoints(steps: number): number[] {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`apgd: steps must be a positive whole number, got ${steps}`);
  }
  const points: number[] = [];
  for (let [before, share] = [0, 0.22]; share <= 1; ) {
    // 0.41 · 100 is a little over 41 in floating point.
    const point = Math.ceil(share * steps - 1e-9);
    if (point > (points.at(-1) ?? 0)) points.push(point);
    [before, share] = [share, share + Math.max(share - before - 0.03, 0.06)];
  }
  return points;
}

/** Steps [N] → how many lie between the checkpoint that a step is and the one before; 0 for all other steps. */
function periodEndingAt(steps: Tensor, points: readonly number[]): Tensor {
  const [pairs = 0] = steps.shape;
  const row = (values: readonly number[]) => constant(Float32Array.from(values), [1, values.length]);
  const periods = points.map((point, i) => point - (points[i - 1] ?? 0));
  return sum(mul(equal(reshape(steps, [pairs, 1]), row(points)), row(periods)), [1]);
}
