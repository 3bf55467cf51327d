/** What live and recorded trainings show alike: the people, three panels, and the curves. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Picture } from '../shared/picture.tsx';
import { Curves } from './curves.tsx';
import { Panel } from './panel.tsx';
import { FIRST_TURN, type Turn } from './projection.ts';
import { COLORS, FACE_SIZE, IMAGES, PEOPLE, SHOTS } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import type { CurvePoint } from './state.ts';

export interface ViewProps {
  readonly snapshot: Snapshot;
  readonly curves: readonly CurvePoint[];
  /** Of the curves' horizontal axis. */
  readonly steps: number;
  /** The person whose arrows stand out, or all. */
  readonly person: number | undefined;
  /** What can be changed: stands between panels and curves. */
  readonly children?: ComponentChildren;
}

const LABELS = Array.from({ length: IMAGES }, (_, image) => Math.floor(image / SHOTS));

export interface PeopleProps {
  /** A picture of each person, RGB bytes; undefined before they are drawn. */
  readonly portraits: Uint8Array | undefined;
  readonly person: number | undefined;
  readonly onChoose: (person: number) => void;
}

/** The six people, each a button that makes its arrows stand out. */
export function People({ portraits, person, onChoose }: PeopleProps) {
  const bytes = FACE_SIZE * FACE_SIZE * 3;
  return (
    <fieldset class="people">
      <legend class="hint">Six drawn people, eight pictures of each. Choose one to follow its arrows.</legend>
      <div class="row">
        {Array.from({ length: PEOPLE }, (_, who) => (
          <button
            type="button"
            key={COLORS[who]}
            class="person"
            aria-pressed={person === who}
            style={{ borderBottomColor: COLORS[who] }}
            onClick={() => onChoose(who)}
          >
            <Picture
              rgb={portraits?.subarray(who * bytes, (who + 1) * bytes)}
              width={FACE_SIZE}
              height={FACE_SIZE}
              alt={`Person ${who + 1}`}
            />
            <span aria-hidden="true">{who + 1}</span>
          </button>
        ))}
      </div>
    </fieldset>
  );
}

/** Panels and curves of one moment. */
export function View({ snapshot, curves, steps, person, children }: ViewProps) {
  const { members } = snapshot;
  const [turn, setTurn] = useState<Turn>(FIRST_TURN);
  const panels = snapshot.panels.map((panel) => (
    <Panel
      key={panel.kind}
      panel={panel}
      members={members}
      labels={LABELS}
      turn={turn}
      onTurn={setTurn}
      person={person}
    />
  ));
  const at = curves.map(({ step }) => step);
  const lines = (of: 'loss' | 'volume' | 'ownAngle') =>
    snapshot.panels.map((_, panel) => curves.map((point) => point[of][panel] ?? 0));
  return (
    <>
      <ul class="key" aria-label="Marks">
        <li>
          <Mark member={0} /> member 1
        </li>
        <li>
          <Mark member={1} /> member 2
        </li>
        {members === 3 && (
          <li>
            <Mark member={2} /> member 3
          </li>
        )}
        <li>thin line: the features of one picture</li>
        <li>arrow: a weight vector, numbered by person{', '}dashed for further members’ own</li>
      </ul>
      <div class="trio">{panels}</div>
      {children}
      <section class="panel" aria-label="Curves">
        <div class="trio">
          <Curves
            title="Loss"
            about="how wrong the members are"
            steps={at}
            lines={lines('loss')}
            last={steps}
            top={2}
            write={(x) => x.toFixed(x < 1 ? 2 : 1)}
          />
          <Curves
            title="Volume"
            about="how far apart they point, 0 to 1"
            steps={at}
            lines={lines('volume')}
            last={steps}
            top={1}
            write={(x) => x.toFixed(2)}
          />
          <Curves
            title="Angle"
            about="of a feature to its weight vector"
            steps={at}
            lines={lines('ownAngle')}
            last={steps}
            top={90}
            write={(x) => `${x.toFixed(0)}°`}
          />
        </div>
        <ul class="key" aria-label="Lines">
          <li class="series-1">
            <Dash /> separate
          </li>
          <li class="series-2">
            <Dash dash="6 3" /> shared
          </li>
          <li class="series-3">
            <Dash dash="2 3" /> shared, and asked to differ
          </li>
        </ul>
      </section>
    </>
  );
}

function Mark({ member }: { readonly member: number }) {
  const path = ['M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0', 'M0 -5L4.5 3.5H-4.5Z', 'M-4 -4h8v8h-8Z'][member];
  return (
    <svg viewBox="-6 -6 12 12" width="12" height="12" aria-hidden="true">
      <path d={path} fill="currentColor" />
    </svg>
  );
}

function Dash({ dash }: { readonly dash?: string }) {
  return (
    <svg class="dash" viewBox="0 0 26 8" width="26" height="8" aria-hidden="true">
      <path class="line" d="M0 4H26" stroke-dasharray={dash} />
    </svg>
  );
}
