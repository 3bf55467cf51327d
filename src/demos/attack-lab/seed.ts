/** Of an attack's random starts; the same every time, so that a run can be repeated. */
export const ATTACK_SEED = 1;
