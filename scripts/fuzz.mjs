/**
 * `npm run fuzz`: damages well-formed files at random and gives them to the readers, format by format (the table
 * is test/support/data-fuzz-formats.ts). Each format runs in a thread of its own with little memory, watched for hangs.
 *
 *     npm run fuzz -- [--format tar,bin] [--count 100000] [--seed 1] [--from 0] [--list]
 *
 * Exits with 1 where a reader crashed, hung, or asked for more memory than its row allows, and says how to
 * have that input again.
 */
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { bundleSources } from './bundle-sources.mjs';
import { runScript } from './setup.mjs';

/** Milliseconds that one input may take. The slowest honest one takes a few dozen. */
const HANG = 20_000;
/** A thread's heap, MiB. Inputs are a few KiB. */
const HEAP = 256;

/** @typedef {import('../test/support/data-fuzz.ts').FuzzTally} FuzzTally */
/** @typedef {{ bundle: string, format: string, seed: number, count: number, from: number, clock: SharedArrayBuffer }} Task */

/** Bundles the table and the readers, and returns the file. */
function bundle() {
  return bundleSources(
    `export { fuzz } from './test/support/data-fuzz.ts';
export { FUZZ_FORMATS } from './test/support/data-fuzz-formats.ts';`,
    'facet-fuzz',
  );
}

/** @param {string} file */
async function load(file) {
  /** @type {typeof import('../test/support/data-fuzz.ts') & typeof import('../test/support/data-fuzz-formats.ts')} */
  const module = await import(pathToFileURL(file).href);
  return module;
}

/**
 * In the thread: runs one format.
 * @param {Task} task
 */
async function runInThread({ bundle: file, format: name, seed, count, from, clock }) {
  const { fuzz, FUZZ_FORMATS } = await load(file);
  const format = FUZZ_FORMATS.find((each) => each.name === name);
  if (!format) throw new Error(`fuzz: no format ${name}`);
  const index = new Int32Array(clock);
  const onInput = (/** @type {number} */ input) => void Atomics.store(index, 0, input + 1);
  parentPort?.postMessage(await fuzz(format, { seed, count, from, onInput }));
}

/**
 * Runs one format in a thread. Rejects where it hangs, dies or is out of memory.
 * @param {Task} task
 * @param {(done: number) => void} onProgress
 * @returns {Promise<FuzzTally>}
 */
function runFormat(task, onProgress) {
  const index = new Int32Array(task.clock);
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: task,
      resourceLimits: { maxOldGenerationSizeMb: HEAP },
    });
    let seen = 0;
    let since = Date.now();
    let settled = false;
    const here = () => `at input ${Atomics.load(index, 0) - 1}`;
    const timer = setInterval(() => {
      const now = Atomics.load(index, 0);
      onProgress(Math.max(0, now - 1 - task.from));
      if (now !== seen || now === 0) {
        seen = now;
        since = Date.now();
      } else if (Date.now() - since > HANG) {
        finish(() => reject(new Error(`hangs ${here()}: ${HANG / 1000} s and no answer`)));
      }
    }, 200);
    /** @param {() => void} settle */
    const finish = (settle) => {
      if (settled) return; // ending the thread is an event too
      settled = true;
      clearInterval(timer);
      void worker.terminate().then(settle);
    };
    worker.on('message', (tally) => finish(() => resolve(tally)));
    worker.on('error', (error) => finish(() => reject(new Error(`dies ${here()}: ${error.message}`))));
    worker.on('exit', (code) => {
      if (code !== 0) finish(() => reject(new Error(`ends with code ${code} ${here()}`)));
    });
  });
}

async function main() {
  const { values } = parseArgs({
    options: {
      format: { type: 'string' },
      count: { type: 'string' },
      seed: { type: 'string', default: '1' },
      from: { type: 'string', default: '0' },
      list: { type: 'boolean', default: false },
    },
  });
  const file = await bundle();
  const { FUZZ_FORMATS } = await load(file);
  const known = FUZZ_FORMATS.map((format) => format.name);
  if (values.list) {
    console.log(FUZZ_FORMATS.map(({ name, count }) => `${name.padEnd(16)}${count} inputs`).join('\n'));
    return 0;
  }
  const names = values.format ? values.format.split(',') : known;
  const strangers = names.filter((name) => !known.includes(name));
  if (strangers.length > 0)
    throw new Error(`fuzz: no format ${strangers.join(', ')}; expected ${known.join(', ')}`);
  const [seed, from] = [wholeNumber('seed', values.seed), wholeNumber('from', values.from)];
  const given = values.count === undefined ? undefined : wholeNumber('count', values.count);

  const { SingleBar, Presets } = await import('cli-progress');
  let failed = 0;
  const began = Date.now();
  console.log('format            inputs   accepted    refused  failed   seconds  slowest ms  most KiB');
  for (const name of names) {
    const count = given ?? FUZZ_FORMATS.find((format) => format.name === name)?.count ?? 0;
    const options = {
      format: `${name.padEnd(16)} {bar} {percentage}% | {value}/{total} | {eta_formatted} left`,
    };
    const bar = new SingleBar(
      { ...options, stream: process.stderr, clearOnComplete: true },
      Presets.shades_classic,
    );
    const started = Date.now();
    bar.start(count, 0);
    const clock = new SharedArrayBuffer(4);
    try {
      const task = { bundle: file, format: name, seed, count, from, clock };
      const tally = await runFormat(task, (done) => bar.update(done));
      bar.stop();
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const cells = [tally.inputs, tally.accepted, tally.refused].map((value) => String(value).padStart(10));
      console.log(
        `${name.padEnd(14)}${cells.join(' ')}${String(tally.failures.length).padStart(8)}${seconds.padStart(10)}` +
          `${tally.slowest.toFixed(1).padStart(12)}${Math.ceil(tally.mostBytes / 1024)
            .toString()
            .padStart(10)}`,
      );
      for (const { index, reason, input } of tally.failures) {
        failed++;
        console.log(`  input ${index}: ${reason}`);
        console.log(`    again: npm run fuzz -- --format ${name} --seed ${seed} --from ${index} --count 1`);
        if (input.length <= 2048) console.log(`    base64: ${Buffer.from(input).toString('base64')}`);
      }
    } catch (error) {
      bar.stop();
      failed++;
      console.log(`${name}: ${error instanceof Error ? error.message : error} (seed ${seed})`);
    }
  }
  console.log(
    `${failed === 0 ? 'no failures' : `${failed} failures`}, ${((Date.now() - began) / 1000).toFixed(0)} s`,
  );
  return failed === 0 ? 0 : 1;
}

/**
 * @param {string} option
 * @param {string} text
 */
function wholeNumber(option, text) {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`fuzz: --${option} should be a whole number, got ${text}`);
  return Number(text);
}

if (isMainThread) await runScript(main);
else await runInThread(workerData);
