/**
 * Records what the pages show where there is no WebGPU, into src/demos/recorded: `node scripts/record-demos.mjs`. The code is
 * the pages' own, run in Node; FACET_ADAPTER chooses on what.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, runScript } from './setup.mjs';

const RECORDED = join(root, 'src', 'demos', 'recorded');

/** Bundled, because shaders are text to be loaded. */
const SOURCE = `
export { recordTrainings } from './src/demos/directions/record.ts';
export { writeRecording } from './src/demos/directions/recording.ts';
export { openEngine } from './src/index.node.ts';
`;

/**
 * @param {string} name
 * @param {unknown} content
 */
function write(name, content) {
  const text = `${JSON.stringify(content)}\n`;
  writeFileSync(join(RECORDED, name), text);
  console.log(`${name}: ${(text.length / 1000).toFixed(0)} KB`);
}

await runScript(async () => {
  const esbuild = await import('esbuild');
  const bundle = join(root, 'node_modules', '.cache', `record-demos-${process.pid}.mjs`);
  await esbuild.build({
    stdin: { contents: SOURCE, resolveDir: root, loader: 'ts' },
    outfile: bundle,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    loader: { '.wgsl': 'text' },
    logLevel: 'error',
  });
  const { openEngine, recordTrainings, writeRecording } = await import(pathToFileURL(bundle).href);
  rmSync(bundle);
  const engine = await openEngine();
  try {
    mkdirSync(RECORDED, { recursive: true });
    write('directions.json', writeRecording(await recordTrainings(engine)));
  } finally {
    engine.close();
  }
});
