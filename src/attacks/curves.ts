/** Loss curves over many pairs: whether an attack finds its way, or is led astray by masked gradients. */
import type { LossCurve } from './result.ts';

export interface MeanCurve {
  /** Mean over pairs of what the attack makes small, at every evaluation. */
  readonly value: readonly number[];
  /** Mean over pairs of the stopping rule's distance. */
  readonly distance: readonly number[];
}

/**
 * The mean of some pairs' curves. A pair that is done counts with what it saw last, so that the mean is of the same pairs
 * throughout; as long as the longest curve. Of several trials only each pair's first is taken: later ones begin anew.
 */
export function meanCurve(curves: readonly LossCurve[]): MeanCurve {
  const first = (values: readonly number[], { trialStarts }: LossCurve) => values.slice(0, trialStarts[1]);
  return {
    value: meanOf(curves.map((curve) => first(curve.value, curve))),
    distance: meanOf(curves.map((curve) => first(curve.distance, curve))),
  };
}

function meanOf(rows: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length }, (_, k) => {
    const total = rows.reduce((sum, row) => sum + row[Math.min(k, row.length - 1)]!, 0);
    return total / rows.length;
  });
}
