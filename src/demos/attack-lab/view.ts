/** What the lab shows of a side, from its state: no browser. */
import type { Similarities } from './defence.ts';
import { type PerturbationSize, unit } from './perturbation.ts';
import type { SideState } from './state.ts';

export interface Shown {
  /** The newest image; the source before there is one. In [0, 1]. */
  readonly image: Float32Array | undefined;
  readonly source: Float32Array | undefined;
  readonly size: PerturbationSize;
  readonly similarities: Similarities | undefined;
  /** Steps in a second; undefined before it is known. */
  readonly speed: number | undefined;
  /** From 0. */
  readonly trial: number;
  /** Steps taken, over all trials. */
  readonly steps: number;
}

const NO_CHANGE: PerturbationSize = { l2: 0, linf: 0, rms: 0 };

export function shown({ run, frame, points, before }: SideState, bytes: Uint8Array | undefined): Shown {
  const source = bytes && unit(bytes);
  const newest = points.at(-1);
  const speed = frame && frame.perSecond > 0 ? frame.perSecond : undefined;
  const trial = newest?.trial ?? 0;
  // Each trial looks at its start before it takes a step.
  const steps = newest ? newest.step - trial : 0;
  if (run.kind === 'done') {
    const { image, size, similarity } = run.outcome;
    return { image, source, size, similarities: similarity, speed, trial, steps };
  }
  return {
    image: frame?.image ?? source,
    source,
    size: frame?.size ?? NO_CHANGE,
    similarities: newest ?? before,
    speed,
    trial,
    steps,
  };
}

/** One sentence about how a side stands, read out when it changes; so without numbers that change with every step. */
export function statusOf({ run, network, problem, before, threshold, search }: SideState): string {
  if (problem !== undefined) return 'There is no network on this side.';
  if (search !== undefined) return 'Looking for a threshold: how alike do strangers seem to this network?';
  if (!network || !before || threshold === undefined) return 'Opening the network…';
  switch (run.kind) {
    case 'idle':
      return before.ensemble > threshold
        ? 'It takes these two for the same person already. Choose another pair.'
        : 'It tells the two people apart.';
    case 'preparing':
      return 'Getting ready: the programs are being compiled for this device…';
    case 'running':
      return 'Under attack…';
    case 'held':
      return 'Stopped for now.';
    case 'failed':
      return 'The attack stopped.';
    case 'done': {
      const { success, evaluations, trials, size } = run.outcome;
      const taken = evaluations - trials;
      const steps = taken === 1 ? '1 step' : `${taken} steps`;
      if (!success) return `It held out: not fooled within ${steps}.`;
      if (taken === 0) return 'It took the two for the same person before anything was changed.';
      return `Fooled after ${steps}: it now takes the changed face for the target, by a change of ${(255 * size.rms).toFixed(1)} grey levels in 256.`;
    }
  }
}
