/** `facet demo`: the pages in a browser. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { serveFolder } from '../demo/serve.ts';
import { whole } from '../numbers.ts';

interface DemoOptions {
  readonly port?: number;
  readonly build: boolean;
}

const PORT = 8137;
/** Of ports to try after it, where none was asked for. */
const ALTERNATIVES = 20;

/** Adds `facet demo` to the program. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('build the pages, serve them on this machine and print the address')
    .option(
      '--port <n>',
      `port to listen on, 0 for any; ${PORT} or the next that is free by default`,
      whole(0, 65_535),
    )
    .option('--no-build', 'serve what was built last')
    .action(demo);
}

async function demo({ port, build }: DemoOptions): Promise<void> {
  const root = packageRoot();
  const folder = join(root, 'dist', 'demos');
  const script = join(root, 'scripts', 'build-demos.mjs');
  // A package from npm carries the pages and not the script.
  if (build && existsSync(script)) {
    const { buildDemos } = (await import(pathToFileURL(script).href)) as { buildDemos(): Promise<unknown> };
    await buildDemos();
  }
  if (!existsSync(join(folder, 'index.html'))) {
    throw new Error(`demo: expected the pages in ${folder}; build them: npm run build:demos`);
  }
  const served = await serveFolder(
    folder,
    port === undefined ? { port: PORT, alternatives: ALTERNATIVES } : { port },
  );
  process.stdout.write(`facet is at ${served.address} (Ctrl-C ends it)\n`);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await served.close();
}

/** The folder of package.json, above the bundle or the source that this is. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder)
      throw new Error('demo: expected the package.json of facet above its files; install it again');
    folder = parent;
  }
  return folder;
}
