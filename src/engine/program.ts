import { bytesOf, type CompiledGraph, type Place, type Step } from './compiler/index.ts';
import { BufferUsage, type Device, UNIFORM_ALIGNMENT } from './device.ts';
import { EngineError, ShapeError } from './errors.ts';
import { type Shape, showShape, sizeOf } from './shape.ts';
import type { DType, Tensor, TypedArray } from './tensor.ts';
import type { Variable } from './variable.ts';

/** What a program takes under one name. */
export interface InputSpec {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** An input of a program. */
export function input(shape: Shape, dtype: DType = 'f32'): InputSpec {
  return { shape, dtype };
}

/** An f32 input that is one number. */
export function scalarInput(): InputSpec {
  return { shape: [], dtype: 'f32' };
}

export type InputValue = TypedArray | readonly number[] | number;

/** Time that one dispatch took. */
export interface StepTime {
  readonly label: string;
  readonly nanoseconds: number;
}

interface EncodedStep {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
  readonly params: Uint32Array;
  readonly paramsOffset: number;
  readonly grid: readonly [number, number, number];
}

/** What a program needs of its engine. */
export interface ProgramHost {
  readonly device: Device;
  bufferFor(variable: Variable): GPUBuffer;
}

/** A run that was submitted; its outputs can be read until the program runs again. */
export interface Run<Outputs extends string> {
  /** Copies outputs (all, or those named) to the CPU. Ask before the program's next run. */
  read(): Promise<Record<Outputs, TypedArray>>;
  read<Name extends Outputs>(...names: Name[]): Promise<Record<Name, TypedArray>>;
}

/** A compiled graph with its buffers and pipelines, ready to be run again and again. */
export class Program<Inputs extends string = string, Outputs extends string = string> {
  readonly name: string;
  /** Bytes of intermediate values, variables and inputs not counted. */
  readonly plannedBytes: number;
  readonly #host: ProgramHost;
  readonly #specs: Readonly<Record<Inputs, InputSpec>>;
  readonly #graph: CompiledGraph;
  readonly #buffers: GPUBuffer[];
  readonly #inputBuffers: Map<string, GPUBuffer>;
  readonly #constantBuffers: Map<Tensor, GPUBuffer>;
  readonly #paramsBuffer: GPUBuffer | undefined;
  readonly #paramsGroup: GPUBindGroup | undefined;
  readonly #steps: EncodedStep[] = [];
  #freed = false;

