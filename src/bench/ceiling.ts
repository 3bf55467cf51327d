/**
 * What the device can do at most, measured rather than read from a data sheet: multiply-adds that touch no
 * memory, and a plain copy. Both are written against WebGPU itself, so that they do not depend on what they judge.
 */
import type { Device, Engine } from '../engine/index.ts';
import copyShader from './ceiling-copy.wgsl';
import fmaShader from './ceiling-fma.wgsl';

export interface Ceilings {
  /** GFLOP/s of a loop of multiply-adds in registers. */
  readonly gflops?: number;
  /** GB/s of a copy, bytes read and bytes written. */
  readonly gigabytes?: number;
}

// WebGPU's flag values; the globals that name them do not exist under Node.
const STORAGE = 128;
const COPY_DST = 8;

const WORKGROUP = 64;
/** Few enough for a CPU, enough to fill a large GPU. */
const FMA_LANES = 2 ** 18;
/** Four times 8 chains of vec4, a multiply and an add each. */
const FLOPS_PER_ROUND = 4 * 8 * 4 * 2;
const FIRST_ROUNDS = 4;
const MOST_ROUNDS = 2 ** 22;
/** Long enough that submitting does not count. */
const LEAST_MS = 40;
/** Many, since the best of them counts and others may be computing. */
const SAMPLES = 15;

const COPY_BYTES = 2 ** 26;
/** Four vec4 per lane. */
const COPY_BYTES_PER_GROUP = 4 * WORKGROUP * 16;
/** Copies in one sample. */
const COPY_REPEATS = 2;

interface Kernel {
  readonly pipeline: GPUComputePipeline;
  readonly bindGroup: GPUBindGroup;
}

/** Best of a few runs of each kind that is asked for. Takes about a second; frees what it allocates. */
export async function measureCeilings(
  engine: Engine,
  kinds: { readonly flops: boolean; readonly bytes: boolean },
): Promise<Ceilings> {
  return {
    ...(kinds.flops && { gflops: await measureFma(engine) }),
    ...(kinds.bytes && { gigabytes: await measureCopy(engine) }),
  };
}

async function measureFma(engine: Engine): Promise<number> {
  const { device } = engine;
  const rounds = device.createBuffer('ceiling rounds', 4, STORAGE | COPY_DST);
  const factors = device.createBuffer('ceiling factors', 8, STORAGE | COPY_DST);
  const result = device.createBuffer('ceiling result', FMA_LANES * 4, STORAGE);
  const buffers = [rounds, factors, result];
  try {
    const kernel = await makeKernel(device, 'ceiling fma', fmaShader, buffers);
    device.gpu.queue.writeBuffer(factors, 0, Float32Array.of(0.999, 0.001));
    const sample = async (count: number) => {
      device.gpu.queue.writeBuffer(rounds, 0, Uint32Array.of(count));
      return timed(engine, kernel, FMA_LANES / WORKGROUP, 1);
    };
    let count = FIRST_ROUNDS;
    await sample(count);
    while (count < MOST_ROUNDS && (await sample(count)) < LEAST_MS) count *= 2;
    const best = await bestOf(SAMPLES, () => sample(count));
    return (FMA_LANES * count * FLOPS_PER_ROUND) / best / 1e6;
  } finally {
    for (const buffer of buffers) device.destroyBuffer(buffer);
  }
}

async function measureCopy(engine: Engine): Promise<number> {
  const { device } = engine;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  const bytes = Math.min(
    COPY_BYTES,
    2 ** Math.floor(Math.log2(Math.min(maxBufferSize, maxStorageBufferBindingSize))),
  );
  const buffers = ['source', 'target'].map((name) => device.createBuffer(`ceiling ${name}`, bytes, STORAGE));
  try {
    const kernel = await makeKernel(device, 'ceiling copy', copyShader, buffers);
    const groups = bytes / COPY_BYTES_PER_GROUP;
    const sample = () => timed(engine, kernel, groups, COPY_REPEATS);
    await sample();
    return (2 * bytes * COPY_REPEATS) / (await bestOf(SAMPLES, sample)) / 1e6;
  } finally {
    for (const buffer of buffers) device.destroyBuffer(buffer);
  }
}

async function makeKernel(
  device: Device,
  label: string,
  code: string,
  buffers: readonly GPUBuffer[],
): Promise<Kernel> {
  const module = device.gpu.createShaderModule({ label, code });
  const pipeline = await device.gpu.createComputePipelineAsync({
    label,
    layout: 'auto',
    compute: { module, entryPoint: 'main' },
  });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const bindGroup = device.gpu.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return { pipeline, bindGroup };
}

/** Milliseconds of `repeats` dispatches in one submission. */
async function timed(engine: Engine, kernel: Kernel, groups: number, repeats: number): Promise<number> {
  const { gpu } = engine.device;
  const start = performance.now();
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(kernel.pipeline);
  pass.setBindGroup(0, kernel.bindGroup);
  for (let i = 0; i < repeats; i++) pass.dispatchWorkgroups(groups);
  pass.end();
  gpu.queue.submit([encoder.finish()]);
  await engine.idle();
  return performance.now() - start;
}

async function bestOf(samples: number, sample: () => Promise<number>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) best = Math.min(best, await sample());
  return best;
}
