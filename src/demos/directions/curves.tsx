/** Small line charts: one line for each panel, with its last number at its end. */
import { PANELS } from './settings.ts';
import { spread } from './spread.ts';
import { TITLES } from './words.ts';

export interface CurvesProps {
  readonly title: string;
  /** What it is, in plain words. */
  readonly about: string;
  readonly steps: readonly number[];
  /** [panel][point] */
  readonly lines: readonly (readonly number[])[];
  /** Of the horizontal axis. */
  readonly last: number;
  /** Of the vertical axis, at least. */
  readonly top: number;
  readonly write: (value: number) => string;
}

const WIDTH = 300;
const HEIGHT = 150;
const LEFT = 34;
const RIGHT = 46;
const TOP = 10;
const BOTTOM = 22;
const LABEL_GAP = 12;
const DASHES = [undefined, '6 3', '2 3'];

export function Curves({ title, about, steps, lines, last, top, write }: CurvesProps) {
  const most = Math.max(top, ...lines.map((line) => line.reduce((a, b) => Math.max(a, b), 0)));
  const x = (step: number) => LEFT + (step / last) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
  const ends = spread(
    lines.map((line) => y(line.at(-1) ?? 0)),
    LABEL_GAP,
    HEIGHT - BOTTOM,
  );
  const reached = x(steps.at(-1) ?? 0);
  const said = lines.map((line, i) => `${TITLES[PANELS[i]!]} ${write(line.at(-1) ?? 0)}`).join(', ');
  return (
    <figure class="curves">
      <figcaption>
        <strong>{title}</strong> {about}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${title}. Now: ${said}.`}>
        <path class="axis" d={`M${LEFT} ${TOP}V${HEIGHT - BOTTOM}H${WIDTH - RIGHT}`} />
        <text x={LEFT - 5} y={TOP + 4} text-anchor="end">
          {write(most)}
        </text>
        <text x={LEFT - 5} y={HEIGHT - BOTTOM + 3} text-anchor="end">
          0
        </text>
        <text x={WIDTH - RIGHT} y={HEIGHT - 6} text-anchor="end">
          {last} steps
        </text>
        {lines.map((line, i) => (
          <g key={PANELS[i]} class={`series-${i + 1}`}>
            <path
              class="line"
              stroke-dasharray={DASHES[i]}
              d={line
                .map(
                  (value, at) => `${at === 0 ? 'M' : 'L'}${x(steps[at]!).toFixed(1)} ${y(value).toFixed(1)}`,
                )
                .join('')}
            />
            <text x={reached + 4} y={ends[i]! + 4}>
              {write(line.at(-1) ?? 0)}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}
