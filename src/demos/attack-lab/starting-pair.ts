/** The pair that one meets first: strangers whom every shipped defence tells apart. */
import type { LabState } from './state.ts';

export const STARTING_PAIR: LabState['faces'] = {
  source: { kind: 'drawn', person: 0, shot: 4 },
  target: { kind: 'drawn', person: 52, shot: 1 },
};
