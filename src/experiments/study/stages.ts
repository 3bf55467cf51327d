/** Stages of a study: which there are, which may be done now, and what to say of one that is missing. */
import type { RunFolder } from './run-folder.ts';

export const STAGE_KINDS = [
  'train',
  'verify',
  'white-box',
  'snapshots',
  'diagnosis',
  'black-box',
  'transfer',
  'directions',
  'report',
] as const;
export type StageKind = (typeof STAGE_KINDS)[number];

/** A stage that is not done and may not be done now. */
export class MissingStageError extends Error {
  override readonly name = 'MissingStageError';
  readonly kind: StageKind;
  /** The unit that lacks it: `diverse, seed 0`. */
  readonly unit: string;

  constructor(kind: StageKind, unit: string) {
    super(
      `${kind} of ${unit} is not done; do it first: leave --only out, or add ${kind} to it, or run the share that it belongs to`,
    );
    this.kind = kind;
    this.unit = unit;
  }
}

/** The stages of one run, with those that may be done by this process. */
export class Stages {
  readonly run: RunFolder;
  readonly #may: (kind: StageKind) => boolean;

  constructor(run: RunFolder, may: (kind: StageKind) => boolean) {
    this.run = run;
    this.#may = may;
  }

  may(kind: StageKind): boolean {
    return this.#may(kind);
  }

  /**
   * The stage's result: read if it was made from the same inputs, else made and written. Throws a MissingStageError
   * where it would have to be made and may not be.
   */
  async get<T>(
    kind: StageKind,
    unit: string,
    inputs: unknown,
    make: () => Promise<T>,
    ...place: string[]
  ): Promise<T> {
    const known = await this.run.finished<T>(inputs, ...place);
    if (known) return known.result;
    if (!this.#may(kind)) throw new MissingStageError(kind, unit);
    return this.run.stage(inputs, make, ...place);
  }

  /** What `work` gives, or undefined where stages of `kind` may not be done and it needs one that is not. */
  async ifThere<T>(kind: StageKind, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof MissingStageError && !this.#may(kind)) return undefined;
      throw error;
    }
  }
}
