/**
 * Set-up for a bare clone: dependencies, then the bundles. Node's built-ins only, because this runs
 * before node_modules exists. Costs a few milliseconds when there is nothing to do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** @typedef {{ version?: string, optional?: boolean, peer?: boolean }} LockedPackage */

/**
 * @param {string} file
 * @returns {Record<string, LockedPackage> | undefined} a lockfile's packages by folder
 */
function lockedPackages(file) {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')).packages;
}

/**
 * Says why the installed packages are not those of package-lock.json. npm leaves what it installed in
 * node_modules/.package-lock.json, so a plain `npm ci` or `npm install` is recognised too.
 * @returns {string | undefined} the reason, or nothing when they agree
 */
export function missingDependencies() {
  const wanted = lockedPackages(join(root, 'package-lock.json'));
  if (!wanted) throw new Error(`set-up: ${join(root, 'package-lock.json')} is missing; restore it from git`);
  if (!existsSync(join(root, 'node_modules'))) return 'node_modules is missing';
  const installed = lockedPackages(join(root, 'node_modules', '.package-lock.json'));
  for (const [folder, { version, optional, peer }] of Object.entries(wanted)) {
    if (folder === '') continue;
    const present = existsSync(join(root, folder));
    const found = present ? (installed?.[folder]?.version ?? version) : undefined;
    if (!found && (optional || peer)) continue; // other platforms' binaries
    if (found !== version) return `${folder} is ${found || 'absent'}, the lockfile says ${version}`;
  }
  return undefined;
}

/**
 * Runs `npm ci` when the installed packages differ from the lockfile. Install scripts are off: nothing
 * here needs them.
 */
export function ensureDependencies() {
  const reason = missingDependencies();
  if (!reason) return;
  console.error(`facet: set-up: ${reason}; running npm ci`);
  // The set-up can itself run under npm, whose output on stdout would mix with the command's own.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, error } = spawnSync('npm', args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    throw new Error(
      `set-up: npm ${args.join(' ')} ${error ? `could not start (${error.message})` : `exited with ${status}`}; ` +
        'the packages need a reachable registry (npm config get registry): run it by hand to see more',
    );
  }
}

/**
 * Puts `facet` among the commands of node_modules, where npx looks first. npm does that for other
 * packages' commands only, and npx would link this one through its cache, every time and slower.
 */
function ensureCommand() {
  const command = join(root, 'node_modules', '.bin', 'facet');
  if (process.platform === 'win32' || existsSync(command)) return;
  try {
    symlinkSync(join('..', '..', 'bin', 'facet.mjs'), command);
  } catch {
    // Another process was first, or node_modules is not ours to write: npx manages without.
  }
}

/** Everything a command needs before it starts: dependencies installed, bundles newer than the sources. */
export async function ensureReady() {
  ensureDependencies();
  ensureCommand();
  const { ensureBuilt } = await import('./build.mjs');
  await ensureBuilt();
}

/**
 * Runs a script's main function; a failure becomes one line and exit code 1.
 * @param {() => Promise<number | void>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    const debug = process.env.FACET_DEBUG === '1';
    console.error(`facet: ${error instanceof Error ? (debug ? error.stack : error.message) : error}`);
    process.exitCode = 1;
  }
}
