/** Vulkan on Linux: is there a loader, are there drivers, and how to bring one's own without a restart. */
import { readdirSync } from 'node:fs';
import { constants, homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { AdapterError } from './host.ts';

const LOADER = 'libvulkan.so.1';

/** Keeps a library in memory after its handle is closed; the same number in glibc and musl. */
const RTLD_NODELETE = 0x1000;

/** Loads a shared library as if it were an addon; returns the dynamic linker's complaint, if any. */
function load(library: string, flags: number): string | undefined {
  try {
    process.dlopen({ exports: {} }, library, flags);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // Loaded, but not an addon: all that could be asked of it.
    return message.includes('did not self-register') ? undefined : message;
  }
}

/** Whether the dynamic linker finds Vulkan's loader, as Dawn will ask it to. */
export function hasVulkanLoader(): boolean {
  return load(LOADER, constants.dlopen.RTLD_LAZY) === undefined;
}

/**
 * Brings a Vulkan loader into the process. Libraries are known by their soname, so Dawn's later search
 * for `libvulkan.so.1` finds this one: no LD_LIBRARY_PATH, which Node would have to be restarted for.
 */
export function preloadVulkanLoader(path: string): void {
  const complaint = load(path, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | RTLD_NODELETE);
  if (complaint !== undefined || !hasVulkanLoader()) {
    throw new AdapterError(
      `Vulkan: ${path} does not load (${complaint ?? 'it does not stay in memory'}); ` +
        "install the system's own loader (Debian: libvulkan1) or set LD_LIBRARY_PATH to that file's folder",
    );
  }
}

/** The folders where Vulkan's loader looks for driver manifests, in its order. */
function manifestFolders(): string[] {
  const environment = process.env;
  const list = (name: string, otherwise: string): string[] =>
    (environment[name] || otherwise).split(':').filter((folder) => folder !== '');
  const roots = [
    environment.XDG_CONFIG_HOME || join(homedir(), '.config'),
    ...list('XDG_CONFIG_DIRS', '/etc/xdg'),
    '/usr/local/etc',
    '/etc',
    environment.XDG_DATA_HOME || join(homedir(), '.local', 'share'),
    ...list('XDG_DATA_DIRS', '/usr/local/share:/usr/share'),
  ];
  return roots.map((root) => join(root, 'vulkan', 'icd.d'));
}

/** Whether any driver is installed, or named by the environment. */
export function hasVulkanDrivers(): boolean {
  const { VK_DRIVER_FILES, VK_ICD_FILENAMES, VK_ADD_DRIVER_FILES } = process.env;
  // Once one of these is set, the loader looks nowhere else (VK_ADD_DRIVER_FILES adds).
  if (VK_DRIVER_FILES || VK_ICD_FILENAMES || VK_ADD_DRIVER_FILES) return true;
  return manifestFolders().some((folder) => {
    try {
      return readdirSync(folder).some((name) => name.endsWith('.json'));
    } catch {
      return false;
    }
  });
}

/**
 * Runs `use` with Vulkan pointed at one driver (or, without a manifest, at the system's), then restores
 * the environment. The loader reads it when Dawn makes its instance; lavapipe wants a runtime folder.
 */
export async function withVulkanDriver<T>(manifest: string | undefined, use: () => Promise<T>): Promise<T> {
  const wanted: Record<string, string> = {};
  if (!process.env.XDG_RUNTIME_DIR) wanted.XDG_RUNTIME_DIR = tmpdir();
  if (manifest !== undefined) {
    wanted.VK_ICD_FILENAMES = manifest; // loaders before 1.3.207
    wanted.VK_DRIVER_FILES = manifest; // the newer name, which goes first
  }
  const before = Object.keys(wanted).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, wanted);
  try {
    return await use();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}
