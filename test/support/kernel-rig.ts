/**
 * Runs one KernelPlan by itself: declares the bindings that the compiler would, and a `writeOutput` that
 * only stores. Kernels are tested and timed here without the engine that they serve.
 */
import { globals } from 'webgpu';
import type { AdapterTraits, KernelPlan } from '../../src/engine/kernels/plan.ts';
import { openAdapter } from '../../src/platform/node.ts';

const { GPUBufferUsage, GPUMapMode } = globals as Pick<typeof globalThis, 'GPUBufferUsage' | 'GPUMapMode'>;

export type KernelData = Float32Array | Int32Array | Uint32Array;

export interface KernelRig {
  readonly name: string;
  readonly traits: AdapterTraits;
  /** Runs `plan` over `data` (in the plan's input order) and reads `length` f32 back. */
  run(plan: KernelPlan, data: readonly KernelData[], length: number): Promise<Float32Array>;
  /** A function that runs the plan once and resolves to the milliseconds that it took. */
  prepare(plan: KernelPlan, data: readonly KernelData[], length: number): Promise<() => Promise<number>>;
  close(): void;
}

/** The whole WGSL of a plan with its bindings in group 0, output last. */
export function wrapKernel(plan: KernelPlan): string {
  const names = Object.keys(plan.params);
  if (names.length > 14) throw new Error(`${plan.label}: ${names.length} parameters, at most 14`);
  const value = plan.lanes === 4 ? 'vec4f' : 'f32';
  return [
    plan.subgroups ? 'enable subgroups;' : '',
    'requires immediate_address_space;',
    `struct Params { ${names.map((name) => `${name}: u32,`).join(' ')} }`,
    'var<immediate> params: Params;',
    ...plan.inputs.map(
      (p, i) => `@group(0) @binding(${i}) var<storage, read> ${p.name}: array<${p.element}>;`,
    ),
    `@group(0) @binding(${plan.inputs.length}) var<storage, read_write> kernel_output: array<${value}>;`,
    `fn writeOutput(i: u32, value: ${value}) { kernel_output[i] = value; }`,
    plan.shader,
  ].join('\n');
}

export async function openRig(): Promise<KernelRig> {
  const { adapter, kind } = await openAdapter();
  const subgroups = adapter.features.has('subgroups');
  const { limits, info } = adapter;
  const device = await adapter.requestDevice({
    requiredFeatures: subgroups ? ['subgroups'] : [],
    requiredLimits: {
      maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
      maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
      ['maxImmediateSize' as keyof GPUSupportedLimits]: 64,
    },
  });
  const fixed = subgroups && info.subgroupMinSize === info.subgroupMaxSize ? (info.subgroupMinSize ?? 0) : 0;

  function load(data: KernelData): GPUBuffer {
    const size = Math.max(16, Math.ceil(data.byteLength / 16) * 16);
    const buffer = device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(buffer, 0, data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
    return buffer;
  }

  /** Shapes are parameters, so the cases of a table share few texts; compiling is most of what a case costs. */
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  function compile(label: string, code: string): Promise<GPUComputePipeline> {
    const known = pipelines.get(code);
    if (known) return known;
    const module = device.createShaderModule({ code });
    const pipeline = device
      .createComputePipelineAsync({ layout: 'auto', compute: { module } })
      .catch((error: Error) => {
        const numbered = code.split('\n').map((line, i) => `${i + 1}: ${line}`);
        throw new Error(`${label}: ${error.message}\n${numbered.join('\n')}`);
      });
    pipelines.set(code, pipeline);
    return pipeline;
  }

  async function build(plan: KernelPlan, data: readonly KernelData[], length: number) {
    const code = wrapKernel(plan);
    if (data.length !== plan.inputs.length) throw new Error(`${plan.label}: ${data.length} inputs given`);
    const pipeline = await compile(plan.label, code);
    // NaN marks elements that a kernel forgot.
    const output = device.createBuffer({
      size: Math.max(16, Math.ceil(length / 4) * 16),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    device.queue.writeBuffer(output, 0, new Float32Array(Math.ceil(length / 4) * 4).fill(Number.NaN));
    const buffers = [...data.map(load), output];
    const layout = pipeline.getBindGroupLayout(0);
    const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
    const bindGroup = device.createBindGroup({ layout, entries });
    const params = new Uint32Array(Object.values(plan.params));
    const encode = (encoder: GPUCommandEncoder): void => {
      const pass = encoder.beginComputePass() as GPUComputePassEncoder & {
        setImmediates(offset: number, data: Uint32Array): void;
      };
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, bindGroup);
      pass.setImmediates(0, params);
      pass.dispatchWorkgroups(...plan.grid);
      pass.end();
    };
    return { encode, output, buffers };
  }

  async function run(plan: KernelPlan, data: readonly KernelData[], length: number): Promise<Float32Array> {
    const { encode, output, buffers } = await build(plan, data, length);
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const reading = device.createBuffer({ size: output.size, usage });
    const encoder = device.createCommandEncoder();
    encode(encoder);
    encoder.copyBufferToBuffer(output, 0, reading, 0, output.size);
    device.queue.submit([encoder.finish()]);
    await reading.mapAsync(GPUMapMode.READ);
    const result = new Float32Array(reading.getMappedRange().slice(0)).subarray(0, length);
    for (const buffer of [...buffers, reading]) buffer.destroy();
    return result;
  }

  async function prepare(plan: KernelPlan, data: readonly KernelData[], length: number) {
    const { encode } = await build(plan, data, length);
    return async (): Promise<number> => {
      const encoder = device.createCommandEncoder();
      encode(encoder);
      const commands = encoder.finish();
      const start = performance.now();
      device.queue.submit([commands]);
      await device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    };
  }

  return {
    name: info.description,
    traits: {
      software: kind !== 'gpu',
      subgroupSize: fixed,
      maxInvocations: device.limits.maxComputeInvocationsPerWorkgroup,
      maxWorkgroupStorage: device.limits.maxComputeWorkgroupStorageSize,
    },
    run,
    prepare,
    close: () => device.destroy(),
  };
}
