/** Trains as the directions page does, in a page: to be compared with the same in Node. */
import { DEFAULT_SETTINGS, DEFAULT_STEP } from '../../src/demos/directions/settings.ts';
import { DirectionsTraining } from '../../src/demos/directions/training.ts';
import type { Engine } from '../../src/engine/index.ts';
import { openBrowserEngine } from '../../src/open-browser.ts';

/** Numbers of every panel after `steps` steps: losses and features, as plain lists. */
export async function trainOn(engine: Engine, steps: number) {
  const training = await DirectionsTraining.create(engine, DEFAULT_SETTINGS);
  for (let i = 0; i < steps; i++) training.step(DEFAULT_STEP);
  const { panels } = await training.look();
  training.free();
  return panels.map(({ kind, loss, volume, features, weights }) => ({
    kind,
    loss,
    volume,
    features: [...features],
    weights: [...weights],
  }));
}

export async function trainInPage(steps: number) {
  const engine = await openBrowserEngine();
  const panels = await trainOn(engine, steps);
  const { allocatedBytes } = engine.device;
  engine.close();
  return { panels, allocatedBytes };
}
