/**
 * `npm test`: set-up if needed, then bundles, lint, types, circular imports and the tests, each counted in the
 * last line. `npm test -- <filter>` runs only the tests that Vitest finds by that filter.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDependencies, root, runScript } from './setup.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Tally */

/** Path of a package's script in node_modules: run by Node itself, so that no shim is in the way. */
const script = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path);

/** Name → arguments of Node. */
const CHECKS = {
  bundles: [join(root, 'scripts', 'build.mjs')],
  lint: [script('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings'],
  types: [script('typescript', 'bin', 'tsc'), '-p', 'tsconfig.json', '--incremental'].concat([
    '--tsBuildInfoFile',
    script('.cache', 'facet.tsbuildinfo'),
  ]),
  'circular imports': [script('dpdm', 'lib', 'bin', 'dpdm.js'), '--no-tree', '--no-warning'].concat([
    '--no-progress',
    '--transform', // imports of types alone vanish, and so do their circles
    '--exit-code',
    'circular:1',
    'src/**/*.ts',
    'src/**/*.tsx',
  ]),
};

/**
 * Runs one check quietly; its output appears when it fails.
 * @param {string} name
 * @param {string[]} args
 */
function check(name, args) {
  const started = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}

/**
 * Counts Vitest's JSON report. A file that failed to load has no tests of its own and counts as one
 * failure.
 * @param {string} file
 * @returns {Tally}
 */
function tallyReport(file) {
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const unloadable = report.testResults.filter(
    (/** @type {{ status: string, assertionResults: { status: string }[] }} */ suite) =>
      suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloadable,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/**
 * Runs Vitest and counts what it reported.
 * @param {string[]} args
 * @returns {Tally}
 */
function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'facet-test-'));
  const reportFile = join(folder, 'report.json');
  try {
    const { status } = spawnSync(
      process.execPath,
      [script('vitest', 'vitest.mjs'), 'run', '--reporter=default', '--reporter=json'].concat(
        [`--outputFile.json=${reportFile}`],
        args,
      ),
      { cwd: root, stdio: 'inherit' },
    );
    const tally = existsSync(reportFile) ? tallyReport(reportFile) : { passed: 0, failed: 0, skipped: 0 };
    // Vitest can fail outside any test: no adapter, an unhandled rejection, no test that matches.
    if (status !== 0 && tally.failed === 0) tally.failed = 1;
    return tally;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runScript(async () => {
  ensureDependencies(); // bundles are a check: Vitest compiles what it needs by itself
  const args = process.argv.slice(2);
  // A filter asks for a few tests quickly; the checks are for the whole.
  const checks = args.length > 0 ? [] : Object.entries(CHECKS);
  const outcomes = checks.map(([name, checkArgs]) => check(name, checkArgs));
  const tests = runVitest(args);
  const passed = tests.passed + outcomes.filter((ok) => ok).length;
  const failed = tests.failed + outcomes.filter((ok) => !ok).length;
  console.log(`${passed} passed, ${failed} failed, ${tests.skipped} skipped`);
  return failed > 0 ? 1 : 0;
});
