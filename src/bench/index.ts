/** Benchmarks by name, for any host. */
export type { BenchCase, CaseFamily, CompiledWorkload, Work, Workload } from './case.ts';
export { benchCases, DEFAULT_MEMBERS, selectCases } from './catalogue.ts';
export { type Ceilings, measureCeilings } from './ceiling.ts';
export { ceilingShare } from './ceiling-share.ts';
export { type BenchResult, type HostMeters, type MeasureOptions, measureCase, type Rate } from './measure.ts';
export { byFamily, type KernelTime, kernelTimes } from './profile.ts';
export { type BenchFailure, type BenchReport, type RunOptions, runBench } from './run.ts';
export { profileText, reportText } from './text.ts';
