/** Trainings as JSON, to show where there is no WebGPU. record.ts makes them. */
import { fromBase64, toBase64 } from '../shared/base64.ts';
import type { Members } from './settings.ts';
import type { PanelSnapshot, Snapshot } from './snapshot.ts';

export interface Recording {
  readonly members: Members;
  /** What it was trained on. */
  readonly adapter: string;
  /** A picture of each person, RGB bytes. */
  readonly portraits: Uint8Array;
  /** Steps rise; at least one. */
  readonly snapshots: readonly Snapshot[];
}

/** The file: typed arrays as lists, pictures as base64. */
export interface RecordedFile {
  readonly trainings: readonly {
    readonly members: Members;
    readonly adapter: string;
    readonly portraits: string;
    readonly snapshots: readonly {
      readonly step: number;
      readonly panels: readonly RecordedPanel[];
    }[];
  }[];
}

type RecordedPanel = Omit<PanelSnapshot, 'features' | 'weights'> & {
  readonly features: readonly number[];
  readonly weights: readonly number[];
};

/** As the page draws them. Throws a TypeError where the file is not one of ours. */
export function openRecording(file: RecordedFile): Recording[] {
  return file.trainings.map(({ members, adapter, portraits, snapshots }) => ({
    members,
    adapter,
    portraits: fromBase64(portraits),
    snapshots: snapshots.map(({ step, panels }) => ({
      step,
      members,
      panels: panels.map((panel) => ({
        ...panel,
        features: Float32Array.from(panel.features),
        weights: Float32Array.from(panel.weights),
      })),
    })),
  }));
}

/** As the file holds them: two digits of a length, which is a pixel. */
export function writeRecording(recordings: readonly Recording[]): RecordedFile {
  const short = (values: Float32Array, scale = 1, digits = 3) =>
    Array.from(values, (x) => rounded(x / scale, digits));
  return {
    trainings: recordings.map(({ members, adapter, portraits, snapshots }) => ({
      members,
      adapter,
      portraits: toBase64(portraits),
      snapshots: snapshots.map(({ step, panels }) => ({
        step,
        panels: panels.map((panel) => {
          // Pictures show lengths as shares of the longest.
          const longest = panel.features.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-9);
          return {
            ...panel,
            features: short(panel.features, longest, 2),
            weights: short(panel.weights),
            loss: rounded(panel.loss, 4),
            accuracy: rounded(panel.accuracy, 4),
            ownAngle: rounded(panel.ownAngle, 2),
            otherAngle: panel.otherAngle === null ? null : rounded(panel.otherAngle, 2),
            memberAngle: rounded(panel.memberAngle, 2),
            volume: rounded(panel.volume, 5),
          };
        }),
      })),
    })),
  };
}

function rounded(value: number, digits = 3): number {
  return Number(value.toFixed(digits));
}
