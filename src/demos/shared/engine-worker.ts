/** The worker's side of a page: an engine, and what the link to the page needs of it. A page's worker extends `EngineWorker`. */
import { expose } from 'comlink';
import type { Engine } from '../../engine/index.ts';
import { openBrowserEngine } from '../../open-browser.ts';

export interface AdapterReport {
  /** For people. A browser may hide which graphics card it is. */
  readonly description: string;
  /** Whether a GPU computes, or a CPU in its stead, which is a hundred times slower. */
  readonly software: boolean;
}

/** What every page's worker can do; a page's own methods stand beside these. */
export interface EngineApi {
  /** Opens the engine. Rejects with an AdapterError where there is no WebGPU. `onLost` is told why the device was lost. */
  open(onLost: (message: string) => void): Promise<AdapterReport>;
  /** Bytes of GPU buffers that are in use. */
  allocatedBytes(): number;
}

export class EngineWorker implements EngineApi {
  #engine: Engine | undefined;

  async open(onLost: (message: string) => void): Promise<AdapterReport> {
    const engine = await openBrowserEngine();
    this.#engine = engine;
    void engine.device.gpu.lost.then(({ reason, message }) => {
      if (reason !== 'destroyed') onLost(message || 'the browser gave no reason');
    });
    return { description: engine.name, software: engine.device.traits.software };
  }

  allocatedBytes(): number {
    return this.#engine?.device.allocatedBytes ?? 0;
  }

  /** The open engine. Throws before `open`. */
  protected get engine(): Engine {
    if (!this.#engine)
      throw new Error('EngineWorker: the engine is not open yet; the page calls open() first');
    return this.#engine;
  }
}

/** Answers the page's calls; the last line of a page's worker.ts. */
export function serve(worker: EngineWorker): void {
  expose(worker);
}
