/** What every stage of a study works with. */
import type { Engine } from '../../../engine/index.ts';
import type { StudyConfig } from '../config.ts';
import type { StudyData } from '../data.ts';
import type { Progress } from '../progress.ts';
import type { Stages } from '../stages.ts';
import type { StepProfile } from '../train.ts';

export interface StudyContext {
  readonly engine: Engine;
  readonly config: StudyConfig;
  readonly data: StudyData;
  readonly stages: Stages;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
}
