import {
  add,
  clamp,
  div,
  exp,
  greater,
  less,
  log,
  mul,
  select,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from '../engine/index.ts';
import type { Attack, Search } from './attack.ts';
import { perImage } from './slots.ts';

export interface CwOptions {
  /** κ: how much further than success images go, in the stopping rule's distance (1 − cos for `accepted`). */
  readonly confidence?: number;
  /**
   * Of Adam, in tanh space; a grey pixel moves by half as much. The authors' 0.01 is over a grey level, more than some
   * faces need in all, and leaves the search for the smallest norm to chance.
   */
  readonly learningRate?: number;
  /** c of the first trial: about the squared L2 norm, in [0, 1] pixels, that a unit of distance costs. */
  readonly initialWeight?: number;
  /** Trials of the search over c. */
  readonly searchSteps?: number;
  /**
   * Early abort: a trial is over when its loss has not fallen by a ten-thousandth within so many steps; 0 is never. The
   * authors' code takes a tenth of a trial's steps.
   */
  readonly abortAfter?: number;
  /**
   * Pixels nearer than this to 0 or 1 are taken as so far from it when they enter tanh space, where 0 and 1 lie at
   * infinity and nothing could move them. Half a grey level where absent.
   */
  readonly saturation?: number;
}

const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
/** A weight so large that nothing was gained by it: the authors' bound. */
const LARGEST_WEIGHT = 1e10;
/** Failures in a row that are put down to the weight; more are put down to the length of the steps. */
const FAILURES_BY_WEIGHT = 3;
/** Loss that counts as no progress, as a share of the loss before. */
const NO_PROGRESS = 0.9999;

/**
 * C&W's L2 attack: Carlini and Wagner, "Towards Evaluating the Robustness of Neural Networks", 2017, section V, on
 * features. Adam minimises over w
 *
 *     ‖x′ − x‖₂² + c · max(distance(x′) − limit + κ, 0),   x′ = (tanh(w) + 1)/2
 *
 * where the distance and its limit are the stopping rule's: they stand for the paper's difference of logits. c is searched
 * for by bisection, ten times as large after a failure until the first success, and every trial starts at the source
 * again. The image of smallest L2 norm that comes within limit − κ is kept, over all steps of all trials.
 *
 * x′ is computed as x + (tanh(w) − tanh(w₀))/2 and clipped to [0, 1], w₀ being x's own w: the same where x is no nearer
 * than `saturation` to 0 or 1, and exactly x where w has not moved.
 *
 * Defaults suit faces of 56 to 112 pixels and the distance 1 − cos. Throws a RangeError for settings that make no sense.
 */
export function cw({
  confidence = 0,
  learningRate = 0.003,
  initialWeight = 1,
  searchSteps = 6,
  abortAfter = 20,
  saturation = 0.5 / 255,
}: CwOptions = {}): Attack {
  check('confidence', confidence, confidence >= 0, 'at least 0');
  check('learningRate', learningRate, learningRate > 0, 'over 0');
  check('initialWeight', initialWeight, initialWeight > 0 && initialWeight < LARGEST_WEIGHT, 'over 0');
  check(
    'searchSteps',
    searchSteps,
    Number.isInteger(searchSteps) && searchSteps > 0,
    'a positive whole number',
  );
  check(
    'abortAfter',
    abortAfter,
    Number.isInteger(abortAfter) && abortAfter >= 0,
    'a whole number, 0 for never',
  );
  check('saturation', saturation, saturation > 0 && saturation < 0.5, 'over 0 and under 0.5');
  return {
    name: 'C&W L2',
    follows: 'distance',
    norm: 'l2',
    keep: 'smallest',
    confidence,
    parameters: ['c', 'rate'],
    search: weightSearch(initialWeight, learningRate, searchSteps),
    state: { w: 'image', mean: 'image', variance: 'image', waited: 'number', lossBefore: 'number' },
    step: ({ images, sources, gradient, distance, limit, iterations, state, parameters }) => {
      const first = less(iterations, 0.5);
      const origin = toTanhSpace(sources, saturation);
      const w = select(perImage(first), toTanhSpace(images, saturation), state.w!);
      const missing = sub(distance, limit);
      const weight = mul(parameters.c!, greater(missing, 0));
      const byPixels = add(mul(sub(images, sources), 2), mul(gradient, perImage(weight)));
      const byW = mul(byPixels, mul(sub(1, square(tanh(w))), 0.5));

      const adam = adamStep(byW, state.mean!, state.variance!, add(iterations, 1));
      const moved = sub(w, mul(adam.direction, perImage(parameters.rate!)));
      const shift = mul(sub(tanh(moved), tanh(origin)), 0.5);

      const loss = add(sum(square(sub(images, sources)), [0, 2, 3, 4]), mul(weight, missing));
      const progress = progressOf(
        loss,
        first,
        { waited: state.waited!, before: state.lossBefore! },
        abortAfter,
      );
      return {
        images: clamp(add(sources, shift), 0, 1),
        state: {
          w: moved,
          mean: adam.mean,
          variance: adam.variance,
          waited: progress.waited,
          lossBefore: progress.before,
        },
        done: progress.stuck,
      };
    },
  };
}

/**
 * The authors' search over c: ten times as large while nothing succeeds, half-way between the largest failure and the
 * smallest success after. Where a hundred times the first weight has failed as well, it is the way that is too long: from then
 * on each trial's steps are twice as long, until one succeeds. Finds `{ c }`, the smallest that succeeded.
 */
function weightSearch(initial: number, learningRate: number, trials: number): Search {
  return function* () {
    let [failed, enough, c, rate] = [0, Number.POSITIVE_INFINITY, initial, learningRate];
    for (let trial = 0; trial < trials && c < LARGEST_WEIGHT; trial++) {
      const { success } = yield { c, rate };
      if (success) enough = Math.min(enough, c);
      else failed = Math.max(failed, c);
      const found = enough < Number.POSITIVE_INFINITY;
      if (!found && trial + 1 >= FAILURES_BY_WEIGHT) rate *= 2;
      c = found ? (failed + enough) / 2 : 10 * c;
    }
    return enough < Number.POSITIVE_INFINITY ? { c: enough } : {};
  };
}

/** artanh(2x − 1), pixels x held off 0 and 1. */
function toTanhSpace(pixels: Tensor, saturation: number): Tensor {
  const x = clamp(pixels, saturation, 1 - saturation);
  return mul(log(div(x, sub(1, x))), 0.5);
}

/** Kingma and Ba 2015, algorithm 1, with each pair at its own step [N]. */
function adamStep(
  gradient: Tensor,
  meanBefore: Tensor,
  varianceBefore: Tensor,
  step: Tensor,
): { direction: Tensor; mean: Tensor; variance: Tensor } {
  const { beta1, beta2, epsilon } = ADAM;
  const mean = add(mul(meanBefore, beta1), mul(gradient, 1 - beta1));
  const variance = add(mul(varianceBefore, beta2), mul(square(gradient), 1 - beta2));
  const unbiased = (moment: Tensor, beta: number) =>
    div(moment, perImage(sub(1, exp(mul(step, Math.log(beta))))));
  const direction = div(unbiased(mean, beta1), add(sqrt(unbiased(variance, beta2)), epsilon));
  return { direction, mean, variance };
}

/** Compares the loss [N] with what it was `period` steps ago, each time that so many are over. */
function progressOf(
  loss: Tensor,
  first: Tensor,
  { waited, before }: { waited: Tensor; before: Tensor },
  period: number,
): { waited: Tensor; before: Tensor; stuck: Tensor } {
  const due = greater(waited, period - 0.5);
  const stuck = mul(due, greater(loss, mul(before, NO_PROGRESS)));
  return {
    waited: add(select(due, 0, waited), 1),
    before: select(add(first, due), loss, before),
    stuck: period === 0 ? mul(stuck, 0) : stuck,
  };
}

function check(setting: string, value: number, holds: boolean, expected: string): void {
  if (!(holds && Number.isFinite(value)))
    throw new RangeError(`cw: ${setting} must be ${expected}, got ${value}`);
}
