/** Verification, thresholds, attack success and their intervals: plain numbers, no device. */
export * from './distribution.ts';
export { THRESHOLD_CHOICES, type ThresholdChoice } from './fold-thresholds.ts';
export * from './intervals.ts';
export * from './matched.ts';
export * from './matching.ts';
export * from './success.ts';
export * from './thresholds.ts';
export * from './verification.ts';
