import { Engine, type EngineOptions } from './engine/index.ts';
import { openAdapter } from './platform/browser.ts';
import type { AdapterRequest } from './platform/host.ts';

/** Opens an engine on the page's GPU. Throws an AdapterError that says why where there is none. */
export async function openBrowserEngine(request: AdapterRequest & EngineOptions = {}): Promise<Engine> {
  const { adapter } = await openAdapter(request);
  return Engine.open(adapter, request);
}
