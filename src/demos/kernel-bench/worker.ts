/** The engine's side of the kernel bench: runs cases of `facet bench`, one after another, until it is told to stop. */
import {
  type BenchReport,
  type BenchResult,
  type Ceilings,
  measureCeilings,
  runBench,
} from '../../bench/index.ts';
import { EngineWorker, serve } from '../shared/engine-worker.ts';
import { casesOf } from './cases.ts';

export interface RunRequest {
  readonly groups: readonly string[];
  readonly members: readonly number[];
  readonly seconds: number;
}

export interface RunListener {
  /** So many cases there will be. */
  begin(cases: number): void;
  ceilings(found: Ceilings): void;
  start(name: string): void;
  result(found: BenchResult): void;
}

/** What the adapter offers, for people. */
export interface AdapterFacts {
  readonly name: string;
  readonly software: boolean;
  readonly features: readonly string[];
  /** In the browser's words; bytes where the name says size. */
  readonly limits: readonly { readonly name: string; readonly value: number }[];
}

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
] as const;

export class KernelBenchWorker extends EngineWorker {
  #cancel = new AbortController();

  facts(): AdapterFacts {
    const { name, device } = this.engine;
    return {
      name,
      software: device.traits.software,
      features: [...device.gpu.features].filter((feature) => /subgroups|f16|timestamp/.test(feature)).sort(),
      limits: LIMITS.map((limit) => ({ name: limit, value: device.gpu.limits[limit] })),
    };
  }

  /**
   * Measures the ceilings, then every case. `listener` is told as it goes. Rejects where the device fails; a case that is too large
   * for it is listed in the report.
   */
  async run({ groups, members, seconds }: RunRequest, listener: RunListener): Promise<BenchReport> {
    const cancel = new AbortController();
    this.#cancel = cancel;
    const { engine } = this;
    const cases = casesOf(groups, members);
    listener.begin(cases.length);
    const ceilings = await measureCeilings(engine, { flops: true, bytes: true });
    listener.ceilings(ceilings);
    return runBench(engine, cases, {
      seconds,
      ceilings,
      signal: cancel.signal,
      onStart: ({ name }) => listener.start(name),
      onResult: (found) => listener.result(found),
    });
  }

  /** Ends the run after the sample at hand; its report holds what was done. */
  cancel(): void {
    this.#cancel.abort();
  }
}

serve(new KernelBenchWorker());
