/** The pages' server and the link to a page's worker, without a browser. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expose } from 'comlink';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { ensureReady, root } from '../scripts/setup.mjs';
import { PAGES } from '../src/demos/index.ts';
import { EngineLink, type LinkState, type WorkerPort } from '../src/demos/shared/engine-link.ts';
import type { EngineApi } from '../src/demos/shared/engine-worker.ts';
import { toRgba } from '../src/demos/shared/pixels.ts';
import { type Served, serveFolder } from '../src/experiments/demo/serve.ts';

describe('the server', () => {
  let outside: string;
  let served: Served;
  beforeAll(async () => {
    outside = mkdtempSync(join(tmpdir(), 'facet-serve-'));
    const folder = join(outside, 'pages');
    mkdirSync(join(folder, 'lab'), { recursive: true });
    writeFileSync(join(outside, 'secret.txt'), 'secret');
    writeFileSync(join(folder, 'index.html'), 'first');
    writeFileSync(join(folder, 'lab', 'index.html'), 'lab');
    writeFileSync(join(folder, 'lab', 'page.js'), 'script');
    writeFileSync(join(folder, 'net.safetensors'), 'weights');
    symlinkSync(join(outside, 'secret.txt'), join(folder, 'link.txt'));
    served = await serveFolder(folder, { port: 0 });
  });
  afterAll(async () => {
    await served?.close();
    rmSync(outside, { recursive: true, force: true });
  });

  /** Asks as no browser would: paths are sent as they are. */
  function get(
    path: string,
    method = 'GET',
  ): Promise<{ status: number; type: string; text: string; to: string }> {
    const { hostname, port } = new URL(served.address);
    return new Promise((resolve, reject) => {
      const asked = request({ hostname, port, path, method }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            type: response.headers['content-type'] ?? '',
            text: Buffer.concat(parts).toString(),
            to: response.headers.location ?? '',
          }),
        );
      });
      asked.on('error', reject).end();
    });
  }

  test.each([
    { path: '/', type: 'text/html; charset=utf-8', text: 'first' },
    { path: '/lab/?query#part', type: 'text/html; charset=utf-8', text: 'lab' },
    { path: '/lab/page.js', type: 'text/javascript; charset=utf-8', text: 'script' },
    { path: '/net.safetensors', type: 'application/octet-stream', text: 'weights' },
  ])('hands out $path', async ({ path, type, text }) => {
    expect(await get(path)).toMatchObject({ status: 200, type, text });
    expect(await get(path, 'HEAD')).toMatchObject({ status: 200, type, text: '' });
  });

  it('listens on this machine only, and leads to a folder’s page', async () => {
    expect(new URL(served.address).hostname).toBe('127.0.0.1');
    expect(await get('/lab')).toMatchObject({ status: 302, to: '/lab/' });
  });

  test.each([
    '/../secret.txt',
    '/lab/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/link.txt',
    '//etc/passwd',
    '/%00',
    '/%',
    '/absent.html',
    '/..',
  ])('gives nothing for %s', async (path) => {
    const { status, text } = await get(path);
    expect(status).toBe(404);
    expect(text).not.toContain('secret');
  });

  it('takes no orders', async () => {
    expect((await get('/', 'POST')).status).toBe(405);
  });

  it('says that a port is taken, or takes the next', async () => {
    const port = Number(new URL(served.address).port);
    const folder = join(outside, 'pages');
    await expect(serveFolder(folder, { port })).rejects.toThrow(`port ${port} is taken`);
    const next = await serveFolder(folder, { port, alternatives: 10 });
    expect(Number(new URL(next.address).port)).toBeGreaterThan(port);
    await next.close();
  });
});

