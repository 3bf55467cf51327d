/** Serves a folder of static files on loopback: no listing, nothing outside the folder, no caching between builds. */
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize, relative, sep } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.txt': 'text/plain; charset=utf-8',
};

/** A server that is listening. */
export interface Served {
  /** `http://127.0.0.1:8137/` */
  readonly address: string;
  /** Resolves when nothing is open any more. */
  close(): Promise<void>;
}

export interface ServeOptions {
  /** 0 for any that is free. */
  readonly port: number;
  /** How many of the following ports to try where it is taken; none where absent. */
  readonly alternatives?: number;
}

/** Serves `folder` on 127.0.0.1. Throws an Error that says which port is taken, and what to do. */
export async function serveFolder(folder: string, { port, alternatives = 0 }: ServeOptions): Promise<Served> {
  const root = await realpath(folder);
  const server = createServer((request, response) => {
    answer(root, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  const bound = await listen(server, port, alternatives);
  return {
    address: `http://127.0.0.1:${bound}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, first: number, alternatives: number): Promise<number> {
  for (let port = first; ; port++) {
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', resolve);
        resolve(undefined);
      });
    });
    if (!failure) return (server.address() as AddressInfo).port;
    const taken = failure.code === 'EADDRINUSE' || failure.code === 'EACCES';
    if (taken && port - first < alternatives && port < 65_535) continue;
    if (!taken) throw failure;
    const range = port === first ? `port ${port} is` : `ports ${first} to ${port} are`;
    throw new Error(
      `${range} taken, or not ours to listen on; choose another with --port, 0 for any that is free`,
    );
  }
}

async function answer(root: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const found = await find(root, request.url ?? '/');
  if (found === undefined) {
    response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8' }).end('There is no such file.\n');
    return;
  }
  if ('folder' in found) {
    // With the slash, so that relative addresses in its page are right.
    response.writeHead(302, { location: `/${encodeURI(found.folder)}/` }).end();
    return;
  }
  const { file } = found;
  response.writeHead(200, {
    'content-type': TYPES[extname(file.path)] ?? 'application/octet-stream',
    'content-length': file.size,
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  if (request.method === 'HEAD') response.end();
  else
    createReadStream(file.path)
      .on('error', (error) => response.destroy(error))
      .pipe(response);
}

type Found =
  | { readonly file: { readonly path: string; readonly size: number } }
  | { readonly folder: string };

/** The file or folder that an address means; undefined where it is none, or lies outside the root. */
async function find(root: string, url: string): Promise<Found | undefined> {
  try {
    const [pathname = '/'] = url.split(/[?#]/);
    const asked = normalize(join(root, decodeURIComponent(pathname)));
    // Links are followed before looking where the file lies.
    const path = await realpath(asked.endsWith(sep) || asked === root ? join(asked, 'index.html') : asked);
    if (!path.startsWith(root + sep)) return undefined;
    const info = await stat(path);
    if (info.isDirectory()) return { folder: relative(root, path).split(sep).join('/') };
    return info.isFile() ? { file: { path, size: info.size } } : undefined;
  } catch {
    return undefined; // not there, or no address at all
  }
}
