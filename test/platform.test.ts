import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { brotliCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { cacheFolder, openTextCache } from '../src/platform/cache-folder.ts';
import { adapterKind } from '../src/platform/host.ts';
import { openAdapter } from '../src/platform/node.ts';
import { unpackTarBrotli } from '../src/platform/untar.ts';
import { hasVulkanDrivers } from '../src/platform/vulkan.ts';
import { double } from './support/double.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facet-platform-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

describe('openAdapter', () => {
  test('computes on the adapter that the machine has, and says in one line which', async () => {
    const lines: string[] = [];
    const { adapter, description } = await openAdapter({ announce: (line) => lines.push(line) });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(description);
    expect(await double(adapter)).toEqual([2, 4, 6, 8]);
  });

  test.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'computes on SwiftShader without the drivers of the system, and leaves the environment alone',
    async () => {
      const before = { ...process.env };
      const { adapter, kind } = await openAdapter({ preference: 'swiftshader' });
      expect(kind).toBe('swiftshader');
      expect(await double(adapter)).toEqual([2, 4, 6, 8]);
      expect(process.env).toEqual(before);
    },
  );

  test('refuses an adapter that is not there, naming those that are', async () => {
    const { description } = await openAdapter();
    const refused = openAdapter({ preference: 'abacus' });
    await expect(refused).rejects.toThrow(/no adapter matches 'abacus'.*swiftshader/);
    await expect(refused).rejects.toThrow(description);
  });

  test('keeps the device usable after everything but the device was collected', async () => {
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const device = await openAdapter().then(({ adapter }) => adapter.requestDevice());
    for (let round = 0; round < 5; round++) {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 5));
      await device.queue.onSubmittedWorkDone();
    }
    device.destroy();
  });
});

describe('adapterKind', () => {
  const info = (fields: Partial<GPUAdapterInfo>): GPUAdapterInfo => ({
    __brand: 'GPUAdapterInfo',
    vendor: '',
    architecture: '',
    device: '',
    description: '',
    subgroupMinSize: 4,
    subgroupMaxSize: 128,
    isFallbackAdapter: false,
    ...fields,
  });
  test.each([
    ['gpu', { vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA: 570.86' }],
    ['lavapipe', { vendor: 'mesa', description: 'llvmpipe: Mesa 25.0.7', isFallbackAdapter: true }],
    ['swiftshader', { vendor: 'google', architecture: 'swiftshader' }],
    ['software', { vendor: 'microsoft', description: 'Microsoft Basic Render Driver' }],
  ])('%s', (kind, fields) => {
    expect(adapterKind(info(fields))).toBe(kind);
  });
});

describe('hasVulkanDrivers', () => {
  test('follows the environment and the folders that it names', () => {
    for (const name of ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'])
      vi.stubEnv(name, undefined);
    vi.stubEnv('VK_ICD_FILENAMES', '/some/icd.json');
    expect(hasVulkanDrivers()).toBe(true);
  });
});

describe('the cache', () => {
  test('keeps texts under any key', async () => {
    const key = 'NVIDIA: 570/86 …';
    await openTextCache(folder).write(key, 'first');
    await openTextCache(folder).write(key, 'second');
    expect(await openTextCache(folder).read(key)).toBe('second');
    expect(await openTextCache(folder).read('other')).toBeUndefined();
  });

  test('is in XDG_CACHE_HOME, or among temporary files where that cannot be made', () => {
    vi.stubEnv('XDG_CACHE_HOME', folder);
    expect(cacheFolder()).toBe(join(folder, 'facet'));
    const file = join(folder, 'file');
    writeFileSync(file, '');
    vi.stubEnv('XDG_CACHE_HOME', file);
    expect(cacheFolder()).toBe(join(tmpdir(), `facet-${process.getuid?.() ?? 0}`));
  });
});

describe('unpackTarBrotli', () => {
  const entry = (name: string, mode: string, text: string): Buffer => {
    const block = Buffer.alloc(1024);
    block.write(name, 0);
    block.write(mode, 100);
    block.write(text.length.toString(8).padStart(11, '0'), 124);
    block.write('0', 156);
    block.write(text, 512);
    return block;
  };
  const archive = (tar: Buffer): string => {
    const file = join(folder, 'archive.tar.br');
    writeFileSync(file, brotliCompressSync(tar));
    return file;
  };

  test('writes files with their modes, and none outside its folder', () => {
    const tar = Buffer.concat([
      entry('lib/a.so', '0000755', 'elf'),
      entry('../../b', '0000644', 'b'),
      Buffer.alloc(1024),
    ]);
    unpackTarBrotli(archive(tar), join(folder, 'out'));
    expect(readFileSync(join(folder, 'out', 'lib', 'a.so'), 'utf8')).toBe('elf');
    expect(statSync(join(folder, 'out', 'lib', 'a.so')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(folder, 'out', 'b'), 'utf8')).toBe('b');
  });

  test('says where an archive stops being one', () => {
    expect(() => unpackTarBrotli(archive(Buffer.alloc(512, 'x')), folder)).toThrow(
      /expected a tar header at byte 0/,
    );
  });
});