describe('facet demo', () => {
  beforeAll(ensureReady);
  const facet = join(root, 'bin', 'facet.mjs');

  it('builds, says where it is, and ends when it is interrupted', async () => {
    const child = spawn(process.execPath, [facet, 'demo', '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const line = await new Promise<string>((resolve, reject) => {
        child.once('exit', (code) => reject(new Error(`facet demo ended with ${code}`)));
        child.stdout.once('data', (text: Buffer) => resolve(text.toString()));
      });
      const [address = ''] = /http:\/\/127\.0\.0\.1:\d+\//.exec(line) ?? [];
      const page = await (await fetch(address)).text();
      expect(page).toContain('Content-Security-Policy');
      for (const { folder } of PAGES) {
        expect((await fetch(`${address}${folder}/page.js`)).status).toBe(200);
      }
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      expect(await ended).toBe(0);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('refuses a port that is none', () => {
    const { status, stderr } = spawnSync(process.execPath, [facet, 'demo', '--port', '70000'], {
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stderr).toContain('from 0 to 65535');
  });
});

/** This machine may be busy. */
const PATIENCE = { timeout: 20_000 };

/** A worker that answers through a message channel; `lose` is what its device would say. */
class FakeWorker implements WorkerPort {
  readonly #port: MessagePort;
  terminated = false;
  lose: (message: string) => void = () => {};

  constructor(open: () => Promise<void> = async () => {}) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const api: EngineApi = {
      open: async (onLost) => {
        this.lose = onLost;
        await open();
        return { description: 'a fake', software: true };
      },
      allocatedBytes: () => 0,
    };
    expose(api, port2);
    port1.start();
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  addEventListener(type: string, listener: EventListenerOrEventListenerObject): void {
    this.#port.addEventListener(type, listener);
  }

  removeEventListener(type: string, listener: EventListenerOrEventListenerObject): void {
    this.#port.removeEventListener(type, listener);
  }

  terminate(): void {
    this.terminated = true;
    this.#port.close();
  }
}

describe('the link to a worker', () => {
  const links: EngineLink<EngineApi>[] = [];
  afterEach(() => {
    for (const link of links.splice(0)) link.close();
  });

  function linked(open?: () => Promise<void>, now?: () => number) {
    const workers: FakeWorker[] = [];
    const states: LinkState<EngineApi>[] = [];
    const news: string[] = [];
    const link = new EngineLink<EngineApi>({
      makeWorker: () => {
        const worker = new FakeWorker(open);
        workers.push(worker);
        return worker;
      },
      onState: (state) => states.push(state),
      onNews: (item) => news.push(item),
      ...(now && { now }),
    });
    links.push(link);
    const kind = () => states.at(-1)?.kind;
    const reached = async (wanted: string, count = 1) => {
      await expect.poll(() => states.filter((state) => state.kind === wanted).length, PATIENCE).toBe(count);
    };
    return { link, workers, states, news, kind, reached };
  }

  it('opens the engine, and answers', async () => {
    const { link, states, reached, workers } = linked();
    link.start();
    link.start(); // there is one already
    await reached('ready');
    expect(states.map(({ kind }) => kind)).toEqual(['starting', 'ready']);
    expect(workers).toHaveLength(1);
    const last = states.at(-1);
    expect(last?.kind === 'ready' && (await last.api.allocatedBytes())).toBe(0);
  });

  it('ends its worker when the page is left, and starts another when it is shown again', async () => {
    const { link, workers, states, reached, kind } = linked();
    link.start();
    await reached('ready');
    link.close();
    expect(workers[0]?.terminated).toBe(true);
    expect(kind()).toBe('closed');
    link.start();
    await reached('ready', 2);
    const generations = states.flatMap((state) => (state.kind === 'ready' ? [state.generation] : []));
    expect(new Set(generations).size).toBe(2);
  });

  it('starts again when the device is lost, and gives up when that goes on', async () => {
    let time = 0;
    const { link, workers, states, news, reached, kind } = linked(undefined, () => time);
    link.start();
    await reached('ready');
    for (const lost of [1, 2]) {
      workers.at(-1)!.lose('unplugged');
      await reached('ready', lost + 1);
      expect(workers.at(-2)?.terminated).toBe(true);
      expect(news.at(-1)).toContain('unplugged');
      time += 10_000;
    }
    workers.at(-1)!.lose('unplugged');
    await reached('failed');
    expect(kind()).toBe('failed');
    expect(states.at(-1)).toMatchObject({ message: expect.stringContaining('3 times') });
    link.restart();
    await reached('ready', 4);
    time += 70_000;
    workers.at(-1)!.lose('unplugged');
    await reached('ready', 5);
  });

  it('does not listen to a worker that has ended', async () => {
    const { link, workers, news, reached } = linked();
    link.start();
    await reached('ready');
    const { lose } = workers[0]!;
    link.restart();
    await reached('ready', 2);
    lose('too late');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(news).toEqual([]);
  });

  it('tells a browser without WebGPU from an engine that failed', async () => {
    const without = linked(async () => {
      throw Object.assign(new Error('no adapter'), { name: 'AdapterError' });
    });
    without.link.start();
    await without.reached('unsupported');
    expect(without.states.at(-1)).toEqual({ kind: 'unsupported', reason: 'no adapter' });
    const broken = linked(async () => {
      throw new Error('broken');
    });
    broken.link.start();
    await broken.reached('failed');
    expect(broken.states.at(-1)).toEqual({ kind: 'failed', message: 'broken' });
    expect(broken.workers[0]?.terminated).toBe(true);
  });
});

test('pixels become opaque RGBA, whether bytes or numbers', () => {
  expect([...toRgba(Uint8Array.of(1, 2, 3))]).toEqual([1, 2, 3, 255]);
  expect([...toRgba(Float32Array.of(0, 0.5, 2, -1, 1, 0.2))]).toEqual([0, 128, 255, 255, 0, 255, 51, 255]);
});

test('pages have folders and titles of their own', () => {
  expect(new Set(PAGES.map(({ folder }) => folder)).size).toBe(PAGES.length);
  expect(new Set(PAGES.map(({ title }) => title)).size).toBe(PAGES.length);
});
