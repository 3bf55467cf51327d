/** How members' features and weight vectors lie, over seeds; and which defence falls for which other's examples. */
import { average, type Interval, meanInterval } from '../../evaluation/intervals.ts';
import type { DefenceResults, Diagnosis, Results } from './results.ts';

/** A defence's diagnosis, means over seeds. Angles in degrees. */
export interface DiagnosisSummary {
  readonly defence: DefenceResults;
  readonly images: number;
  /** Of features with the weight vectors that their own member was trained with. */
  readonly own: Interval;
  /** Of features with other members' weight vectors; undefined for one member. */
  readonly others: Interval | undefined;
  /** Between members' features of one image; undefined for one member. */
  readonly between: Interval | undefined;
  readonly volume: Interval | undefined;
  /** Mean over seeds of `featureToWeight`. */
  readonly featureToWeight: number[][];
}

/** Of every defence with a diagnosis, in order. */
export function diagnosisSummaries(results: Results): DiagnosisSummary[] {
  return results.defences.flatMap((defence) => {
    const list = defence.runs.flatMap((run) => run.diagnosis ?? []);
    const [first] = list;
    if (first === undefined) return [];
    const over = (measure: (d: Diagnosis) => number | null): Interval | undefined => {
      const values = list.flatMap((d) => measure(d) ?? []);
      return values.length === list.length ? meanInterval(values) : undefined;
    };
    return {
      defence,
      images: first.images,
      own: meanInterval(list.map((d) => average(diagonal(d.featureToWeight)))),
      others: over((d) => averageOrNull(offDiagonal(d.featureToWeight))),
      between: over((d) => averageOrNull(offDiagonal(d.featureToFeature))),
      volume: over((d) => d.volume),
      featureToWeight: meanMatrix(list.map((d) => d.featureToWeight)),
    };
  });
}

/** Of one column (shared weight vectors written once) the column: every member's own. */
function diagonal(matrix: readonly number[][]): number[] {
  return matrix.map((row, i) => row[Math.min(i, row.length - 1)]!);
}

function offDiagonal(matrix: readonly number[][]): number[] {
  return matrix.flatMap((row, i) => (row.length === 1 ? [] : row.filter((_, j) => j !== i)));
}

/** Over matrices of the first one's shape. */
function meanMatrix(matrices: readonly number[][][]): number[][] {
  const first = matrices[0]!;
  const alike = matrices.filter((m) => m.length === first.length && m[0]!.length === first[0]!.length);
  return first.map((row, i) => row.map((_, j) => average(alike.map((m) => m[i]![j]!))));
}

function averageOrNull(values: readonly number[]): number | null {
  return values.length === 0 ? null : average(values);
}

/** Examples of one attack, shown to every defence; counts over all seeds. */
export interface TransferMatrix {
  readonly attack: string;
  /** Both axes, in the study's order. */
  readonly defences: readonly string[];
  /** [from][to]; `shown` is 0 where nothing was. */
  readonly cells: readonly (readonly { readonly accepted: number; readonly shown: number }[])[];
}

/** One per attack whose examples were shown around, seeds summed. */
export function transferMatrices(results: Results): TransferMatrix[] {
  const attacks = [...new Set(results.transfer.map((t) => t.attack))];
  return attacks.map((attack) => {
    const entries = results.transfer.filter((t) => t.attack === attack);
    const present = new Set(entries.flatMap((t) => t.defences));
    const known = results.defences.map((d) => d.name).filter((name) => present.has(name));
    const defences = [...known, ...[...present].filter((name) => !known.includes(name))];
    const cells = defences.map((from) =>
      defences.map((to) => {
        const counts = entries.flatMap((t) => {
          const [i, j] = [t.defences.indexOf(from), t.defences.indexOf(to)];
          return i < 0 || j < 0 ? [] : { accepted: t.accepted[i]![j]!, shown: t.shown[i]! };
        });
        return {
          accepted: counts.reduce((sum, c) => sum + c.accepted, 0),
          shown: counts.reduce((sum, c) => sum + c.shown, 0),
        };
      }),
    );
    return { attack, defences, cells };
  });
}
