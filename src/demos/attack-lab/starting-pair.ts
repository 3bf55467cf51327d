/**
 * The pair that one meets first: strangers whom every shipped defence tells apart, and who are neither the easiest to confuse nor
 * the hardest.
 */
import type { DrawnFace } from './faces.ts';

export const STARTING_PAIR: { readonly source: DrawnFace; readonly target: DrawnFace } = {
  source: { kind: 'drawn', person: 9, shot: 1 },
  target: { kind: 'drawn', person: 19, shot: 3 },
};
