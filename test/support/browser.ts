/**
 * A page to run test modules in: headless Chromium with WebGPU, on SwiftShader where there is no GPU. The
 * module is bundled as the library is, served on loopback, and one of its exports is called in the page.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { build } from 'esbuild';
import { type Browser, chromium, type Page } from 'playwright-core';
import { unpackOnce } from '../../src/platform/swiftshader.ts';
import { unpackTarBrotli } from '../../src/platform/untar.ts';

const ARGUMENTS = [
  '--no-sandbox', // containers and root have no user namespaces to make one from
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--no-first-run',
  '--no-pings',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

const WITH_WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
const WITHOUT_WEBGPU = ['--disable-features=WebGPU,WebGPUService', '--disable-blink-features=WebGPU'];

const INSTALLED = ['google-chrome-stable', 'google-chrome', 'chromium', 'chromium-browser'];

interface Executable {
  readonly path: string;
  /** Folder of the shared libraries that it brings along. */
  readonly libraries?: string;
}

function findInstalled(): Executable | undefined {
  const named = process.env.FACET_CHROMIUM;
  if (named) {
    if (existsSync(named)) return { path: named };
    throw new Error(`browser: FACET_CHROMIUM names ${named}, which does not exist; unset it or correct it`);
  }
  const folders = (process.env.PATH ?? '').split(':');
  const paths = INSTALLED.flatMap((name) => folders.map((folder) => join(folder, name)));
  const path = paths.find((candidate) => existsSync(candidate));
  return path ? { path } : undefined;
}

/** Unpacks npm's Chromium into the cache folder, once. */
function unpackChromium(): Executable {
  const folder = unpackOnce('chromium', (packageFolder, into) => {
    const archive = (name: string): string => join(packageFolder, 'bin', name);
    unpackTarBrotli(archive('al2023.tar.br'), into);
    unpackTarBrotli(archive('swiftshader.tar.br'), into);
    const binary = brotliDecompressSync(readFileSync(archive('chromium.br')));
    writeFileSync(join(into, 'chromium'), binary, { mode: 0o755 });
  });
  return { path: join(folder, 'chromium'), libraries: join(folder, 'lib') };
}

/** Serves an empty page and one script per path; loopback counts as a secure context, as WebGPU asks. */
async function serve(scripts: ReadonlyMap<string, string>): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    const script = scripts.get(request.url ?? '');
    const page = '<!doctype html><meta charset="utf-8"><title>facet</title><link rel="icon" href="data:,">';
    response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
    response.end(script ?? page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Bundles a module for the page, as scripts/build.mjs does the library. */
async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    loader: { '.wgsl': 'text' },
    sourcemap: 'inline',
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}

/** What can cross between the tests and the page. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface TestBrowser {
  /**
   * Calls a module's exported function in a fresh page and returns its result, by way of JSON. What the
   * page logged is added to the error of a call that fails.
   */
  call(file: string, exported: string, ...args: readonly Json[]): Promise<unknown>;
  close(): Promise<void>;
}

/** Calls in the page; text, because Vite would rewrite the import of a function that crosses over. */
async function callInPage(
  page: Page,
  url: string,
  exported: string,
  args: readonly Json[],
): Promise<unknown> {
  const task = JSON.stringify({ url, exported, args });
  return page.evaluate(`(async ({ url, exported, args }) => {
    const module = await import(url);
    if (typeof module[exported] !== 'function') {
      throw new Error('expected a function ' + exported + ', got ' + Object.keys(module).join(', '));
    }
    return module[exported](...args);
  })(${task})`);
}

/**
 * Starts Chromium: FACET_CHROMIUM, else one that is installed, else npm's. Without `webgpu` it is as a browser that
 * does not have it.
 */
export function launchChromium({ webgpu = true } = {}): Promise<Browser> {
  const { path, libraries } = findInstalled() ?? unpackChromium();
  const environment = { ...process.env, ...(libraries ? { LD_LIBRARY_PATH: libraries } : {}) };
  const args = [...ARGUMENTS, ...(webgpu ? WITH_WEBGPU : WITHOUT_WEBGPU)];
  return chromium.launch({ executablePath: path, args, env: environment });
}

/** A browser to run modules in. */
export async function openTestBrowser(): Promise<TestBrowser> {
  const scripts = new Map<string, string>();
  const { server, origin } = await serve(scripts);
  const browser = await launchChromium();
  return {
    async call(file, exported, ...args) {
      const url = `/${scripts.size}.js`;
      scripts.set(url, await bundle(file));
      const page = await browser.newPage();
      const log: string[] = [];
      page.on('console', (message) => log.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => log.push(`uncaught: ${error.message}`));
      try {
        await page.goto(origin);
        return await callInPage(page, url, exported, args);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        throw new Error([`${file} › ${exported}, in the page: ${message}`, ...log].join('\n'), {
          cause: error,
        });
      } finally {
        await page.close();
      }
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
