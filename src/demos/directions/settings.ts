/**
 * What the live training is made of. The fixed part was chosen by measurement (docs/demos.md): it converges within a
 * few hundred steps, and a step takes some 20 ms on a software adapter.
 */

/** Members that a visitor may choose, and so the dimensions of their features: more would not be seen. */
export const MEMBER_CHOICES = [2, 3] as const;
export type Members = (typeof MEMBER_CHOICES)[number];

export interface DirectionsSettings {
  /** Members of each ensemble, M, and numbers in a feature. */
  readonly members: Members;
  /** Of the initial weights and of the faces. */
  readonly seed: number;
}

/** What may be changed between two steps. */
export interface StepSettings {
  readonly learningRate: number;
  /** λ of the third panel. */
  readonly diversityWeight: number;
}

/** People, K, and pictures of each. */
export const PEOPLE = 6;
export const SHOTS = 8;
export const IMAGES = PEOPLE * SHOTS;
/** Pixels along a side of a face. */
export const FACE_SIZE = 16;
/** Hidden numbers of the extractor. */
export const HIDDEN = 32;

export const DEFAULT_SETTINGS: DirectionsSettings = { members: 2, seed: 2 };
export const DEFAULT_STEP: StepSettings = { learningRate: 0.02, diversityWeight: 0.2 };

/** Of a training that is played to its end; going on adds as many, up to MOST_STEPS. */
export const STEPS = 150;
export const MOST_STEPS = 10 * STEPS;

/** The three ensembles that are trained side by side. */
export type PanelKind = 'separate' | 'shared' | 'diverse';
export const PANELS: readonly PanelKind[] = ['separate', 'shared', 'diverse'];

/** A colour for each person, to be told apart on light and dark. */
export const COLORS: readonly string[] = ['#2a7fd4', '#c9562c', '#12936b', '#a854b5', '#a17a00', '#c23a6b'];
