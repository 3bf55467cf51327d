import { DeviceLostError, EngineError, OutOfMemoryError, ShaderError } from './errors.ts';
import type { AdapterTraits } from './kernels/plan.ts';

// WebGPU's flag values. The globals that name them do not exist under Node.
export const BufferUsage = {
  MAP_READ: 1,
  COPY_SRC: 4,
  COPY_DST: 8,
  UNIFORM: 64,
  STORAGE: 128,
  QUERY_RESOLVE: 512,
};
const MAP_MODE_READ = 1;
const SHADER_STAGE_COMPUTE = 4;
/** Bytes of immediates that parameters may take. */
const IMMEDIATE_BYTES = 64;
/** Alignment of dynamic offsets that every adapter accepts. */
export const UNIFORM_ALIGNMENT = 256;

const WANTED_FEATURES: readonly GPUFeatureName[] = ['subgroups', 'shader-f16', 'timestamp-query'];
const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Options for `openDevice`, mostly for tests of the paths that an adapter would not take by itself. */
export interface DeviceOptions {
  /** Use a uniform buffer for kernel parameters even where immediates are supported. */
  readonly noImmediates?: boolean;
  /** Do without these features even where they are supported. */
  readonly withoutFeatures?: readonly string[];
  /** Choose kernels and fuse as for a GPU, whatever answers. */
  readonly asGpu?: boolean;
}

/** Whether a software rasteriser or a GPU answers; software adapters want other kernels. */
function isSoftware(info: GPUAdapterInfo): boolean {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  return /swiftshader|llvmpipe|lavapipe|software|basic render/.test(text) || info.isFallbackAdapter === true;
}

/** `setImmediates` and its companions, which the published types do not know yet. */
interface ImmediatesEncoder {
  setImmediates(offset: number, data: Uint32Array): void;
}

