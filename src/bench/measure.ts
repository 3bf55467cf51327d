/** Times one case: compilation, the first run, then as many as fit a time budget. */
import type { Engine } from '../engine/index.ts';
import type { BenchCase, CompiledWorkload } from './case.ts';
import { median } from './median.ts';
import { type KernelTime, profileWorkload } from './profile.ts';

/** Readings that only some hosts have. */
export interface HostMeters {
  /** Most memory that the process has had so far, in bytes. */
  readonly peakMemory?: () => number;
  /** CPU time of the process so far, all threads, in ms. */
  readonly cpuTime?: () => number;
}

export interface MeasureOptions {
  /** Time for the samples of one case; at least five are taken, however long they last. */
  readonly seconds: number;
  readonly meters?: HostMeters;
  /** Also time every kernel. */
  readonly profile?: boolean;
  /** Ends it between two samples, by throwing the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface Rate {
  readonly unit: 'GFLOP/s' | 'GB/s';
  readonly median: number;
  readonly best: number;
}

export interface BenchResult {
  readonly name: string;
  readonly members: number;
  readonly description: string;
  /** Tracing, compiling, allocating and the first run, to its end. */
  readonly firstMs: number;
  readonly medianMs: number;
  readonly minimumMs: number;
  /** Median CPU time of a run, of all threads: on a software adapter it says more than the clock where others compute. */
  readonly cpuMs?: number;
  readonly samples: number;
  /** More than 1 where a run is too short to be timed alone. */
  readonly runsPerSample: number;
  readonly rate: Rate;
  /** Operations per byte that must cross memory at the least, for kernels; a byte's rate times it is one of operations. */
  readonly intensity?: number;
  readonly dispatches: number;
  /** Bytes of intermediate values; variables and inputs not counted. */
  readonly plannedBytes: number;
  readonly memory: {
    /** Bytes of all the engine's buffers after the second run and after the last. */
    readonly afterSecondRun: number;
    readonly afterLastRun: number;
    readonly flat: boolean;
    /** Of the process, other cases before this one included. */
    readonly peakProcessBytes?: number;
  };
  readonly kernels?: readonly KernelTime[];
}

const FEWEST_SAMPLES = 5;
const MOST_SAMPLES = 1000;
/** Below this, waiting for the device takes a share that matters, so that a sample is several runs. */
const SHORT_MS = 1;
const SAMPLE_MS = 4;

/** Runs a case; what it allocated is freed at the end. Throws what compiling or running throws. */
export async function measureCase(
  engine: Engine,
  bench: BenchCase,
  options: MeasureOptions,
): Promise<BenchResult> {
  const workload = bench.prepare();
  const start = performance.now();
  const compiled = await workload.compile(engine);
  try {
    await engine.idle();
    const firstMs = performance.now() - start;
    return await measureCompiled(engine, bench, compiled, firstMs, options);
  } finally {
    compiled.free();
  }
}

async function measureCompiled(
  engine: Engine,
  bench: BenchCase,
  compiled: CompiledWorkload,
  firstMs: number,
  { seconds, meters = {}, profile = false, signal }: MeasureOptions,
): Promise<BenchResult> {
  const second = await sample(engine, compiled, 1, meters);
  const afterSecondRun = engine.device.allocatedBytes;
  const runsPerSample = second.ms < SHORT_MS ? Math.ceil(SAMPLE_MS / second.ms) : 1;

  const times: number[] = [];
  const cpuTimes: number[] = [];
  const deadline = performance.now() + seconds * 1000;
  while (times.length < FEWEST_SAMPLES || (times.length < MOST_SAMPLES && performance.now() < deadline)) {
    signal?.throwIfAborted();
    const { ms, cpuMs } = await sample(engine, compiled, runsPerSample, meters);
    times.push(ms);
    if (cpuMs !== undefined) cpuTimes.push(cpuMs);
  }
  const afterLastRun = engine.device.allocatedBytes;
  await compiled.check();
  const peak = meters.peakMemory?.();
  const medianMs = median(times);
  const minimumMs = Math.min(...times);
  const perMs = bench.work.amount / 1e6;
  return {
    name: bench.name,
    members: bench.members,
    description: bench.description,
    firstMs,
    medianMs,
    minimumMs,
    ...(cpuTimes.length > 0 && { cpuMs: median(cpuTimes) }),
    samples: times.length,
    runsPerSample,
    rate: {
      unit: bench.work.unit === 'flop' ? 'GFLOP/s' : 'GB/s',
      median: perMs / medianMs,
      best: perMs / minimumMs,
    },
    ...(bench.intensity !== undefined && { intensity: bench.intensity }),
    dispatches: compiled.labels.length,
    plannedBytes: compiled.plannedBytes,
    memory: {
      afterSecondRun,
      afterLastRun,
      flat: afterLastRun === afterSecondRun,
      ...(peak !== undefined && { peakProcessBytes: peak }),
    },
    ...(profile && { kernels: await profileWorkload(engine, compiled) }),
  };
}

/** Milliseconds of one run, as the mean of `runs` that are waited for together. */
async function sample(
  engine: Engine,
  compiled: CompiledWorkload,
  runs: number,
  meters: HostMeters,
): Promise<{ ms: number; cpuMs?: number }> {
  const cpuBefore = meters.cpuTime?.();
  const start = performance.now();
  for (let i = 0; i < runs; i++) compiled.run();
  await engine.idle();
  const ms = (performance.now() - start) / runs;
  const cpuAfter = meters.cpuTime?.();
  if (cpuBefore === undefined || cpuAfter === undefined) return { ms };
  return { ms, cpuMs: (cpuAfter - cpuBefore) / runs };
}
