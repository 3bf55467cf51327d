/** The page's state: settings, the training as far as it is, and its curves. Pure, so that it is tested without a page. */
import {
  DEFAULT_SETTINGS,
  DEFAULT_STEP,
  type DirectionsSettings,
  MOST_STEPS,
  STEPS,
  type StepSettings,
} from './settings.ts';
import type { Snapshot } from './snapshot.ts';

/** The numbers of a moment, for the curves: one of each panel. */
export interface CurvePoint {
  readonly step: number;
  readonly loss: readonly number[];
  readonly volume: readonly number[];
  readonly ownAngle: readonly number[];
}

export type Phase =
  /** The worker compiles. */
  | 'preparing'
  | 'paused'
  | 'playing'
  /** All steps are done; playing on adds some. */
  | 'done'
  | 'failed';

export interface DirectionsState {
  readonly settings: DirectionsSettings;
  readonly step: StepSettings;
  readonly phase: Phase;
  /** Steps at which it stops. */
  readonly until: number;
  /** Counts trainings: a snapshot of an older one is of no interest. */
  readonly training: number;
  readonly portraits: Uint8Array | undefined;
  readonly snapshot: Snapshot | undefined;
  readonly curves: readonly CurvePoint[];
  /** The person whose arrows stand out, or all. */
  readonly person: number | undefined;
  readonly error: string | undefined;
}

export type DirectionsAction =
  | { readonly kind: 'restart'; readonly settings?: Partial<DirectionsSettings> }
  | {
      readonly kind: 'prepared';
      readonly training: number;
      readonly portraits: Uint8Array;
      readonly snapshot: Snapshot;
    }
  | { readonly kind: 'play' }
  | { readonly kind: 'pause' }
  | { readonly kind: 'snapshot'; readonly training: number; readonly snapshot: Snapshot }
  | { readonly kind: 'set'; readonly step: Partial<StepSettings> }
  | { readonly kind: 'look-at'; readonly person: number | undefined }
  | { readonly kind: 'failed'; readonly training: number; readonly message: string };

export const INITIAL_STATE: DirectionsState = {
  settings: DEFAULT_SETTINGS,
  step: DEFAULT_STEP,
  phase: 'preparing',
  until: STEPS,
  training: 0,
  portraits: undefined,
  snapshot: undefined,
  curves: [],
  person: undefined,
  error: undefined,
};

export function reduce(state: DirectionsState, action: DirectionsAction): DirectionsState {
  switch (action.kind) {
    case 'restart':
      return {
        ...state,
        settings: { ...state.settings, ...action.settings },
        phase: 'preparing',
        until: STEPS,
        training: state.training + 1,
        error: undefined,
      };
    case 'prepared':
      if (action.training !== state.training) return state;
      return {
        ...state,
        phase: 'paused',
        portraits: action.portraits,
        snapshot: action.snapshot,
        curves: [curvePoint(action.snapshot)],
      };
    case 'play':
      if (state.phase === 'done' && state.until < MOST_STEPS) {
        return { ...state, phase: 'playing', until: state.until + STEPS };
      }
      return state.phase === 'paused' ? { ...state, phase: 'playing' } : state;
    case 'pause':
      return state.phase === 'playing' ? { ...state, phase: 'paused' } : state;
    case 'snapshot': {
      if (action.training !== state.training || state.phase === 'preparing') return state;
      const { snapshot } = action;
      const phase = snapshot.step >= state.until ? 'done' : state.phase;
      return { ...state, phase, snapshot, curves: [...state.curves, curvePoint(snapshot)] };
    }
    case 'set':
      return { ...state, step: { ...state.step, ...action.step } };
    case 'look-at':
      return { ...state, person: action.person === state.person ? undefined : action.person };
    case 'failed':
      if (action.training !== state.training) return state;
      return { ...state, phase: 'failed', error: action.message };
  }
}

/** A snapshot's numbers for the curves. */
export function curvePoint({ step, panels }: Snapshot): CurvePoint {
  return {
    step,
    loss: panels.map(({ loss }) => loss),
    volume: panels.map(({ volume }) => volume),
    ownAngle: panels.map(({ ownAngle }) => ownAngle),
  };
}
