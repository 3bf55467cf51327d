import { type CompileTarget, compileGraph, type Traced } from './compiler/index.ts';
import { BufferUsage, type Device, type DeviceOptions, openDevice } from './device.ts';
import { ShapeError } from './errors.ts';
import type { AdapterTraits, KernelPlan } from './kernels/plan.ts';
import type { ParameterSet } from './parameter-set.ts';
import { type InputSpec, Program, typedArray } from './program.ts';
import { sizeOf } from './shape.ts';
import { Tensor, type TypedArray } from './tensor.ts';
import type { Variable } from './variable.ts';

export interface ProgramSpec<Inputs extends string, Outputs extends string> {
  /** Names the program in errors and profiles. */
  readonly name: string;
  readonly inputs: Readonly<Record<Inputs, InputSpec>>;
  /** A pure function over symbolic tensors. */
  readonly trace: (inputs: Readonly<Record<Inputs, Tensor>>) => Traced & {
    readonly outputs: Readonly<Record<Outputs, Tensor>>;
  };
}

export interface EngineOptions extends DeviceOptions {
  /** Picks among the candidates of a kernel op; the first, which the family prefers, when absent. */
  readonly choosePlan?: (
    node: Tensor,
    candidates: readonly KernelPlan[],
    traits: AdapterTraits,
  ) => KernelPlan;
}

/** A device, the variables that live on it, and the programs compiled for it. */
export class Engine {
  readonly device: Device;
  readonly #options: EngineOptions;
  readonly #variables = new Map<Variable, GPUBuffer>();

  constructor(device: Device, options: EngineOptions = {}) {
    this.device = device;
    this.#options = options;
  }

  /** Opens a device of `adapter` with all it has of what the engine can use. */
  static async open(adapter: GPUAdapter, options: EngineOptions = {}): Promise<Engine> {
    return new Engine(await openDevice(adapter, options), options);
  }

  /** Adapter's name, for tables. */
  get name(): string {
    return this.device.name;
  }

  /** Traces, compiles and allocates a program. */
  async compile<Inputs extends string, Outputs extends string>(
    spec: ProgramSpec<Inputs, Outputs>,
  ): Promise<Program<Inputs, Outputs>> {
    this.device.check();
    const symbolic: Partial<Record<Inputs, Tensor>> = {};
    for (const [name, { shape, dtype }] of Object.entries<InputSpec>(spec.inputs)) {
      symbolic[name as Inputs] = new Tensor({
        op: 'input',
        inputs: [],
        shape,
        dtype,
        attributes: name,
        body: { kind: 'input', name },
      });
    }
    const traced = spec.trace(symbolic as Record<Inputs, Tensor>);
    const { traits, gpu, immediates } = this.device;
    const target: CompileTarget = {
      traits,
      immediates,
      mostBuffers: gpu.limits.maxStorageBuffersPerShaderStage,
      choosePlan: (node, candidates) =>
        this.#options.choosePlan?.(node, candidates, traits) ?? candidates[0]!,
    };
    const graph = compileGraph(traced, target);
    const host = { device: this.device, bufferFor: (variable: Variable) => this.#bufferFor(variable) };
    return Program.create<Inputs, Outputs>(spec.name, host, { ...spec.inputs }, graph);
  }

  /** The variable's values, in its row-major order. */
  async read(variable: Variable): Promise<TypedArray> {
    const bytes = sizeOf(variable.shape) * 4;
    const [data] = await this.device.readBack([{ buffer: this.#bufferFor(variable), offset: 0, bytes }]);
    return typedArray(variable.dtype, data!);
  }

  /** Replaces the variable's values. */
  write(variable: Variable, data: TypedArray): void {
    this.device.check();
    if (data.length !== sizeOf(variable.shape)) {
      throw new ShapeError(
        `write to ${variable.name}: expected ${sizeOf(variable.shape)} values, got ${data.length}.`,
      );
    }
    this.device.gpu.queue.writeBuffer(this.#bufferFor(variable), 0, data as GPUAllowSharedBufferSource);
  }

  /** Values of a parameter set, by path. */
  async readParameters(set: ParameterSet): Promise<Map<string, Float32Array>> {
    return set.unflatten((await this.read(set.flat)) as Float32Array);
  }

  /** Replaces all values of a parameter set; every path must be given. */
  writeParameters(set: ParameterSet, values: ReadonlyMap<string, Float32Array>): void {
    this.write(set.flat, set.flatten(values));
  }

  /** Frees a variable's memory; a later use starts from its initial values. Programs that used it must be gone. */
  free(variable: Variable): void {
    const buffer = this.#variables.get(variable);
    if (buffer) this.device.destroyBuffer(buffer);
    this.#variables.delete(variable);
  }

  /** Resolves when everything submitted so far is done. */
  async idle(): Promise<void> {
    await this.device.gpu.queue.onSubmittedWorkDone();
    this.device.check();
  }

  /** Gives the device back; variables and programs are gone with it. */
  close(): void {
    this.#variables.clear();
    this.device.gpu.destroy();
  }

  #bufferFor(variable: Variable): GPUBuffer {
    const known = this.#variables.get(variable);
    if (known) return known;
    const usage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    const buffer = this.device.createBuffer(`variable ${variable.name}`, sizeOf(variable.shape) * 4, usage);
    if (variable.initial)
      this.device.gpu.queue.writeBuffer(buffer, 0, variable.initial as GPUAllowSharedBufferSource);
    this.#variables.set(variable, buffer);
    return buffer;
  }
}
