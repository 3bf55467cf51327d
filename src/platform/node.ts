/**
 * Node's WebGPU: Dawn, through npm's `webgpu`. Chooses an adapter in the order GPU, the system's software
 * drivers, SwiftShader from node_modules, so that every machine has one.
 */
import { create } from 'webgpu';
import { calmPolling } from './dawn-polling.ts';
import {
  AdapterError,
  type AdapterRequest,
  adapterDescription,
  adapterKind,
  type HostAdapter,
} from './host.ts';
import { ensureSwiftShader } from './swiftshader.ts';
import { hasVulkanDrivers, hasVulkanLoader, preloadVulkanLoader, withVulkanDriver } from './vulkan.ts';

export { openTextCache } from './cache-folder.ts';

/** NVIDIA hides f16 on Vulkan, and times come in steps of 65 µs, unless Dawn is told otherwise. */
const DAWN_OPTIONS = [
  'enable-dawn-features=vulkan_enable_f16_on_nvidia',
  'disable-dawn-features=timestamp_quantization',
];

const IS_LINUX = process.platform === 'linux';

/** Asking Dawn for an adapter of this name makes it list the names that there are. */
const NO_SUCH_ADAPTER = 'facet asks for the list';

/**
 * A WebGPU instance. Whoever calls this must keep it referenced as long as its devices are used (openAdapter
 * sees to that), but not from a global object, which would keep Node from exiting.
 */
export function createGpu(options: readonly string[] = []): GPU {
  return create([...DAWN_OPTIONS, ...(IS_LINUX ? ['backend=vulkan'] : []), ...options]);
}

/** Drivers to look for adapters in. */
type Drivers = 'system' | 'swiftshader';

/** Says why these drivers cannot be asked, or makes them ready. */
function prepare(drivers: Drivers): { manifest?: string; unusable?: string } {
  if (drivers === 'swiftshader') {
    try {
      const { loader, manifest } = ensureSwiftShader();
      if (!hasVulkanLoader()) preloadVulkanLoader(loader);
      return { manifest };
    } catch (error) {
      return { unusable: error instanceof Error ? error.message : String(error) };
    }
  }
  if (!IS_LINUX) return {};
  if (!hasVulkanDrivers()) return { unusable: 'no Vulkan driver is installed' };
  if (!hasVulkanLoader()) {
    // The drivers of a container are often mounted from its host without a loader; SwiftShader's serves.
    try {
      preloadVulkanLoader(ensureSwiftShader().loader);
    } catch {
      return { unusable: "Vulkan drivers are installed but not Vulkan's loader (Debian: libvulkan1)" };
    }
  }
  return {};
}

/**
 * Makes the adapter and its devices hold on to their instance. Dawn frees it with its JavaScript object
 * and then crashes the process, however many devices are still at work.
 */
function holdInstance(gpu: GPU, adapter: GPUAdapter): void {
  const requestDevice = adapter.requestDevice.bind(adapter);
  const hold = { instance: { value: gpu } };
  Object.defineProperties(adapter, {
    ...hold,
    requestDevice: {
      value: async (descriptor?: GPUDeviceDescriptor) =>
        Object.defineProperties(await requestDevice(descriptor), hold),
    },
  });
}

async function request(gpu: GPU): Promise<HostAdapter | undefined> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) return undefined;
  holdInstance(gpu, adapter);
  const { info } = adapter;
  return { gpu, adapter, kind: adapterKind(info), description: adapterDescription(info) };
}

interface Found {
  readonly adapters: HostAdapter[];
  /** Why there are none. */
  readonly reason: string;
}

/** The adapter that Dawn prefers among these drivers' own. */
async function findBest(drivers: Drivers): Promise<Found> {
  const { manifest, unusable } = prepare(drivers);
  if (unusable !== undefined) return { adapters: [], reason: unusable };
  const found = await withVulkanDriver(manifest, () => request(createGpu()));
  return { adapters: found ? [found] : [], reason: 'the drivers offer nothing that Dawn accepts' };
}

/** Every adapter of these drivers. Dawn has no call for it, but a refusal that names them. */
async function findAll(drivers: Drivers): Promise<Found> {
  const { manifest, unusable } = prepare(drivers);
  if (unusable !== undefined) return { adapters: [], reason: unusable };
  return withVulkanDriver(manifest, async () => {
    const refusal = await request(createGpu([`adapter=${NO_SUCH_ADAPTER}`])).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    const names = new Set([...refusal.matchAll(/name: '(.*)'/g)].map((match) => match[1] ?? ''));
    const adapters: HostAdapter[] = [];
    for (const name of names) {
      const found = await request(createGpu([`adapter=${name}`]));
      if (found) adapters.push(found);
    }
    return { adapters, reason: 'the drivers offer nothing that Dawn accepts' };
  });
}

/** Every adapter that this machine has, the fastest kinds first. */
export async function listAdapters(): Promise<HostAdapter[]> {
  const system = await findAll('system');
  const swiftshader = IS_LINUX ? await findAll('swiftshader') : { adapters: [] };
  const order = ['gpu', 'lavapipe', 'software', 'swiftshader'];
  const all = [...system.adapters, ...swiftshader.adapters];
  return all.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

async function openDefault(): Promise<HostAdapter> {
  const system = await findBest('system');
  if (system.adapters[0]) return system.adapters[0];
  const swiftshader = await findBest('swiftshader');
  if (swiftshader.adapters[0]) return swiftshader.adapters[0];
  throw new AdapterError(
    `no WebGPU adapter on this machine. System: ${system.reason}. SwiftShader: ${swiftshader.reason}. ` +
      "Install a GPU's Vulkan driver or Mesa ≥ 24 (Debian: mesa-vulkan-drivers), or run npm ci for SwiftShader",
  );
}

async function openPreferred(preference: string): Promise<HostAdapter> {
  if (preference === 'swiftshader') {
    const { adapters, reason } = await findBest('swiftshader');
    if (adapters[0]) return adapters[0];
    throw new AdapterError(`adapter 'swiftshader': ${reason}`);
  }
  const all = await listAdapters();
  const text = preference.toLowerCase();
  const chosen =
    all.find(({ kind }) => kind === text) ??
    all.find(({ description, adapter }) =>
      `${description} ${adapter.info.vendor} ${adapter.info.device}`.toLowerCase().includes(text),
    );
  if (chosen) return chosen;
  const list = all.map(({ kind, description }) => `${description} (${kind})`).join('; ') || 'none';
  throw new AdapterError(
    `no adapter matches '${preference}' (from --adapter or FACET_ADAPTER); expected auto, gpu, lavapipe, ` +
      `swiftshader or part of the name of one that this machine has: ${list}`,
  );
}

/** One line for people: which adapter, and on software how to get a faster one. */
function announcement({ kind, description }: HostAdapter): string {
  if (kind === 'gpu') return `facet: running on ${description}`;
  if (kind === 'lavapipe') return `facet: running on the CPU: ${description}`;
  const advice = IS_LINUX
    ? '; lavapipe is 5–10 times faster: install Mesa ≥ 24 (Debian: mesa-vulkan-drivers, on 12 from backports)'
    : '';
  return `facet: running on the CPU: ${description}${advice}`;
}

/** Opens the adapter that was asked for (see AdapterRequest), else the best that the machine has. */
export async function openAdapter(request: AdapterRequest = {}): Promise<HostAdapter> {
  const preference = request.preference || process.env.FACET_ADAPTER || 'auto';
  const chosen = preference === 'auto' ? await openDefault() : await openPreferred(preference);
  calmPolling(chosen.kind);
  request.announce?.(announcement(chosen));
  return chosen;
}
