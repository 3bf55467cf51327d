/** The study as a pipeline of stages: data, training, verification, attacks, results. */
export { PRESETS, parseStudyConfig, type StudyConfig } from './config.ts';
export { DEFENCE_NAMES, DEFENCES, type DefenceName, DIVERSITY_FORMS } from './defences.ts';
export { type Progress, silentProgress, terminalProgress } from './progress.ts';
export { runStudy, type StudyTask } from './reproduce.ts';
export { RunFolder } from './run-folder.ts';
export type { StepProfile } from './train.ts';
