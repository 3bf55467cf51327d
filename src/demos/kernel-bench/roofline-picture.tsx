/** The roofline as a picture: both axes logarithmic, the roof, a point for every kernel. */
import type { Ceilings } from '../../bench/index.ts';
import { GROUPS, groupOf } from './groups.ts';
import { logAxis, placeLabels, type RooflinePoint, roof } from './roofline.ts';
import { number } from './words.ts';

export interface RooflinePictureProps {
  readonly points: readonly RooflinePoint[];
  readonly ceilings: Ceilings;
}

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 62;
const RIGHT = 18;
const TOP = 16;
const BOTTOM = 52;
/** Groups that have kernels, in the order of their marks. */
const MARKED = GROUPS.slice(0, 5).map(({ name }) => name);

export function RooflinePicture({ points, ceilings }: RooflinePictureProps) {
  const { gflops, gigabytes } = ceilings;
  const ridge = gflops !== undefined && gigabytes !== undefined ? gflops / gigabytes : undefined;
  const across = logAxis([0.06, 180, ...points.map((p) => p.intensity), ...(ridge ? [ridge] : [])]);
  const roofs = gflops !== undefined && gigabytes !== undefined ? [gflops, gigabytes * across.from] : [];
  const up = logAxis([...points.map((p) => p.rate), ...roofs]);
  const share = (value: number, { from, to }: typeof up) => Math.log(value / from) / Math.log(to / from);
  const x = (value: number) => LEFT + share(value, across) * (WIDTH - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - share(value, up) * (HEIGHT - TOP - BOTTOM);
  const top = gflops ?? 0;
  const placed = placeLabels(
    points.map((p) => ({ name: p.name, x: x(p.intensity), y: y(p.rate) })),
    WIDTH - RIGHT,
  );
  const said = points
    .map(
      ({ name, rate, share }) =>
        `${name} ${number(rate)} GFLOP/s${share === undefined ? '' : `, ${Math.round(share * 100)} percent of the roof`}`,
    )
    .join('; ');
  return (
    <svg class="roofline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Roofline. ${said}`}>
      {across.powers.map((value) => (
        <g key={`x ${value}`}>
          <path class="grid" d={`M${x(value)} ${TOP}V${HEIGHT - BOTTOM}`} />
          <text x={x(value)} y={HEIGHT - BOTTOM + 17} text-anchor="middle">
            {number(value)}
          </text>
        </g>
      ))}
      {up.powers.map((value) => (
        <g key={`y ${value}`}>
          <path class="grid" d={`M${LEFT} ${y(value)}H${WIDTH - RIGHT}`} />
          <text x={LEFT - 7} y={y(value) + 4} text-anchor="end">
            {number(value)}
          </text>
        </g>
      ))}
      <text x={(LEFT + WIDTH - RIGHT) / 2} y={HEIGHT - 12} text-anchor="middle">
        operations for every byte that must be moved
      </text>
      <text transform={`translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`} text-anchor="middle">
        GFLOP/s
      </text>
      {ridge !== undefined && (
        <g class="roof">
          <path
            d={`M${x(across.from)} ${y(roof(across.from, ceilings)!)}L${x(ridge)} ${y(top)}H${x(across.to)}`}
          />
          <text x={x(ridge) + 8} y={y(top) - 7}>
            {number(gflops!)} GFLOP/s of arithmetic
          </text>
          <text
            text-anchor="end"
            transform={`translate(${x(ridge * 0.7)} ${y(roof(ridge * 0.7, ceilings)!) - 8}) rotate(${slope(x, y)})`}
          >
            {number(gigabytes!)} GB/s of memory
          </text>
        </g>
      )}
      {points.map(({ name }, i) => (
        <text key={name} class="name" x={placed[i]!.x} y={placed[i]!.y} text-anchor={placed[i]!.anchor}>
          {name}
        </text>
      ))}
      {points.map(({ name, intensity, rate }) => {
        const group = MARKED.indexOf(groupOf(name));
        return (
          <path key={name} class={`mark series-${group + 1}`} d={shape(group, x(intensity), y(rate))}>
            <title>{`${name}: ${number(rate)} GFLOP/s`}</title>
          </path>
        );
      })}
    </svg>
  );
}

/** Degrees of the memory's roof on the screen. */
function slope(x: (value: number) => number, y: (value: number) => number): number {
  return (Math.atan2(y(10) - y(1), x(10) - x(1)) * 180) / Math.PI;
}

/** A shape for each group, so that colour is not needed. */
export function shape(group: number, x: number, y: number): string {
  const at = (dx: number, dy: number) => `${(x + dx).toFixed(1)} ${(y + dy).toFixed(1)}`;
  switch (group) {
    case 0:
      return `M${at(-4.5, 0)}a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0`;
    case 1:
      return `M${at(-4, -4)}h8v8h-8Z`;
    case 2:
      return `M${at(0, -5.5)}L${at(5, 3.5)}L${at(-5, 3.5)}Z`;
    case 3:
      return `M${at(0, -5.5)}L${at(5.5, 0)}L${at(0, 5.5)}L${at(-5.5, 0)}Z`;
    default:
      return `M${at(0, 5.5)}L${at(5, -3.5)}L${at(-5, -3.5)}Z`;
  }
}
