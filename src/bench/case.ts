/** What a benchmark is: a name, an amount of work, and a program that does it. */
import type { Engine, InputValue, ProgramSpec, StepTime, Variable } from '../engine/index.ts';

/** The work of one run: floating point operations, or bytes that must cross memory at the least. */
export interface Work {
  readonly unit: 'flop' | 'byte';
  readonly amount: number;
}

export interface BenchCase {
  /** `gemm/512`, and `gemm/512/m3` with three members. */
  readonly name: string;
  readonly members: number;
  /** Shapes and meaning, in one line. */
  readonly description: string;
  readonly work: Work;
  /** Operations per byte that must cross memory at the least; absent for whole steps, whose kernels differ in it. */
  readonly intensity?: number;
  /** Needs a GiB or more: runs only when it is named. */
  readonly large?: boolean;
  /** Makes the host's side of it (initial values, inputs), which is not timed. */
  prepare(): Workload;
}

/** Ready to be compiled, which is timed. */
export interface Workload {
  compile(engine: Engine): Promise<CompiledWorkload>;
}

/** Ready to run; everything it needs is on the device. */
export interface CompiledWorkload {
  /** Label of each dispatch. */
  readonly labels: readonly string[];
  /** Bytes of intermediate values. */
  readonly plannedBytes: number;
  /** Submits one run and returns at once. */
  run(): void;
  /** Reads the outputs and throws an Error unless all are finite: the time of NaN is worth nothing. */
  check(): Promise<void>;
  /** One run with the time of each dispatch; needs timestamp queries. */
  profile(): Promise<StepTime[]>;
  /** Frees the program and its variables. */
  free(): void;
}

/** Cases made for any number of members. */
export type CaseFamily = (members: number) => BenchCase;

/** Appends the suffix that tells ensembles of one case apart. */
export function caseName(base: string, members: number): string {
  return members === 1 ? base : `${base}/m${members}`;
}

/** A workload from a program's specification, the same inputs for every run, and the variables to free at its end. */
export function workload<Inputs extends string, Outputs extends string>(
  spec: ProgramSpec<Inputs, Outputs>,
  inputs: Readonly<Record<Inputs, InputValue>>,
  variables: readonly Variable[],
): Workload {
  return {
    async compile(engine) {
      const program = await engine.compile(spec);
      let last = program.run(inputs);
      return {
        labels: program.labels,
        plannedBytes: program.plannedBytes,
        run: () => {
          last = program.run(inputs);
        },
        check: async () => {
          const outputs = Object.entries<ArrayLike<number>>(await last.read());
          for (const [name, values] of outputs) checkFinite(`${spec.name}: ${name}`, values);
        },
        profile: () => program.profile(inputs),
        free: () => {
          program.free();
          for (const variable of variables) engine.free(variable);
        },
      };
    },
  };
}

function checkFinite(what: string, values: ArrayLike<number>): void {
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i]))
      throw new Error(`${what} is ${values[i]} at element ${i}; expected finite numbers`);
  }
}
