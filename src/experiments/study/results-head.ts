/** What a study's results say of the run itself. */
import { RESULTS_SCHEMA, RESULTS_VERSION, type Results } from '../report/index.ts';
import type { Measuring } from './measuring.ts';

type MeasuredBy = Pick<Measuring, 'engine' | 'name' | 'command' | 'facetVersion'>;

type ResultsHead = Pick<
  Results,
  'schema' | 'version' | 'name' | 'command' | 'date' | 'durationSeconds' | 'facetVersion' | 'adapter'
>;

/** The head of results that end now; `started` is what `Date.now()` said. */
export function resultsHead(
  { engine, name, command, facetVersion }: MeasuredBy,
  started: number,
): ResultsHead {
  return {
    schema: RESULTS_SCHEMA,
    version: RESULTS_VERSION,
    name,
    command,
    date: new Date().toISOString(),
    durationSeconds: (Date.now() - started) / 1000,
    facetVersion,
    adapter: {
      name: engine.name,
      kind: engine.device.traits.software ? 'software' : 'gpu',
      driver: engine.device.info.description || 'unknown',
    },
  };
}
