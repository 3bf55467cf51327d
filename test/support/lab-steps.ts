/** Three steps of an attack of the lab, with every number that the page draws: the same in Node and in a page. */
import { drawFace } from '../../src/data/synthetic/index.ts';
import { Defence } from '../../src/demos/attack-lab/defence.ts';
import { FIRST_PERSON, SEED } from '../../src/demos/attack-lab/faces.ts';
import { Pace } from '../../src/demos/attack-lab/pace.ts';
import { unit } from '../../src/demos/attack-lab/perturbation.ts';
import { type LabFrame, runLabAttack } from '../../src/demos/attack-lab/run.ts';
import { STARTING_PAIR } from '../../src/demos/attack-lab/starting-pair.ts';
import { fromBase64 } from '../../src/demos/shared/base64.ts';
import type { Engine } from '../../src/engine/index.ts';
import { openNetwork } from '../../src/models/open-network.ts';

export interface LabSteps {
  /** By step: each member's similarity. */
  readonly members: readonly (readonly number[])[];
  /** By step: H × W × 3. */
  readonly images: readonly (readonly number[])[];
}

/**
 * PGD L2, whose steps follow the gradient itself: a sign would turn the last bit of a gradient into a whole step. It begins at a
 * random point, so that its stream is compared too.
 */
export async function runLabSteps(engine: Engine, network: string, threshold: number): Promise<LabSteps> {
  const opened = openNetwork([{ label: 'network', bytes: fromBase64(network) }]);
  const defence = new Defence(engine, opened, 'mean');
  const draw = ({ person, shot }: { readonly person: number; readonly shot: number }) =>
    unit(drawFace({ seed: SEED, identity: FIRST_PERSON + person, shot, size: opened.inputSize[0] }));
  const frames: LabFrame[] = [];
  await runLabAttack(
    engine,
    defence,
    {
      attack: 'pgd-l2',
      settings: { epsilon: 1, stepShare: 0.25, maxSteps: 3 },
      threshold,
      seed: 1,
      source: draw(STARTING_PAIR.source),
      target: draw(STARTING_PAIR.target),
    },
    {
      pace: new Pace(),
      signal: new AbortController().signal,
      onFrame: (frame) => frames.push(frame),
      frameEvery: 0,
    },
  );
  return {
    members: frames.flatMap(({ points }) => points.map(({ members }) => members)),
    images: frames.map(({ image }) => [...image]),
  };
}
