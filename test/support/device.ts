import { Engine, type EngineOptions } from '../../src/engine/index.ts';
import { openAdapter } from '../../src/platform/node.ts';

/** An engine on whatever adapter the environment chooses; tests close it with `close()`. */
export async function openTestEngine(options: EngineOptions = {}): Promise<Engine> {
  const { adapter } = await openAdapter();
  return Engine.open(adapter, options);
}
