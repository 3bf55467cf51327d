/** Threads that decode and augment pictures, in Node. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
// Its native library must stay loaded until the last thread has ended, so this thread has to load it first.
import 'sharp';
import { DataError, messageOf } from '../data/errors.ts';
import type { PictureWorkers } from '../data/loader/picture-workers.ts';
import type { Slice, SliceConfig, SliceResult } from '../data/loader/slice.ts';
import type { DecodeReply, DecodeRequest } from './node-decode-protocol.ts';

export interface DecodeWorkersOptions {
  /** Threads, 1 to 128; one fewer than the machine has cores unless told. */
  readonly count?: number;
  /** The thread's program, in place of the one that belongs to this module. */
  readonly script?: URL;
}

const MOST_WORKERS = 128;

/** One fewer than the cores that this process may use, and at least one: somebody has to feed the device. */
export function defaultWorkerCount(): number {
  return Math.max(1, availableParallelism() - 1);
}

/**
 * Starts threads for slices of one kind. A thread that dies (out of memory, say) is not started again: every slice from
 * then on rejects with a DataError that says why, so that a run stops where it can be resumed. Threads do not keep the
 * process alive while they have nothing to do.
 *
 * Throws a DataError for a count out of range, and where this Node cannot run the thread's program.
 */
export function startDecodeWorkers(
  config: SliceConfig,
  { count = defaultWorkerCount(), script = workerScript() }: DecodeWorkersOptions = {},
): PictureWorkers {
  if (!Number.isInteger(count) || count < 1 || count > MOST_WORKERS) {
    throw new DataError(`workers: expected a whole number from 1 to ${MOST_WORKERS}, got ${count}`);
  }
  const workers = Array.from({ length: count }, () => new DecodeWorker(script, config));
  const idlest = () => workers.reduce((best, worker) => (worker.pending < best.pending ? worker : best));
  return {
    count,
    decodes: true,
    run: (slice) => {
      const lost = workers.find(({ failure }) => failure)?.failure;
      return lost ? Promise.reject(lost) : idlest().run(slice);
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.close()));
    },
  };
}

/** Where the bundles lie, the thread's program lies beside them; among sources it is one of them. */
function workerScript(): URL {
  const here = import.meta.url;
  if (!here.endsWith('.ts')) return new URL('./decode-worker.mjs', here);
  if (!('typescript' in process.features && process.features.typescript)) {
    throw new DataError(
      `workers: Node ${process.versions.node} does not run TypeScript in threads; use Node ≥ 22.18, or the bundles that npm run build makes`,
    );
  }
  return new URL('./node-decode-worker.ts', here);
}

interface Settle {
  readonly resolve: (result: SliceResult) => void;
  readonly reject: (error: DataError) => void;
}

/** One thread, and who waits for it. */
class DecodeWorker {
  /** Why no more can be asked of it. */
  failure: DataError | undefined;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Settle>();
  #lastId = 0;

  constructor(script: URL, config: SliceConfig) {
    this.#worker = new Worker(script, { workerData: config, name: 'facet decode' });
    this.#worker.unref();
    this.#worker.on('message', (reply: DecodeReply) => this.#settle(reply));
    this.#worker.on('messageerror', (error) => this.#fail(`a message was lost: ${error.message}`));
    this.#worker.on('error', (error) => this.#fail(messageOf(error)));
    this.#worker.on('exit', (code) => this.#fail(`it ended with exit code ${code}`));
  }

  /** Slices that it has. */
  get pending(): number {
    return this.#waiting.size;
  }

  run(slice: Slice): Promise<SliceResult> {
    return new Promise((resolve, reject) => {
      if (this.failure) {
        reject(this.failure);
        return;
      }
      const id = ++this.#lastId;
      if (this.#waiting.size === 0) this.#worker.ref();
      this.#waiting.set(id, { resolve, reject });
      const request: DecodeRequest = { id, slice };
      this.#worker.postMessage(request, [slice.bytes.buffer, slice.out.buffer]);
    });
  }

  async close(): Promise<void> {
    this.#end(new DataError('the decoding threads were closed'));
    await this.#worker.terminate();
  }

  #settle(reply: DecodeReply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('failed' in reply) waiting.reject(new DataError(reply.failed));
    else waiting.resolve(reply.result);
  }

  #fail(reason: string): void {
    this.#end(new DataError(`a decoding thread was lost: ${reason}`));
  }

  /** The first reason counts: an exit follows most errors. */
  #end(reason: DataError): void {
    this.failure ??= reason;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.failure);
    this.#worker.unref();
  }
}
