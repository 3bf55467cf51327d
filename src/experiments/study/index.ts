/**
 * The study as a pipeline of stages: data, training, verification, attacks, results. docs/study.md says how units and stages
 * fit together; study.ts runs them.
 */
export { attackSettings } from './attacking.ts';
export { parseStudyConfig, type StudyConfig } from './config.ts';
export { DEFENCE_NAMES, DEFENCES, type DefenceName } from './defences.ts';
export { joinRuns } from './merge.ts';
export { PRESETS, signSteps } from './presets.ts';
export { type Progress, silentProgress, terminalProgress } from './progress.ts';
export { contentHash, RunFolder } from './run-folder.ts';
export { STAGE_KINDS, type StageKind } from './stages.ts';
export { readRunConfig, runStudy, type StudyTask } from './study.ts';
export type { StepProfile } from './train.ts';
export type { Shard } from './units.ts';
