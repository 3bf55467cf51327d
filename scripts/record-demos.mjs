/**
 * Records what the pages show where there is no WebGPU, into src/demos/recorded: `node scripts/record-demos.mjs`. The code is
 * the pages' own, run in Node; FACET_ADAPTER chooses on what.
 */
import { importSources } from './bundle-sources.mjs';
import { writeRecorded } from './recorded.mjs';
import { runScript } from './setup.mjs';

const SOURCE = `
export { recordTrainings } from './src/demos/directions/record.ts';
export { writeRecording } from './src/demos/directions/recording.ts';
export { openEngine } from './src/index.node.ts';
`;

await runScript(async () => {
  const { openEngine, recordTrainings, writeRecording } = await importSources(SOURCE, 'record-demos');
  const engine = await openEngine();
  try {
    writeRecorded('directions.json', writeRecording(await recordTrainings(engine)));
  } finally {
    engine.close();
  }
});
