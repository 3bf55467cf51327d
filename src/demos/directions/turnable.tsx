/** Something that one turns, with a pointer that is dragged or with arrow keys. Nothing turns by itself. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import { FIRST_TURN, type Turn, turned } from './projection.ts';

export interface TurnableProps {
  readonly label: string;
  readonly turn: Turn;
  readonly onTurn: (turn: Turn) => void;
  readonly children: ComponentChildren;
}

const KEY_STEP = Math.PI / 24;
/** Radians per pixel. */
const DRAG = 0.012;

const KEYS: Readonly<Record<string, readonly [yaw: number, pitch: number]>> = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

export function Turnable({ label, turn, onTurn, children }: TurnableProps) {
  const last = useRef<{ x: number; y: number } | undefined>(undefined);
  return (
    // biome-ignore lint/a11y/useSemanticElements: no HTML element is a thing that turns in two directions
    <div
      class="turnable"
      role="group"
      aria-roledescription="sphere"
      aria-label={`${label} Arrow keys turn it, Home turns it back.`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes arrow keys
      tabIndex={0}
      onKeyDown={(event) => {
        const by = KEYS[event.key];
        if (by) onTurn(turned(turn, by[0], by[1]));
        else if (event.key === 'Home') onTurn(FIRST_TURN);
        else return;
        event.preventDefault();
      }}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        last.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerMove={(event) => {
        const { current } = last;
        if (!current) return;
        onTurn(turned(turn, (event.clientX - current.x) * DRAG, (event.clientY - current.y) * DRAG));
        last.current = { x: event.clientX, y: event.clientY };
      }}
      onPointerUp={() => {
        last.current = undefined;
      }}
      onPointerCancel={() => {
        last.current = undefined;
      }}
    >
      {children}
    </div>
  );
}
