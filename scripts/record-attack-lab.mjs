/**
 * Records what the attack lab shows where there is no WebGPU, into src/demos/recorded: `node scripts/record-attack-lab.mjs`, after
 * the shipped networks have changed. The code is the page's own, run in Node; FACET_ADAPTER chooses on what.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, runScript } from './setup.mjs';

const NETWORKS = join(root, 'src', 'demos', 'networks');
const RECORDED = join(root, 'src', 'demos', 'recorded');

const SOURCE = `
export { firstScreen } from './src/demos/attack-lab/first-screen.ts';
export { recordDefences } from './src/demos/attack-lab/record-defences.ts';
export { STARTING_PAIR } from './src/demos/attack-lab/starting-pair.ts';
export { parseNetworkManifest } from './src/models/network-manifest.ts';
export { openEngine } from './src/index.node.ts';
`;

await runScript(async () => {
  const esbuild = await import('esbuild');
  const bundle = join(root, 'node_modules', '.cache', `record-attack-lab-${process.pid}.mjs`);
  // Bundled, because shaders are text to be loaded.
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
  const { firstScreen, openEngine, parseNetworkManifest, recordDefences, STARTING_PAIR } = await import(
    pathToFileURL(bundle).href
  );
  rmSync(bundle);
  const manifest = parseNetworkManifest(readFileSync(join(NETWORKS, 'manifest.json'), 'utf8'));
  const engine = await openEngine();
  try {
    const read = async (/** @type {string} */ file) => new Uint8Array(readFileSync(join(NETWORKS, file)));
    const record = await recordDefences(engine, manifest, read, STARTING_PAIR);
    mkdirSync(RECORDED, { recursive: true });
    for (const [name, content] of [
      ['attack-lab.json', record],
      ['first-screen.json', firstScreen(record)],
    ]) {
      const text = `${JSON.stringify(content)}\n`;
      writeFileSync(join(RECORDED, name), text);
      console.log(`${name}: ${(text.length / 1000).toFixed(0)} KB`);
    }
  } finally {
    engine.close();
  }
});
