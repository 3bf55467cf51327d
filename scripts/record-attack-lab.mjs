/**
 * Records what the attack lab shows where there is no WebGPU, into src/demos/recorded: `node scripts/record-attack-lab.mjs`, after
 * the shipped networks have changed. The code is the page's own, run in Node; FACET_ADAPTER chooses on what.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importSources } from './bundle-sources.mjs';
import { writeRecorded } from './recorded.mjs';
import { root, runScript } from './setup.mjs';

const NETWORKS = join(root, 'src', 'demos', 'networks');

const SOURCE = `
export { firstScreen } from './src/demos/attack-lab/first-screen.ts';
export { recordDefences } from './src/demos/attack-lab/record-defences.ts';
export { STARTING_PAIR } from './src/demos/attack-lab/starting-pair.ts';
export { parseNetworkManifest } from './src/models/network-manifest.ts';
export { openEngine } from './src/index.node.ts';
`;

await runScript(async () => {
  const { firstScreen, openEngine, parseNetworkManifest, recordDefences, STARTING_PAIR } =
    await importSources(SOURCE, 'record-attack-lab');
  const manifest = parseNetworkManifest(readFileSync(join(NETWORKS, 'manifest.json'), 'utf8'));
  const engine = await openEngine();
  try {
    const read = async (/** @type {string} */ file) => new Uint8Array(readFileSync(join(NETWORKS, file)));
    const record = await recordDefences(engine, manifest, read, STARTING_PAIR);
    writeRecorded('attack-lab.json', record);
    writeRecorded('first-screen.json', firstScreen(record));
  } finally {
    engine.close();
  }
});
