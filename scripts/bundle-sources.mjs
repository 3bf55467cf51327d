/** Sources of src/ and test/ for a script: bundled, because they are TypeScript and load shaders as text. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './setup.mjs';

/**
 * Bundles the TypeScript `contents`, whose paths are relative to the project, into node_modules/.cache/`name`.mjs, and returns the
 * file.
 * @param {string} contents
 * @param {string} name
 */
export async function bundleSources(contents, name) {
  const esbuild = await import('esbuild');
  const outfile = join(root, 'node_modules', '.cache', `${name}.mjs`);
  await esbuild.build({
    absWorkingDir: root,
    stdin: { contents, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'es2022',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    sourcemap: 'inline',
    logLevel: 'error',
  });
  return outfile;
}

/**
 * What the TypeScript `contents` exports.
 * @param {string} contents
 * @param {string} name of the file that it passes through
 */
export async function importSources(contents, name) {
  const file = await bundleSources(contents, `${name}-${process.pid}`);
  try {
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(file);
  }
}
