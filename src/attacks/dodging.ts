import { neg } from '../engine/index.ts';
import type { Objective } from './attack.ts';

/**
 * Dodging: away from the targets, which are then features of the person whose image is attacked; `away(lots())` is gradient
 * ascent on LOTS. Stop it with `rejected(threshold)`.
 */
export function away(objective: Objective): Objective {
  return (features, targets) => neg(objective(features, targets));
}
