import { Engine, type EngineOptions } from './engine/index.ts';
import type { AdapterRequest } from './platform/host.ts';
import { openAdapter } from './platform/node.ts';

/** Opens an engine on the best adapter of this machine, or on the one asked for. */
export async function openEngine(request: AdapterRequest & EngineOptions = {}): Promise<Engine> {
  const { adapter } = await openAdapter(request);
  return Engine.open(adapter, request);
}
