/**
 * The page's side of its worker: starts it, opens the engine in it, and starts another when the device is lost, the page comes
 * back from the back/forward cache, or the visitor asks. A worker that is ended takes its device and all GPU memory along; its
 * open calls never settle, so a page ties what it waits for to the worker's `generation`.
 */
import { type Endpoint, proxy, type Remote, wrap } from 'comlink';
import type { AdapterReport, EngineApi } from './engine-worker.ts';

export type LinkState<Api> =
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'ready';
      readonly api: Remote<Api>;
      readonly adapter: AdapterReport;
      /** Counts workers: another number, another device that knows nothing of the last one. */
      readonly generation: number;
    }
  /** There is no WebGPU here; recorded results are shown. */
  | { readonly kind: 'unsupported'; readonly reason: string }
  /** Given up; `restart` tries anew. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The page is hidden away; nothing runs. */
  | { readonly kind: 'closed' };

/** What the link needs of a worker; tests give their own. */
export type WorkerPort = Endpoint & Pick<Worker, 'terminate'>;

export interface LinkOptions<Api> {
  readonly makeWorker: () => WorkerPort;
  readonly onState: (state: LinkState<Api>) => void;
  /** Is told, for people, why a worker was replaced. */
  readonly onNews: (news: string) => void;
  /** Milliseconds, for counting losses; the clock's where absent. */
  readonly now?: () => number;
}

/** So many losses within a minute are no accident: going on would only repeat them. */
const MOST_LOSSES = 3;
const MINUTE = 60_000;

export class EngineLink<Api extends EngineApi> {
  readonly #options: LinkOptions<Api>;
  #worker: WorkerPort | undefined;
  #generation = 0;
  #losses: number[] = [];

  constructor(options: LinkOptions<Api>) {
    this.#options = options;
  }

  /** Starts a worker unless one runs. */
  start(): void {
    if (!this.#worker) void this.#open();
  }

  /** Ends the worker and starts another, at the visitor's wish. */
  restart(): void {
    this.#losses = [];
    this.#end();
    void this.#open();
  }

  /** Ends the worker; its GPU memory is free. */
  close(): void {
    this.#end();
    this.#options.onState({ kind: 'closed' });
  }

  async #open(): Promise<void> {
    const { makeWorker, onState } = this.#options;
    const generation = ++this.#generation;
    // What an ended worker still says is of no interest.
    const current = () => this.#generation === generation;
    onState({ kind: 'starting' });
    try {
      const worker = makeWorker();
      this.#worker = worker;
      worker.addEventListener('error', (event) => {
        const { message } = event as ErrorEvent;
        if (current()) this.#fail(message || 'its script could not be loaded');
      });
      const api = wrap<Api>(worker);
      const onLost = proxy((message: string) => {
        if (current()) this.#lost(message);
      });
      const adapter = await (api as unknown as Remote<EngineApi>).open(onLost);
      if (current()) onState({ kind: 'ready', api, adapter, generation });
    } catch (error) {
      if (!current()) return;
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      this.#end();
      onState(
        name === 'AdapterError' ? { kind: 'unsupported', reason: message } : { kind: 'failed', message },
      );
    }
  }

  #lost(message: string): void {
    const now = (this.#options.now ?? Date.now)();
    this.#losses = [...this.#losses.filter((time) => now - time < MINUTE), now];
    if (this.#losses.length >= MOST_LOSSES) {
      this.#fail(`the graphics device was lost ${this.#losses.length} times within a minute (${message})`);
      return;
    }
    this.#end();
    this.#options.onNews(
      `The graphics device was lost (${message}). The page has started again with your settings; what was running is gone.`,
    );
    void this.#open();
  }

  #fail(message: string): void {
    this.#end();
    this.#options.onState({ kind: 'failed', message });
  }

  #end(): void {
    this.#generation++;
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
