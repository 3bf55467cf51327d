/**
 * SwiftShader, a Vulkan driver in software, out of npm's `@sparticuz/chromium`: for machines without
 * drivers, without root and without install scripts. Unpacked once into the cache folder.
 */
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { cacheFolder } from './cache-folder.ts';
import { AdapterError } from './host.ts';
import { unpackTarBrotli } from './untar.ts';

const PACKAGE = '@sparticuz/chromium';

export interface SwiftShader {
  /** Vulkan's own loader, for machines that lack it. */
  readonly loader: string;
  /** The driver's manifest, for VK_ICD_FILENAMES. */
  readonly manifest: string;
}

/** The folder of the package, with its version. */
export function findChromiumPackage(): { folder: string; version: string } {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(PACKAGE);
  } catch {
    throw new AdapterError(
      `SwiftShader: expected the npm package ${PACKAGE} in node_modules, found none; npm install ${PACKAGE}`,
    );
  }
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (!existsSync(manifest)) continue;
    const { name, version } = JSON.parse(readFileSync(manifest, 'utf8')) as {
      name?: string;
      version?: string;
    };
    if (name === PACKAGE && version) return { folder, version };
  }
  throw new AdapterError(`SwiftShader: ${entry} belongs to no package called ${PACKAGE}; run npm ci`);
}

/**
 * Unpacks archives of the package into a folder of the cache, once: into a temporary folder first, which
 * is then renamed, so that a process never meets half of it. Returns the folder.
 */
export function unpackOnce(label: string, unpack: (packageFolder: string, into: string) => void): string {
  const { folder, version } = findChromiumPackage();
  const target = join(cacheFolder(), `${label}-${version}`);
  if (existsSync(target)) return target;
  const temporary = mkdtempSync(`${target}.`);
  try {
    unpack(folder, temporary);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // Another process may have been first; the rename onto its folder then fails, and that is fine.
    if (!existsSync(target)) throw error;
  }
  return target;
}

/** SwiftShader's files, unpacked if they are not yet. */
export function ensureSwiftShader(): SwiftShader {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new AdapterError(
      `SwiftShader: packed for linux x64 only, this is ${process.platform} ${process.arch}; use the system's GPU drivers`,
    );
  }
  const folder = unpackOnce('swiftshader', (packageFolder, into) => {
    unpackTarBrotli(join(packageFolder, 'bin', 'swiftshader.tar.br'), into);
  });
  return { loader: join(folder, 'libvulkan.so.1'), manifest: join(folder, 'vk_swiftshader_icd.json') };
}
