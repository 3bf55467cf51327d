/** What one sees of a training at one moment, and the numbers that say it: angles and volumes, in double precision. */
import { average } from '../../evaluation/intervals.ts';
import { diagnose } from '../../experiments/study/diagnosis.ts';
import type { Members, PanelKind } from './settings.ts';

/** One ensemble. M members, N images, K people, E = M features. */
export interface PanelSnapshot {
  readonly kind: PanelKind;
  /** [M, N, E] */
  readonly features: Float32Array;
  /** [M, K, E], or [1, K, E] where the members share them. */
  readonly weights: Float32Array;
  readonly sets: number;
  /** Mean over members and images of the cross-entropy; the diversity's term is not in it. */
  readonly loss: number;
  /** Share of features whose largest score is their own person's. */
  readonly accuracy: number;
  /** Mean angle between a feature and its own weight vector of its own person, in degrees. */
  readonly ownAngle: number;
  /** Between a feature and the other members' weight vectors of its person; null where there is one for all. */
  readonly otherAngle: number | null;
  /** Between two members' features of one image. */
  readonly memberAngle: number;
  /** That the members' unit features span, geometric mean over images. */
  readonly volume: number;
}

export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  readonly members: Members;
  readonly panels: readonly PanelSnapshot[];
}

export interface PanelValues {
  readonly kind: PanelKind;
  readonly features: Float32Array;
  readonly weights: Float32Array;
  /** [M, N] */
  readonly losses: Float32Array;
  /** [M, N], 1 or 0. */
  readonly correct: Float32Array;
}

/** Measures one ensemble; `labels` [N]. */
export function measurePanel(values: PanelValues, members: Members, labels: Int32Array): PanelSnapshot {
  const { kind, features, weights, losses, correct } = values;
  const people = new Set(labels).size;
  const sets = weights.length / (people * members);
  const found = diagnose({ data: features, members, count: labels.length, dimension: members }, labels, {
    data: weights,
    sets,
  });
  const pairs = (matrix: readonly (readonly number[])[], own: boolean) =>
    average(matrix.flatMap((row, i) => row.filter((_, j) => (i === j) === own)));
  return {
    kind,
    features,
    weights,
    sets,
    loss: average(losses),
    accuracy: average(correct),
    ownAngle: pairs(found.featureToWeight, true),
    otherAngle: sets === 1 ? null : pairs(found.featureToWeight, false),
    memberAngle: pairs(found.featureToFeature, false),
    volume: found.volume ?? 0,
  };
}