/**
 * A GPU device with what the engine needs around it: pipelines by their text, buffers whose failure
 * has a name, errors that surface at the call that comes next.
 */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: GPUAdapterInfo;
  readonly traits: AdapterTraits;
  /** Parameters travel as immediates; else in a uniform buffer with dynamic offsets. */
  readonly immediates: boolean;
  readonly hasTimestamps: boolean;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  readonly #layouts = new Map<string, { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout }>();
  readonly paramsLayout: GPUBindGroupLayout | undefined;
  #lost: GPUDeviceLostInfo | undefined;
  #failure: EngineError | undefined;
  /** Bytes of buffers made and not destroyed. */
  allocatedBytes = 0;

  constructor(gpu: GPUDevice, info: GPUAdapterInfo, immediates: boolean, software = isSoftware(info)) {
    this.gpu = gpu;
    this.info = info;
    this.immediates = immediates;
    this.hasTimestamps = gpu.features.has('timestamp-query');
    const fixedSubgroup = info.subgroupMinSize === info.subgroupMaxSize ? (info.subgroupMinSize ?? 0) : 0;
    this.traits = {
      software,
      subgroupSize: gpu.features.has('subgroups') ? fixedSubgroup : 0,
      maxInvocations: gpu.limits.maxComputeInvocationsPerWorkgroup,
      maxWorkgroupStorage: gpu.limits.maxComputeWorkgroupStorageSize,
    };
    this.paramsLayout = immediates
      ? undefined
      : gpu.createBindGroupLayout({
          entries: [
            {
              binding: 0,
              visibility: SHADER_STAGE_COMPUTE,
              buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: 0 },
            },
          ],
        });
    void gpu.lost.then((lost) => {
      this.#lost = lost;
    });
    gpu.onuncapturederror = (event) => {
      this.#failure ??=
        event.error.constructor.name === 'GPUOutOfMemoryError'
          ? new OutOfMemoryError(`the GPU ran out of memory: ${event.error.message}. Use a smaller batch.`)
          : new EngineError(`the GPU refused a command: ${event.error.message}`);
    };
  }

  /** Name for tables: `llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)`. */
  get name(): string {
    return (
      this.info.description ||
      this.info.device ||
      `${this.info.vendor} ${this.info.architecture}`.trim() ||
      'unnamed adapter'
    );
  }

  /** Throws what went wrong since the last call, if anything. */
  check(): void {
    if (this.#lost && this.#lost.reason !== 'destroyed') {
      throw new DeviceLostError(
        `the GPU device was lost (${this.#lost.message || 'no reason given'}). What was on it is gone: open a new engine and resume from the last checkpoint.`,
      );
    }
    if (this.#lost) throw new DeviceLostError('the engine was closed; open a new one to run programs.');
    if (this.#failure) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
  }

  /** A buffer of at least 16 bytes. Throws OutOfMemoryError, naming `label`, when it is over a limit. */
  createBuffer(label: string, bytes: number, usage: number): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    this.checkSize(label, size, usage);
    const buffer = this.gpu.createBuffer({ label, size, usage });
    this.allocatedBytes += size;
    return buffer;
  }

  destroyBuffer(buffer: GPUBuffer): void {
    this.allocatedBytes -= buffer.size;
    buffer.destroy();
  }

  /** Throws OutOfMemoryError when a buffer of `bytes` is over the adapter's limits. */
  checkSize(label: string, bytes: number, usage: number): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.gpu.limits;
    const limit =
      usage & BufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (bytes > limit) {
      throw new OutOfMemoryError(
        `${label} needs ${mebibytes(bytes)}, but ${this.name} allows ${mebibytes(limit)} in one buffer. Use a smaller batch or image, or another adapter.`,
      );
    }
  }

  /** Runs `make` and turns an out-of-memory answer of the GPU into an error that names `what`. */
  async guardMemory<T>(what: string, make: () => T): Promise<T> {
    this.gpu.pushErrorScope('out-of-memory');
    let result: T;
    try {
      result = make();
    } catch (error) {
      await this.gpu.popErrorScope();
      throw error;
    }
    const error = await this.gpu.popErrorScope();
    if (error) {
      throw new OutOfMemoryError(
        `${what}: the GPU is out of memory (${error.message}). Use a smaller batch, or free other programs.`,
      );
    }
    return result;
  }

  /** Layouts for storage bindings given as a string of r (read) and w (read and write). */
  layouts(access: string): { group: GPUBindGroupLayout; pipeline: GPUPipelineLayout } {
    const known = this.#layouts.get(access);
    if (known) return known;
    const group = this.gpu.createBindGroupLayout({
      entries: Array.from(access, (letter, binding) => ({
        binding,
        visibility: SHADER_STAGE_COMPUTE,
        buffer: { type: letter === 'r' ? ('read-only-storage' as const) : ('storage' as const) },
      })),
    });
    const descriptor = {
      bindGroupLayouts: this.paramsLayout ? [group, this.paramsLayout] : [group],
      ...(this.immediates && { immediateSize: IMMEDIATE_BYTES }),
    };
    const made = { group, pipeline: this.gpu.createPipelineLayout(descriptor) };
    this.#layouts.set(access, made);
    return made;
  }

  /** The pipeline for a shader, compiled once for each text. */
  pipeline(label: string, wgsl: string, access: string): Promise<GPUComputePipeline> {
    const key = `${access}\n${wgsl}`;
    const known = this.#pipelines.get(key);
    if (known) return known;
    const made = this.#compile(label, wgsl, access);
    this.#pipelines.set(key, made);
    // A failure must not be remembered as the answer.
    made.catch(() => this.#pipelines.delete(key));
    return made;
  }

  async #compile(label: string, wgsl: string, access: string): Promise<GPUComputePipeline> {
    const layout = this.layouts(access).pipeline;
    this.gpu.pushErrorScope('validation');
    const module = this.gpu.createShaderModule({ label, code: wgsl });
    const refused = this.gpu.popErrorScope();
    let reason: string | undefined;
    try {
      const pipeline = await this.gpu.createComputePipelineAsync({
        label,
        layout,
        compute: { module, entryPoint: 'main' },
      });
      if (!(await refused)) return pipeline;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    const { messages } = await module.getCompilationInfo();
    const complaints = messages
      .filter((message) => message.type === 'error')
      .map((message) => `line ${message.lineNum}: ${message.message}`);
    const numbered = wgsl
      .split('\n')
      .map((line, index) => `${String(index + 1).padStart(4)} | ${line}`)
      .join('\n');
    throw new ShaderError(
      `kernel ${label} did not compile on ${this.name}: ${complaints.join('; ') || reason || 'no message'}\n${numbered}`,
    );
  }

  setParams(pass: GPUComputePassEncoder, params: Uint32Array): void {
    (pass as unknown as ImmediatesEncoder).setImmediates(0, params);
  }

  /** Copies ranges of buffers to the CPU. */
  async readBack(
    ranges: readonly { buffer: GPUBuffer; offset: number; bytes: number }[],
  ): Promise<ArrayBuffer[]> {
    this.check();
    const total = ranges.reduce((sum, range) => sum + range.bytes, 0);
    const staging = this.createBuffer('read back', total, BufferUsage.MAP_READ | BufferUsage.COPY_DST);
    const encoder = this.gpu.createCommandEncoder();
    let position = 0;
    for (const { buffer, offset, bytes } of ranges) {
      encoder.copyBufferToBuffer(buffer, offset, staging, position, bytes);
      position += bytes;
    }
    this.gpu.queue.submit([encoder.finish()]);
    try {
      await staging.mapAsync(MAP_MODE_READ);
      const mapped = staging.getMappedRange();
      let start = 0;
      return ranges.map(({ bytes }) => {
        const part = mapped.slice(start, start + bytes);
        start += bytes;
        return part;
      });
    } catch (error) {
      this.check();
      throw new EngineError(
        `reading from the GPU failed: ${error instanceof Error ? error.message : String(error)}`,
      );
    } finally {
      this.destroyBuffer(staging);
      this.check();
    }
  }
}

/** `12.5 MiB`. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1048576).toFixed(bytes < 10485760 ? 2 : 0)} MiB`;
}

/** A device with all that the adapter has of what the engine can use; nothing of it is required. */
export async function openDevice(adapter: GPUAdapter, options: DeviceOptions = {}): Promise<Device> {
  const features = WANTED_FEATURES.filter(
    (feature) => adapter.features.has(feature) && !options.withoutFeatures?.includes(feature),
  );
  const limits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) limits[name] = adapter.limits[name];
  const mostImmediates = (adapter.limits as unknown as { maxImmediateSize?: number }).maxImmediateSize ?? 0;
  const immediates = mostImmediates >= IMMEDIATE_BYTES && !options.noImmediates;
  if (immediates) limits.maxImmediateSize = IMMEDIATE_BYTES;
  const gpu = await adapter.requestDevice({ requiredFeatures: features, requiredLimits: limits });
  const usable =
    immediates && 'setImmediates' in (globalThis.GPUComputePassEncoder?.prototype ?? { setImmediates: 0 });
  return new Device(gpu, adapter.info, usable, isSoftware(adapter.info) && !options.asGpu);
}
