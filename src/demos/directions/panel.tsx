/** One ensemble: its circle or sphere, what it is, its numbers, and what they mean. */
import { useMemo } from 'preact/hooks';
import { featureMarks, HALF, polyline, RADIUS, weightArrows } from './arrows.ts';
import { greatCircle, project, type Turn } from './projection.ts';
import { COLORS, type Members } from './settings.ts';
import type { PanelSnapshot } from './snapshot.ts';
import { Turnable } from './turnable.tsx';
import { ABOUT, TITLES, verdict } from './words.ts';

export interface PanelProps {
  readonly panel: PanelSnapshot;
  readonly members: Members;
  readonly labels: ArrayLike<number>;
  readonly turn: Turn;
  readonly onTurn: (turn: Turn) => void;
  /** The person whose arrows stand out, or all. */
  readonly person: number | undefined;
}

const CIRCLES = ([0, 1, 2] as const).map((axis) => greatCircle(axis));
const DASHES = [undefined, '6 3', '2 3'];

export function Panel({ panel, members, labels, turn, onTurn, person }: PanelProps) {
  const { kind, sets, loss, accuracy, ownAngle, otherAngle, memberAngle, volume } = panel;
  const drawing = <Drawing panel={panel} members={members} labels={labels} turn={turn} person={person} />;
  return (
    <section class="panel direction" aria-labelledby={`panel-${kind}`}>
      <div>
        <h2 id={`panel-${kind}`}>{TITLES[kind]}</h2>
        <p class="hint">{ABOUT[kind]}</p>
      </div>
      {members === 2 ? (
        drawing
      ) : (
        <Turnable label={`${TITLES[kind]}.`} turn={turn} onTurn={onTurn}>
          {drawing}
        </Turnable>
      )}
      <p class="verdict">{verdict(panel)}</p>
      <dl class="facts">
        <Fact name="Faces recognised" value={`${Math.round(accuracy * 100)} %`} />
        <Fact name="Loss" value={loss.toFixed(2)} />
        <Fact
          name={sets === 1 ? 'Angle to the shared arrow' : 'Angle to its own arrow'}
          value={`${ownAngle.toFixed(0)}°`}
        />
        {otherAngle !== null && (
          <Fact name="Angle to the others’ arrows" value={`${otherAngle.toFixed(0)}°`} />
        )}
        <Fact name="Angle between members" value={`${memberAngle.toFixed(0)}°`} />
        <Fact name="Volume" value={volume.toFixed(volume < 0.01 ? 3 : 2)} />
      </dl>
    </section>
  );
}

function Fact({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Drawing({ panel, members, labels, turn, person }: Omit<PanelProps, 'onTurn'>) {
  const { kind, accuracy, memberAngle } = panel;
  const features = useMemo(() => featureMarks(panel, members, labels, turn), [panel, members, labels, turn]);
  const weights = useMemo(() => weightArrows(panel, members, turn), [panel, members, turn]);
  const faded = (who: number) => person !== undefined && person !== who;
  const name =
    `${members === 2 ? 'A circle' : 'A sphere'}: features of ${members} members as thin lines, weight vectors as arrows. ` +
    `${TITLES[kind]}: members ${memberAngle.toFixed(0)} degrees apart, ${Math.round(accuracy * 100)} percent recognised.`;
  return (
    <svg class="drawing" viewBox={`${-HALF} ${-HALF} ${2 * HALF} ${2 * HALF}`} role="img" aria-label={name}>
      <circle class="rim" r={RADIUS} />
      {members === 3 &&
        CIRCLES.map((circle, axis) => {
          const points = project(circle, 3, turn);
          return (
            <g key={`axis ${axis}`}>
              <path class="rim behind" d={polyline(points, ({ depth }) => depth < 0)} />
              <path class="rim" d={polyline(points, ({ depth }) => depth >= 0)} />
            </g>
          );
        })}
      {features.map(({ person: who, member, behind, lines, marks }) => (
        <g
          key={`${who} ${member} ${behind}`}
          class={`feature${behind ? ' behind' : ''}${faded(who) ? ' faded' : ''}`}
          stroke={COLORS[who]}
        >
          <path class="thin" d={lines} />
          <path d={marks} fill={COLORS[who]} />
        </g>
      ))}
      {weights.map(({ person: who, member, behind, path, label }) => (
        <g
          key={`${who} ${member}`}
          class={`weight${panel.sets === 1 ? ' shared' : ''}${behind ? ' behind' : ''}${faded(who) ? ' faded' : ''}`}
        >
          <path class="under" d={path} />
          <path d={path} stroke={COLORS[who]} stroke-dasharray={DASHES[member]} />
          <text x={label.x} y={label.y} fill={COLORS[who]}>
            {who + 1}
          </text>
        </g>
      ))}
    </svg>
  );
}
