/** What a study and an attack on a given network have in common. */
import type { Engine } from '../../engine/index.ts';
import type { Progress } from './progress.ts';
import type { RunFolder } from './run-folder.ts';

/** What every measurement is given. */
export interface Measuring {
  readonly engine: Engine;
  readonly run: RunFolder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** What the run is called, and the command that repeats it. */
  readonly name: string;
  readonly command: string;
  readonly facetVersion: string;
}
