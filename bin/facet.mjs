#!/usr/bin/env node
/**
 * The `facet` command. In a clone it first makes sure that packages and bundles are up to date;
 * FACET_NO_SETUP=1 takes dist/ as it is, where nothing can be installed.
 */
import { existsSync } from 'node:fs';

const OLDEST_NODE = 20;
const setup = new URL('../scripts/setup.mjs', import.meta.url);

async function main() {
  if (Number.parseInt(process.versions.node, 10) < OLDEST_NODE) {
    throw new Error(`expected Node ${OLDEST_NODE} or newer, got ${process.version}; install a newer one`);
  }
  if (existsSync(setup) && process.env.FACET_NO_SETUP !== '1') {
    const { ensureReady } = await import(setup.href);
    await ensureReady();
  }
  process.setSourceMapsEnabled(true);
  const cli = await import(new URL('../dist/cli.mjs', import.meta.url).href);
  return cli.main(process.argv.slice(2));
}

try {
  process.exitCode = await main();
} catch (error) {
  const debug = process.env.FACET_DEBUG === '1';
  console.error(`facet: ${error instanceof Error ? (debug ? error.stack : error.message) : error}`);
  process.exitCode = 1;
}
