/** The viewer's state. Pure, so that it is tested without a page. */
import type { RenderedReport } from './render.ts';

export type ViewerState =
  | { readonly kind: 'empty' }
  | { readonly kind: 'reading'; readonly turn: number; readonly name: string }
  | {
      readonly kind: 'shown';
      readonly turn: number;
      readonly name: string;
      readonly report: RenderedReport;
    }
  | { readonly kind: 'failed'; readonly name: string; readonly message: string };

/** `turn` counts the files that were opened: two may have one name. */
export type ViewerAction =
  | { readonly kind: 'open'; readonly turn: number; readonly name: string }
  | { readonly kind: 'rendered'; readonly turn: number; readonly report: RenderedReport }
  | { readonly kind: 'failed'; readonly turn: number; readonly message: string }
  | { readonly kind: 'close' };

export const INITIAL_STATE: ViewerState = { kind: 'empty' };

export function reduce(state: ViewerState, action: ViewerAction): ViewerState {
  switch (action.kind) {
    case 'open':
      return { kind: 'reading', turn: action.turn, name: action.name };
    case 'close':
      return { kind: 'empty' };
    case 'rendered':
      // What was opened before, or was cancelled, comes too late.
      if (state.kind !== 'reading' || state.turn !== action.turn) return state;
      return { kind: 'shown', turn: state.turn, name: state.name, report: action.report };
    case 'failed':
      if (state.kind !== 'reading' || state.turn !== action.turn) return state;
      return { kind: 'failed', name: state.name, message: action.message };
  }
}
