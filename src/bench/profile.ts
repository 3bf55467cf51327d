/** Where the time of a program goes, kernel by kernel. */
import type { Engine, StepTime } from '../engine/index.ts';
import type { CompiledWorkload } from './case.ts';
import { median } from './median.ts';

/** All dispatches of one label, in one run. */
export interface KernelTime {
  readonly label: string;
  readonly dispatches: number;
  /** Median over a few runs; absent where the device has no timestamp queries. */
  readonly milliseconds?: number;
}

const RUNS = 5;

/** One run's dispatches by label, those that take longest first; only counted where `times` is absent. */
export function kernelTimes(labels: readonly string[], times?: readonly StepTime[]): KernelTime[] {
  const counts = tally(labels.map((label) => [label, 1]));
  if (!times) return [...counts].map(([label, dispatches]) => ({ label, dispatches }));
  const spent = tally(times.map(({ label, nanoseconds }) => [label, nanoseconds / 1e6]));
  return [...counts]
    .map(([label, dispatches]) => ({ label, dispatches, milliseconds: spent.get(label) ?? 0 }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Times every kernel, those that take longest first; without timestamp queries only counts them. */
export async function profileWorkload(engine: Engine, compiled: CompiledWorkload): Promise<KernelTime[]> {
  if (!engine.device.hasTimestamps) return kernelTimes(compiled.labels);
  const counts = tally(compiled.labels.map((label) => [label, 1]));
  await compiled.profile();
  const runs: Map<string, number>[] = [];
  for (let run = 0; run < RUNS; run++) {
    const times = await compiled.profile();
    runs.push(tally(times.map(({ label, nanoseconds }) => [label, nanoseconds / 1e6])));
  }
  return [...counts]
    .map(([label, dispatches]) => ({
      label,
      dispatches,
      milliseconds: median(runs.map((run) => run.get(label) ?? 0)),
    }))
    .sort((a, b) => b.milliseconds - a.milliseconds);
}

/** Sums kernels that differ in shape, or in what is fused behind them, only. */
export function byFamily(kernels: readonly KernelTime[]): KernelTime[] {
  const dispatches = tally(kernels.map((kernel) => [familyOf(kernel.label), kernel.dispatches]));
  const times = tally(kernels.map((kernel) => [familyOf(kernel.label), kernel.milliseconds ?? 0]));
  const timed = kernels.some((kernel) => kernel.milliseconds !== undefined);
  return [...dispatches]
    .map(([label, count]) => ({
      label,
      dispatches: count,
      ...(timed && { milliseconds: times.get(label) ?? 0 }),
    }))
    .sort((a, b) => (b.milliseconds ?? 0) - (a.milliseconds ?? 0));
}

/** `gemm.subgroup8 6272×128×64 → add` is of `gemm.subgroup8`; names of fused ops are left out. */
export function familyOf(label: string): string {
  const [kernel = label] = label.split(' → ');
  const words = kernel.split(' ');
  if (words[0] === 'map') return 'map';
  const reduction = words.find((word) => word === 'columns' || word === 'rows');
  if (reduction) return `reduce ${reduction}`;
  const shape = words.findIndex((word) => /^\d/.test(word));
  return words.slice(0, shape < 1 ? words.length : shape).join(' ');
}

function tally(entries: readonly (readonly [string, number])[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [key, value] of entries) sums.set(key, (sums.get(key) ?? 0) + value);
  return sums;
}
