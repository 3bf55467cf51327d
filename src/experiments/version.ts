/** The version of facet that is running. */
import { readFile } from 'node:fs/promises';

export async function facetVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
