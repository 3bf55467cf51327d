/** The lab's state and what changes it: one reducer, no browser. */
import type { AttackName } from '../../attacks/catalogue.ts';
import type { MatchingRule } from '../../evaluation/matching.ts';
import { initialValues, type SliderValues } from './attacks.ts';
import type { Similarities } from './defence.ts';
import type { FaceChoice } from './faces.ts';
import type { LabFrame, LabOutcome, LabPoint } from './run.ts';
import type { OpenedNetwork, Side } from './worker.ts';

export const SIDES: readonly Side[] = ['a', 'b'];

/** Which network a side has. Files carry a number, so that the same names dropped again are opened again. */
export type DefenceChoice =
  | { readonly kind: 'shipped'; readonly defence: string }
  | { readonly kind: 'files'; readonly files: readonly File[]; readonly drop: number };

export type Run =
  | { readonly kind: 'idle' }
  /** Programs are being compiled. */
  | { readonly kind: 'preparing' }
  | { readonly kind: 'running' }
  | { readonly kind: 'held' }
  | { readonly kind: 'done'; readonly outcome: LabOutcome }
  | { readonly kind: 'failed'; readonly message: string };

export interface SideState {
  readonly choice: DefenceChoice;
  /** Undefined while it is being opened. */
  readonly network: OpenedNetwork | undefined;
  /** Undefined while it is not known. */
  readonly threshold: number | undefined;
  /** From 0 to 1 while a threshold is being looked for. */
  readonly search: number | undefined;
  readonly rule: MatchingRule;
  /** Why the network could not be opened. */
  readonly problem: string | undefined;
  /** Source and target as they are; undefined while not known. */
  readonly before: Similarities | undefined;
  readonly run: Run;
  readonly frame: LabFrame | undefined;
  readonly points: readonly LabPoint[];
}

export interface LabState {
  readonly faces: { readonly source: FaceChoice; readonly target: FaceChoice };
  readonly attack: AttackName;
  readonly values: SliderValues;
  readonly amplification: number;
  /** Milliseconds from one step to the next at least. */
  readonly interval: number;
  readonly sides: { readonly a: SideState; readonly b: SideState | undefined };
}

export type LabAction =
  | { readonly type: 'face'; readonly role: 'source' | 'target'; readonly face: FaceChoice }
  | { readonly type: 'faces'; readonly source: FaceChoice; readonly target: FaceChoice }
  | { readonly type: 'attack'; readonly attack: AttackName }
  | { readonly type: 'value'; readonly setting: string; readonly value: number }
  | { readonly type: 'amplification'; readonly factor: number }
  | { readonly type: 'interval'; readonly interval: number }
  | {
      readonly type: 'defence';
      readonly side: Side;
      readonly choice: DefenceChoice | undefined;
      readonly rule?: MatchingRule;
    }
  | {
      readonly type: 'opened';
      readonly side: Side;
      readonly network: OpenedNetwork;
      readonly threshold: number | undefined;
    }
  | { readonly type: 'unopened'; readonly side: Side; readonly problem: string }
  | { readonly type: 'searching'; readonly side: Side; readonly share: number | undefined }
  | { readonly type: 'threshold'; readonly side: Side; readonly threshold: number }
  | { readonly type: 'compared'; readonly side: Side; readonly before: Similarities | undefined }
  | { readonly type: 'started'; readonly side: Side }
  | { readonly type: 'frame'; readonly side: Side; readonly frame: LabFrame; readonly held: boolean }
  | { readonly type: 'held'; readonly side: Side }
  | { readonly type: 'resumed'; readonly side: Side }
  | { readonly type: 'done'; readonly side: Side; readonly outcome: LabOutcome }
  | { readonly type: 'failed'; readonly side: Side; readonly message: string }
  | { readonly type: 'reset' }
  | { readonly type: 'device' };

/** Of slow motion: five steps a second. */
export const SLOW = 200;

const NOTHING = { run: { kind: 'idle' }, frame: undefined, points: [] } as const;

export function newSide(choice: DefenceChoice, rule: MatchingRule = 'mean'): SideState {
  return {
    choice,
    rule,
    network: undefined,
    threshold: undefined,
    search: undefined,
    problem: undefined,
    before: undefined,
    ...NOTHING,
  };
}

