/** Runs a list of cases on one engine, and judges them by what the device can do at most. */
import type { Engine } from '../engine/index.ts';
import type { BenchCase } from './case.ts';
import { type Ceilings, measureCeilings } from './ceiling.ts';
import { type BenchResult, type MeasureOptions, measureCase } from './measure.ts';

export interface BenchFailure {
  readonly name: string;
  readonly message: string;
}

/** What `--json` prints. */
export interface BenchReport {
  readonly adapter: string;
  /** When the run began, ISO 8601. */
  readonly date: string;
  readonly seconds: number;
  readonly ceilings: Ceilings;
  readonly results: readonly BenchResult[];
  readonly failures: readonly BenchFailure[];
}

export interface RunOptions extends MeasureOptions {
  /** Is told which case comes next. */
  readonly onStart?: (bench: BenchCase) => void;
  readonly onResult?: (result: BenchResult) => void;
  /** Measured before; not measured again. */
  readonly ceilings?: Ceilings;
}

/**
 * Measures every case. One that fails (too large for the adapter, say) is listed and the others go on.
 * The ceilings come last, so that their buffers do not count into the cases' peak memory. When `signal` is aborted the
 * case at hand stops after its sample, and the report holds those before it.
 */
export async function runBench(
  engine: Engine,
  cases: readonly BenchCase[],
  options: RunOptions,
): Promise<BenchReport> {
  const date = new Date().toISOString();
  const results: BenchResult[] = [];
  const failures: BenchFailure[] = [];
  for (const bench of cases) {
    if (options.signal?.aborted) break;
    options.onStart?.(bench);
    try {
      const result = await measureCase(engine, bench, options);
      results.push(result);
      options.onResult?.(result);
    } catch (error) {
      if (options.signal?.aborted) break;
      failures.push({ name: bench.name, message: error instanceof Error ? error.message : String(error) });
    }
  }
  const has = (unit: string) => results.some(({ rate }) => rate.unit === unit);
  const ceilings =
    options.ceilings ?? (await measureCeilings(engine, { flops: has('GFLOP/s'), bytes: has('GB/s') }));
  return { adapter: engine.name, date, seconds: options.seconds, ceilings, results, failures };
}