  private constructor(
    name: string,
    host: ProgramHost,
    specs: Record<Inputs, InputSpec>,
    graph: CompiledGraph,
  ) {
    const { device } = host;
    this.name = name;
    this.plannedBytes = graph.memory.bytes;
    this.#host = host;
    this.#specs = specs;
    this.#graph = graph;
    const storage = BufferUsage.STORAGE | BufferUsage.COPY_SRC | BufferUsage.COPY_DST;
    this.#buffers = graph.memory.buffers.map((bytes, index) =>
      device.createBuffer(`${name} #${index}`, bytes, storage),
    );
    this.#inputBuffers = new Map(
      Object.entries<InputSpec>(specs).map(([key, spec]) => [
        key,
        device.createBuffer(`${name} input ${key}`, sizeOf(spec.shape) * 4, storage),
      ]),
    );
    this.#constantBuffers = new Map();
    for (const node of graph.memory.places.keys()) {
      if (node.body.kind !== 'constant') continue;
      const buffer = device.createBuffer(`${name} constant`, bytesOf(node), storage);
      device.gpu.queue.writeBuffer(buffer, 0, node.body.data as GPUAllowSharedBufferSource);
      this.#constantBuffers.set(node, buffer);
    }
    if (device.paramsLayout) {
      this.#paramsBuffer = device.createBuffer(
        `${name} parameters`,
        Math.max(1, graph.steps.length) * UNIFORM_ALIGNMENT,
        BufferUsage.UNIFORM | BufferUsage.COPY_DST,
      );
      this.#paramsGroup = device.gpu.createBindGroup({
        layout: device.paramsLayout,
        entries: [{ binding: 0, resource: { buffer: this.#paramsBuffer, size: 64 } }],
      });
    }
  }

  /** Allocates buffers, compiles pipelines in parallel, and binds everything once. */
  static async create<Inputs extends string, Outputs extends string>(
    name: string,
    host: ProgramHost,
    specs: Record<Inputs, InputSpec>,
    graph: CompiledGraph,
  ): Promise<Program<Inputs, Outputs>> {
    const { device } = host;
    for (const step of graph.steps) {
      for (const { node } of step.uses)
        device.checkSize(`${name}: ${node.op} ${showShape(node.shape)}`, bytesOf(node), BufferUsage.STORAGE);
    }
    const program = await device.guardMemory(
      `program ${name}`,
      () => new Program<Inputs, Outputs>(name, host, specs, graph),
    );
    const pipelines = await Promise.all(
      graph.steps.map((step) => device.pipeline(step.label, step.wgsl, accessOf(step))),
    );
    for (const [index, step] of graph.steps.entries()) program.#bind(step, pipelines[index]!, index);
    device.check();
    return program;
  }

  get dispatchCount(): number {
    return this.#steps.length;
  }

  /** What each dispatch does, in order. */
  get labels(): string[] {
    return this.#steps.map((step) => step.label);
  }

  /** The WGSL of every dispatch, for inspection. */
  get shaders(): readonly { label: string; wgsl: string }[] {
    return this.#graph.steps.map(({ label, wgsl }) => ({ label, wgsl }));
  }

  #bind(step: Step, pipeline: GPUComputePipeline, index: number): void {
    const { device } = this.#host;
    const params = Uint32Array.from(step.params);
    if (this.#paramsBuffer && params.length) {
      device.gpu.queue.writeBuffer(this.#paramsBuffer, index * UNIFORM_ALIGNMENT, params);
    }
    const entries = step.uses.map(({ node }, binding) => {
      const { buffer, offset } = this.#resolve(this.#graph.memory.places.get(node)!);
      const size = Math.min(bytesOf(node), buffer.size - offset);
      return { binding, resource: { buffer, offset, size } };
    });
    this.#steps.push({
      label: step.label,
      pipeline,
      bindGroup: device.gpu.createBindGroup({
        label: step.label,
        layout: device.layouts(accessOf(step)).group,
        entries,
      }),
      params,
      paramsOffset: index * UNIFORM_ALIGNMENT,
      grid: step.grid,
    });
  }

  #resolve(place: Place): { buffer: GPUBuffer; offset: number } {
    switch (place.kind) {
      case 'buffer':
        return { buffer: this.#buffers[place.index]!, offset: place.offset };
      case 'variable':
        return { buffer: this.#host.bufferFor(place.variable), offset: place.offset };
      case 'input':
        return { buffer: this.#inputBuffers.get(place.name)!, offset: 0 };
      case 'constant':
        return { buffer: this.#constantBuffers.get(place.node)!, offset: 0 };
    }
  }

  /** Submits one run and returns at once. Throws when an input is missing, unknown or of the wrong size. */
  run(inputs: Readonly<Record<Inputs, InputValue>>): Run<Outputs> {
    this.#prepare(inputs);
    const { gpu } = this.#host.device;
    const encoder = gpu.createCommandEncoder({ label: this.name });
    const pass = encoder.beginComputePass({ label: this.name });
    let current: GPUComputePipeline | undefined;
    for (const step of this.#steps) {
      if (step.pipeline !== current) pass.setPipeline(step.pipeline);
      current = step.pipeline;
      this.#encode(pass, step);
    }
    pass.end();
    gpu.queue.submit([encoder.finish()]);
    return { read: (...names: Outputs[]) => this.#read(names) };
  }

  /** Runs once with a timestamp around every dispatch; needs the `timestamp-query` feature. */
  async profile(inputs: Readonly<Record<Inputs, InputValue>>): Promise<StepTime[]> {
    const { device } = this.#host;
    if (!device.hasTimestamps) {
      throw new EngineError(
        `${device.name} has no timestamp queries; the profiler can only count dispatches and bytes here.`,
      );
    }
    this.#prepare(inputs);
    const times: StepTime[] = [];
    // A query set holds 4096 timestamps at most.
    for (let first = 0; first < this.#steps.length; first += 2048) {
      const part = this.#steps.slice(first, first + 2048);
      const querySet = device.gpu.createQuerySet({ type: 'timestamp', count: part.length * 2 });
      const resolved = device.createBuffer(
        'timestamps',
        part.length * 16,
        BufferUsage.QUERY_RESOLVE | BufferUsage.COPY_SRC,
      );
      const encoder = device.gpu.createCommandEncoder();
      for (const [index, step] of part.entries()) {
        const pass = encoder.beginComputePass({
          timestampWrites: {
            querySet,
            beginningOfPassWriteIndex: index * 2,
            endOfPassWriteIndex: index * 2 + 1,
          },
        });
        pass.setPipeline(step.pipeline);
        this.#encode(pass, step);
        pass.end();
      }
      encoder.resolveQuerySet(querySet, 0, part.length * 2, resolved, 0);
      device.gpu.queue.submit([encoder.finish()]);
      const [bytes] = await device.readBack([{ buffer: resolved, offset: 0, bytes: part.length * 16 }]);
      const stamps = new BigUint64Array(bytes!);
      for (const [index, step] of part.entries()) {
        times.push({ label: step.label, nanoseconds: Number(stamps[index * 2 + 1]! - stamps[index * 2]!) });
      }
      querySet.destroy();
      device.destroyBuffer(resolved);
    }
    return times;
  }

  /** Frees the program's buffers; variables stay. */
  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    const { device } = this.#host;
    const own = [...this.#buffers, ...this.#inputBuffers.values(), ...this.#constantBuffers.values()];
    for (const buffer of own) device.destroyBuffer(buffer);
    if (this.#paramsBuffer) device.destroyBuffer(this.#paramsBuffer);
  }

  #encode(pass: GPUComputePassEncoder, step: EncodedStep): void {
    pass.setBindGroup(0, step.bindGroup);
    if (this.#paramsGroup) pass.setBindGroup(1, this.#paramsGroup, [step.paramsOffset]);
    else if (step.params.length) this.#host.device.setParams(pass, step.params);
    pass.dispatchWorkgroups(...step.grid);
  }

  #prepare(inputs: Readonly<Record<Inputs, InputValue>>): void {
    if (this.#freed) throw new EngineError(`program ${this.name} was freed; compile it again.`);
    const { device } = this.#host;
    device.check();
    for (const name of Object.keys(inputs)) {
      if (!(name in this.#specs)) {
        throw new ShapeError(
          `program ${this.name} has no input ${name}; it takes ${Object.keys(this.#specs).join(', ') || 'none'}.`,
        );
      }
    }
    for (const [name, spec] of Object.entries<InputSpec>(this.#specs)) {
      const value = (inputs as Readonly<Record<string, InputValue>>)[name];
      const data = toTypedArray(this.name, name, spec, value);
      device.gpu.queue.writeBuffer(this.#inputBuffers.get(name)!, 0, data as GPUAllowSharedBufferSource);
    }
  }

  async #read(names: readonly Outputs[]): Promise<Record<Outputs, TypedArray>> {
    const wanted = names.length ? names : ([...this.#graph.outputs.keys()] as Outputs[]);
    const nodes = wanted.map((name) => {
      const node = this.#graph.outputs.get(name);
      if (!node)
        throw new EngineError(
          `program ${this.name} has no output ${name}; it has ${[...this.#graph.outputs.keys()].join(', ')}.`,
        );
      return node;
    });
    const ranges = nodes.map((node) => {
      const { buffer, offset } = this.#resolve(this.#graph.memory.places.get(node)!);
      return { buffer, offset, bytes: sizeOf(node.shape) * 4 };
    });
    const parts = await this.#host.device.readBack(ranges);
    const result: Partial<Record<Outputs, TypedArray>> = {};
    for (const [index, name] of wanted.entries())
      result[name] = typedArray(nodes[index]!.dtype, parts[index]!);
    return result as Record<Outputs, TypedArray>;
  }
}

function accessOf(step: Step): string {
  return step.uses.map(({ access }) => (access === 'read' ? 'r' : 'w')).join('');
}

/** A typed view of bytes that came from the GPU. */
export function typedArray(dtype: DType, bytes: ArrayBuffer): TypedArray {
  if (dtype === 'i32') return new Int32Array(bytes);
  return dtype === 'u32' ? new Uint32Array(bytes) : new Float32Array(bytes);
}

function toTypedArray(
  program: string,
  name: string,
  spec: InputSpec,
  value: InputValue | undefined,
): TypedArray {
  const wanted = sizeOf(spec.shape);
  const what = `program ${program}, input ${name}: expected ${spec.dtype} ${showShape(spec.shape)} (${wanted} values)`;
  if (value === undefined) throw new ShapeError(`${what}, got nothing.`);
  const list = typeof value === 'number' ? [value] : value;
  if (list.length !== wanted) throw new ShapeError(`${what}, got ${list.length}.`);
  const Type = spec.dtype === 'f32' ? Float32Array : spec.dtype === 'i32' ? Int32Array : Uint32Array;
  if (list instanceof Type) return list;
  if (ArrayBuffer.isView(list)) throw new ShapeError(`${what}, got a ${list.constructor.name}.`);
  return Type.from(list as readonly number[]);
}
