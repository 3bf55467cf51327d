/** Vitest's global set-up: says once which adapter the tests run on, or why there is none. */
import { openAdapter } from '../../src/platform/node.ts';

export default async function setup(): Promise<void> {
  await openAdapter({ announce: (line) => process.stderr.write(`${line}\n`) });
}
