/**
 * Learning rate schedules: plain functions of the step, counted from 0. A program takes the rate as an input, so
 * a schedule never touches the graph.
 */

export type Schedule = (step: number) => number;

/** The same rate at every step. */
export function constantSchedule(rate: number): Schedule {
  checkRate('constantSchedule', rate);
  return () => rate;
}

/** `rate`, multiplied by `factor` at each of the ascending `milestones`. */
export function stepSchedule(options: {
  readonly rate: number;
  readonly milestones: readonly number[];
  readonly factor?: number;
}): Schedule {
  const { rate, milestones, factor = 0.1 } = options;
  checkRate('stepSchedule', rate);
  if (milestones.some((m, i) => !(m > (milestones[i - 1] ?? 0)))) {
    throw new RangeError(
      `stepSchedule: milestones must be positive steps in ascending order, got ${milestones.join(', ')}`,
    );
  }
  return (step) => rate * factor ** milestones.filter((milestone) => step >= milestone).length;
}

/**
 * Half a cosine from `rate` at step 0 to `final` at step `steps`, and `final` from then on.
 * Loshchilov and Hutter, "SGDR", 2017, equation 5, without restarts.
 */
export function cosineSchedule(options: {
  readonly rate: number;
  readonly steps: number;
  readonly final?: number;
}): Schedule {
  const { rate, steps, final = 0 } = options;
  checkRate('cosineSchedule', rate);
  checkSteps('cosineSchedule', steps);
  return (step) => {
    const share = Math.min(Math.max(step / steps, 0), 1);
    return final + 0.5 * (rate - final) * (1 + Math.cos(Math.PI * share));
  };
}

/**
 * Linear warm-up of `steps` steps, step k at (k + 1)/steps of the schedule's first rate, then the schedule
 * from its own step 0. Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2.
 */
export function withWarmup(schedule: Schedule, steps: number): Schedule {
  if (steps === 0) return schedule;
  checkSteps('withWarmup', steps);
  return (step) => (step < steps ? (schedule(0) * (step + 1)) / steps : schedule(step - steps));
}

function checkRate(name: string, rate: number): void {
  if (!(rate >= 0 && Number.isFinite(rate))) {
    throw new RangeError(`${name}: rate must be a finite number of at least 0, got ${rate}`);
  }
}

function checkSteps(name: string, steps: number): void {
  if (!Number.isInteger(steps) || steps < 1) {
    throw new RangeError(`${name}: steps must be a positive whole number, got ${steps}`);
  }
}
