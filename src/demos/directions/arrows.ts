/** What a panel draws, as SVG path data: few elements, so that a step redraws in a millisecond or two. */
import { type Point, project, type Turn } from './projection.ts';
import type { PanelSnapshot } from './snapshot.ts';

/** Pixels from the middle to a feature of full length; the box is 2 × HALF wide. */
export const RADIUS = 100;
export const HALF = 132;
/** Where weight vectors end: beyond every feature, since only their direction counts. */
const WEIGHT_REACH = 112;
const LABEL_REACH = 123;
const HEAD = 9;

export interface FeatureMarks {
  readonly person: number;
  readonly member: number;
  /** Turned away from the viewer. */
  readonly behind: boolean;
  /** Lines from the middle. */
  readonly lines: string;
  /** A shape at the end of each: circle, triangle or square by member. */
  readonly marks: string;
}

export interface WeightArrow {
  readonly person: number;
  readonly member: number;
  readonly behind: boolean;
  readonly path: string;
  readonly label: Point;
}

/** The lines and marks of all features, by person and member. Lengths are shares of the panel's longest. */
export function featureMarks(
  { features }: Pick<PanelSnapshot, 'features'>,
  members: number,
  labels: ArrayLike<number>,
  turn: Turn,
): FeatureMarks[] {
  const images = labels.length;
  const longest = lengths(features, members).reduce((most, length) => Math.max(most, length), 1e-9);
  const points = project(features, members, turn);
  const groups = new Map<
    string,
    { person: number; member: number; behind: boolean; lines: string; marks: string }
  >();
  for (let member = 0; member < members; member++) {
    for (let image = 0; image < images; image++) {
      const person = labels[image]!;
      const point = points[member * images + image]!;
      const behind = point.depth < 0;
      const [x, y] = [(point.x / longest) * RADIUS, (-point.y / longest) * RADIUS];
      const key = `${person} ${member} ${behind}`;
      const group = groups.get(key) ?? { person, member, behind, lines: '', marks: '' };
      group.lines += `M0 0L${short(x)} ${short(y)}`;
      group.marks += shape(member, x, y);
      groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** Arrows of the weight vectors; all are of one length, as seen before the sphere is turned. */
export function weightArrows(
  { weights, sets }: Pick<PanelSnapshot, 'weights' | 'sets'>,
  members: number,
  turn: Turn,
): WeightArrow[] {
  const units = new Float32Array(weights.length);
  for (const [row, length] of lengths(weights, members).entries()) {
    for (let i = row * members; i < (row + 1) * members; i++) units[i] = weights[i]! / Math.max(length, 1e-9);
  }
  const people = weights.length / (members * sets);
  return project(units, members, turn).map((point, row) => ({
    person: row % people,
    member: Math.floor(row / people),
    behind: point.depth < 0,
    path: arrow(point.x * WEIGHT_REACH, -point.y * WEIGHT_REACH),
    label: { x: point.x * LABEL_REACH, y: -point.y * LABEL_REACH, depth: point.depth },
  }));
}

/** Path data of a line through points; parts that are not `wanted` are left out. */
export function polyline(points: readonly Point[], wanted: (point: Point) => boolean): string {
  let path = '';
  let drawing = false;
  for (const point of points) {
    const draws = wanted(point);
    if (draws) path += `${drawing ? 'L' : 'M'}${short(point.x * RADIUS)} ${short(-point.y * RADIUS)}`;
    drawing = draws;
  }
  return path;
}

function lengths(vectors: ArrayLike<number>, size: number): number[] {
  return Array.from({ length: vectors.length / size }, (_, row) => {
    let sum = 0;
    for (let i = row * size; i < (row + 1) * size; i++) sum += vectors[i]! ** 2;
    return Math.sqrt(sum);
  });
}

function shape(member: number, x: number, y: number): string {
  const at = (dx: number, dy: number) => `${short(x + dx)} ${short(y + dy)}`;
  switch (member) {
    case 0:
      return `M${at(-2.6, 0)}a2.6 2.6 0 1 0 5.2 0a2.6 2.6 0 1 0 -5.2 0`;
    case 1:
      return `M${at(0, -3.6)}L${at(3.3, 2.3)}L${at(-3.3, 2.3)}Z`;
    default:
      return `M${at(-2.5, -2.5)}h5v5h-5Z`;
  }
}

function arrow(x: number, y: number): string {
  const length = Math.hypot(x, y);
  // Seen from its tip an arrow is a point.
  if (length < HEAD) return `M0 0L${short(x)} ${short(y)}`;
  const [ux, uy] = [x / length, y / length];
  const wing = (side: number) =>
    `${short(x - HEAD * ux + side * 0.45 * HEAD * -uy)} ${short(y - HEAD * uy + side * 0.45 * HEAD * ux)}`;
  return `M0 0L${short(x)} ${short(y)}M${wing(1)}L${short(x)} ${short(y)}L${wing(-1)}`;
}

function short(value: number): string {
  return value.toFixed(1);
}
