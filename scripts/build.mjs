/**
 * Bundles the sources with esbuild: the command line and the libraries share chunks, so that `facet` and
 * `facet/engine` are one engine however they are imported. `node scripts/build.mjs --types` also writes
 * the type declarations, which only packing needs; `--clean` starts from an empty dist/.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { root, runScript } from './setup.mjs';

const DIST = join(root, 'dist');
const STAMP = join(DIST, '.stamp');
const DAY_MS = 24 * 3600 * 1000;

/** Bundle name → source. */
const ENTRIES = {
  cli: 'src/experiments/cli.ts',
  index: 'src/index.node.ts',
  browser: 'src/index.browser.ts',
  engine: 'src/engine/index.ts',
  'decode-worker': 'src/platform/node-decode-worker.ts',
};

/** Changes whenever a source file does: sizes and times, so that it stays cheap. */
function sourcesStamp() {
  const hash = createHash('sha256');
  const files = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  for (const file of [...files, join(root, 'scripts', 'build.mjs'), join(root, 'tsconfig.json')]) {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/**
 * Replaces a file in one step, so that a process which starts meanwhile never sees half of it.
 * @param {string} path
 * @param {string | Uint8Array} contents
 */
function replaceFile(path, contents) {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, path);
}

/** Chunks carry a hash in their name; a running process may still load yesterday's, older ones go. */
function removeOldChunks() {
  for (const name of readdirSync(DIST)) {
    if (!name.startsWith('chunk-')) continue;
    const path = join(DIST, name);
    if (Date.now() - statSync(path).mtimeMs > DAY_MS) rmSync(path, { force: true });
  }
}

/** Bundles every entry into dist/. */
export async function build() {
  const stamp = sourcesStamp();
  const esbuild = await import('esbuild');
  /** @type {Record<string, string>} */
  const entryPoints = {};
  for (const [name, source] of Object.entries(ENTRIES)) {
    entryPoints[name] = join(root, source);
  }
  const { outputFiles } = await esbuild
    .build({
      absWorkingDir: root,
      entryPoints,
      outdir: DIST,
      outExtension: { '.js': '.mjs' },
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'es2022',
      packages: 'external',
      loader: { '.wgsl': 'text' },
      sourcemap: true,
      logLevel: 'error',
      write: false,
    })
    .catch(() => {
      throw new Error('build: the sources do not bundle; esbuild says why above');
    });
  mkdirSync(DIST, { recursive: true });
  // Chunks first: an entry names the chunks it loads.
  const isChunk = (/** @type {{ path: string }} */ file) => Number(file.path.includes('chunk-'));
  for (const file of [...outputFiles].sort((a, b) => isChunk(b) - isChunk(a))) {
    replaceFile(file.path, file.contents);
  }
  removeOldChunks();
  replaceFile(STAMP, stamp);
}

/** Builds when a source has changed since the last build. */
export async function ensureBuilt() {
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === sourcesStamp()) return;
  await build();
}

/** Writes dist/types. */
function buildTypes() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error('build: the types do not compile; tsc says why above');
}

if (process.argv[1] === join(root, 'scripts', 'build.mjs')) {
  await runScript(async () => {
    if (process.argv.includes('--clean')) rmSync(DIST, { recursive: true, force: true });
    await build();
    if (process.argv.includes('--types')) buildTypes();
  });
}
