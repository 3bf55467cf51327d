/** Runs the attack lab's engine in the page, for comparison with Node. */
import { openBrowserEngine } from '../../src/open-browser.ts';
import { runLabSteps } from './lab-steps.ts';

/** `network` is a safetensors file in base64. */
export async function labSteps(network: string, threshold: number): Promise<unknown> {
  const engine = await openBrowserEngine();
  try {
    return { adapter: engine.name, ...(await runLabSteps(engine, network, threshold)) };
  } finally {
    engine.close();
  }
}