export function initialState(faces: LabState['faces'], a: DefenceChoice, b?: DefenceChoice): LabState {
  return {
    faces,
    attack: 'i-fgsm',
    values: initialValues('i-fgsm'),
    amplification: 10,
    interval: SLOW,
    sides: { a: newSide(a), b: b && newSide(b) },
  };
}

/** The state after an action. What an action of an ended run or a closed side says is ignored. */
export function reduce(state: LabState, action: LabAction): LabState {
  switch (action.type) {
    case 'face':
      return anew({ ...state, faces: { ...state.faces, [action.role]: action.face } }, true);
    case 'faces':
      return anew({ ...state, faces: { source: action.source, target: action.target } }, true);
    case 'attack':
      return anew({ ...state, attack: action.attack, values: initialValues(action.attack) });
    case 'value':
      return anew({ ...state, values: { ...state.values, [action.setting]: action.value } });
    case 'amplification':
      return { ...state, amplification: action.factor };
    case 'defence':
      return withDefence(state, action.side, action.choice, action.rule);
    case 'interval':
      return { ...state, interval: action.interval };
    case 'reset':
      return anew(state);
    case 'device':
      return eachSide(state, ({ choice, rule }) => newSide(choice, rule));
    default: {
      const side = state.sides[action.side];
      if (!side) return state;
      return { ...state, sides: { ...state.sides, [action.side]: reduceSide(side, action) } };
    }
  }
}

type SideAction = Extract<LabAction, { readonly side: Side }>;

function reduceSide(side: SideState, action: Exclude<SideAction, { readonly type: 'defence' }>): SideState {
  switch (action.type) {
    case 'opened':
      return { ...side, network: action.network, threshold: action.threshold, problem: undefined };
    case 'unopened':
      return { ...side, network: undefined, problem: action.problem };
    case 'searching':
      return { ...side, search: action.share };
    case 'threshold':
      return { ...side, ...NOTHING, threshold: action.threshold };
    case 'compared':
      return { ...side, before: action.before };
    case 'started':
      return { ...side, ...NOTHING, run: { kind: 'preparing' } };
    case 'frame':
      if (!isActive(side.run)) return side;
      return {
        ...side,
        frame: action.frame,
        points: [...side.points, ...action.frame.points],
        run: { kind: action.held ? 'held' : 'running' },
      };
    case 'held':
      return isActive(side.run) ? { ...side, run: { kind: 'held' } } : side;
    case 'resumed':
      return isActive(side.run) ? { ...side, run: { kind: 'running' } } : side;
    case 'done':
      return isActive(side.run) ? { ...side, run: { kind: 'done', outcome: action.outcome } } : side;
    case 'failed':
      return isActive(side.run) ? { ...side, run: { kind: 'failed', message: action.message } } : side;
  }
}

/** An attack is at work, or held. */
export function isActive(run: Run): boolean {
  return run.kind === 'preparing' || run.kind === 'running' || run.kind === 'held';
}

/** The sides that there are. */
export function openSides(state: LabState): readonly Side[] {
  return SIDES.filter((side) => state.sides[side]);
}

/** Everything that an attack needs is there, on every side. */
export function isReady(state: LabState): boolean {
  return openSides(state).every((side) => {
    const { network, threshold, before } = state.sides[side]!;
    return network !== undefined && threshold !== undefined && before !== undefined;
  });
}

/** An attack is at work, or held, on some side. */
export function isBusy(state: LabState): boolean {
  return openSides(state).some((side) => isActive(state.sides[side]!.run));
}

function eachSide(state: LabState, change: (side: SideState) => SideState): LabState {
  const { a, b } = state.sides;
  return { ...state, sides: { a: change(a), b: b && change(b) } };
}

/** Without results; with `faces`, without what was known of the faces either. */
function anew(state: LabState, faces = false): LabState {
  return eachSide(state, (side) => ({ ...side, ...NOTHING, ...(faces && { before: undefined }) }));
}

function withDefence(
  state: LabState,
  side: Side,
  choice: DefenceChoice | undefined,
  rule: MatchingRule = 'mean',
): LabState {
  if (choice) return { ...state, sides: { ...state.sides, [side]: newSide(choice, rule) } };
  return side === 'b' ? { ...state, sides: { ...state.sides, b: undefined } } : state;
}
