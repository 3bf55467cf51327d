/** Where the pages' recorded results lie, and how they are written. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup.mjs';

const RECORDED = join(root, 'src', 'demos', 'recorded');

/**
 * Writes a recording as JSON, and says how large it is.
 * @param {string} name
 * @param {unknown} content
 */
export function writeRecorded(name, content) {
  const text = `${JSON.stringify(content)}\n`;
  mkdirSync(RECORDED, { recursive: true });
  writeFileSync(join(RECORDED, name), text);
  console.log(`${name}: ${(text.length / 1000).toFixed(0)} KB`);
}
