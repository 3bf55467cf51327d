/**
 * The roofline picture (Williams, Waterman and Patterson 2009): how fast a kernel computes against how much it computes for
 * every byte it must move. No kernel can be over the roof: min(arithmetic's ceiling, memory's ceiling × intensity).
 */
import type { BenchReport, Ceilings } from '../../bench/index.ts';

export interface RooflinePoint {
  readonly name: string;
  /** Operations per byte. */
  readonly intensity: number;
  /** GFLOP/s of the median run; a byte's rate is counted by the operations that go with it. */
  readonly rate: number;
  /** Of the roof above it, 0 to 1 and sometimes more: caches serve what the ceiling fetches from memory. */
  readonly share: number | undefined;
  /** What holds it back there. */
  readonly limit: 'memory' | 'arithmetic' | undefined;
}

/** GFLOP/s that are possible at an intensity; undefined where a ceiling was not measured. */
export function roof(intensity: number, { gflops, gigabytes }: Ceilings): number | undefined {
  if (gflops === undefined || gigabytes === undefined) return undefined;
  return Math.min(gflops, gigabytes * intensity);
}

/** A point for every kernel; whole steps have no intensity of their own and are left out. */
export function rooflinePoints({
  results,
  ceilings,
}: Pick<BenchReport, 'results' | 'ceilings'>): RooflinePoint[] {
  return results.flatMap(({ name, intensity, rate }) => {
    if (intensity === undefined) return [];
    const gflops = rate.unit === 'GFLOP/s' ? rate.median : rate.median * intensity;
    const most = roof(intensity, ceilings);
    return {
      name,
      intensity,
      rate: gflops,
      share: most === undefined ? undefined : gflops / most,
      limit: most === undefined ? undefined : most === ceilings.gflops ? 'arithmetic' : 'memory',
    };
  });
}

/** An axis that is logarithmic: its ends, and the powers of ten within. */
export interface LogAxis {
  readonly from: number;
  readonly to: number;
  readonly powers: readonly number[];
}

/** An axis with room around all positive values; one decade around 1 where there are none. */
export function logAxis(values: readonly number[]): LogAxis {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value));
  const [least, most] = positive.length === 0 ? [1, 1] : [Math.min(...positive), Math.max(...positive)];
  const [from, to] = [least / MARGIN, most * MARGIN];
  const powers: number[] = [];
  for (let power = Math.ceil(Math.log10(from)); power <= Math.log10(to); power++) powers.push(10 ** power);
  return { from, to, powers };
}

const MARGIN = 2.2;

/** Where a label stands: at the start or at the end of its text. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'end';
}

interface Mark {
  readonly name: string;
  readonly x: number;
  readonly y: number;
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const LETTER = 6.2;
const LINE = 12;
const GAP = 9;
/** Lines up or down, and whether behind the mark: tried in this order, since names are read best behind their marks. */
const TRIED: readonly (readonly [shift: number, isAfter: boolean])[] = [
  ...[0, -1, 1].map((shift) => [shift, true] as const),
  ...[0, -1, 1].map((shift) => [shift, false] as const),
  ...[-2, 2, -3, 3, -4, 4].flatMap((shift) => [[shift, true] as const, [shift, false] as const]),
];

/** Places labels beside their marks, on the right or on the left, so that they cover neither marks nor one another. */
export function placeLabels(marks: readonly Mark[], right: number): Label[] {
  const taken: Box[] = marks.map(({ x, y }) => ({ left: x - 6, right: x + 6, top: y - 6, bottom: y + 6 }));
  const covers = (a: Box) => (b: Box) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return marks.map(({ name, x, y }) => {
    const width = name.length * LETTER;
    const text = (shift: number, isAfter: boolean): Label & { readonly box: Box } => {
      const middle = y + shift * LINE;
      const left = isAfter ? x + GAP : x - GAP - width;
      const box = { left, right: left + width, top: middle - LINE / 2, bottom: middle + LINE / 2 };
      return { x: isAfter ? left : left + width, y: middle + 4, anchor: isAfter ? 'start' : 'end', box };
    };
    const all = TRIED.map(([shift, isAfter]) => text(shift, isAfter));
    const places = all.filter(({ box }) => box.left > 0 && box.right < right);
    const place = places.find(({ box }) => !taken.some(covers(box))) ?? places[0] ?? all[0]!;
    taken.push(place.box);
    return { x: place.x, y: place.y, anchor: place.anchor };
  });
}
