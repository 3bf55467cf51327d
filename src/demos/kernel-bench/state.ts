/** The page's state: what is chosen, how far the run is, and what it found. Pure, so that it is tested without a page. */
import type { BenchFailure, BenchReport, BenchResult, Ceilings } from '../../bench/index.ts';
import { GROUPS } from './groups.ts';

export type MembersChoice = 'one' | 'three' | 'both';

export const MEMBERS: Readonly<Record<MembersChoice, readonly number[]>> = {
  one: [1],
  three: [3],
  both: [1, 3],
};

export interface BenchState {
  readonly groups: ReadonlySet<string>;
  readonly members: MembersChoice;
  /** For the samples of a case. */
  readonly seconds: number;
  readonly running: boolean;
  /** Of this run: cases in all, done, and the one at hand. */
  readonly progress: { readonly cases: number; readonly done: number; readonly current: string | undefined };
  readonly ceilings: Ceilings;
  readonly results: readonly BenchResult[];
  readonly failures: readonly BenchFailure[];
  /** The whole, when the run has ended. */
  readonly report: BenchReport | undefined;
  readonly error: string | undefined;
}

export type BenchAction =
  | { readonly kind: 'choose'; readonly group: string; readonly chosen: boolean }
  | { readonly kind: 'members'; readonly members: MembersChoice }
  | { readonly kind: 'seconds'; readonly seconds: number }
  | { readonly kind: 'run' }
  | { readonly kind: 'begin'; readonly cases: number }
  | { readonly kind: 'ceilings'; readonly ceilings: Ceilings }
  | { readonly kind: 'case'; readonly name: string }
  | { readonly kind: 'result'; readonly result: BenchResult }
  | { readonly kind: 'ended'; readonly report: BenchReport }
  /** The engine is another: what was running is gone. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'failed'; readonly message: string };

const NO_PROGRESS = { cases: 0, done: 0, current: undefined };

export const INITIAL_STATE: BenchState = {
  groups: new Set(GROUPS.filter(({ chosen }) => chosen).map(({ name }) => name)),
  members: 'one',
  seconds: 0.5,
  running: false,
  progress: NO_PROGRESS,
  ceilings: {},
  results: [],
  failures: [],
  report: undefined,
  error: undefined,
};

export function reduce(state: BenchState, action: BenchAction): BenchState {
  switch (action.kind) {
    case 'choose': {
      const groups = new Set(state.groups);
      if (action.chosen) groups.add(action.group);
      else groups.delete(action.group);
      return { ...state, groups };
    }
    case 'members':
      return { ...state, members: action.members };
    case 'seconds':
      return { ...state, seconds: action.seconds };
    case 'run':
      return {
        ...state,
        running: true,
        progress: NO_PROGRESS,
        ceilings: {},
        results: [],
        failures: [],
        report: undefined,
        error: undefined,
      };
    case 'begin':
      return { ...state, progress: { cases: action.cases, done: 0, current: undefined } };
    case 'ceilings':
      return { ...state, ceilings: action.ceilings };
    case 'case': {
      const { progress } = state;
      // A case that failed gave no result; the next one's start says that it is over.
      const done = progress.current === undefined ? 0 : progress.done + 1;
      return { ...state, progress: { ...progress, done, current: action.name } };
    }
    case 'result':
      return { ...state, results: [...state.results, action.result] };
    case 'ended': {
      const { report } = action;
      const { ceilings, results, failures } = report;
      return { ...state, running: false, progress: NO_PROGRESS, ceilings, results, failures, report };
    }
    case 'lost':
      return { ...state, running: false, progress: NO_PROGRESS };
    case 'failed':
      return { ...state, running: false, progress: NO_PROGRESS, error: action.message };
  }
}
