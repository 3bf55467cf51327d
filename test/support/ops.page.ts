/** Runs in the page: rows of the op tables, and training steps, on the page's own adapter. */
import { Engine } from '../../src/engine/index.ts';
import { openAdapter } from '../../src/platform/browser.ts';
import { opCases } from '../cases/index.ts';
import { runOpCase } from './run-op-case.ts';
import { BATCH, CLASSES, SIZE, Training } from './training.ts';

/** Every `stride`-th row from `first` on: the names of those run, and what was wrong with each that failed. */
export async function runOpRows(first: number, stride: number): Promise<{ ran: number; failures: string[] }> {
  const { adapter } = await openAdapter();
  const engine = await Engine.open(adapter);
  const failures: string[] = [];
  let ran = 0;
  try {
    for (let index = first; index < opCases.length; index += stride) {
      const row = opCases[index]!;
      const problems = await runOpCase(engine, row);
      if (problems.length) failures.push(`${row.name}: ${problems.join('; ')}`);
      ran++;
    }
  } finally {
    engine.close();
  }
  return { ran, failures };
}

/** Losses of the first steps of a small ensemble with shared weight vectors and diversity. */
export async function trainInPage(steps: number): Promise<number[]> {
  const { adapter } = await openAdapter();
  const engine = await Engine.open(adapter);
  try {
    return await trainingLosses(engine, steps);
  } finally {
    engine.close();
  }
}

/** The same on any engine, so that Node and the page can be compared. */
export async function trainingLosses(engine: Engine, steps: number): Promise<number[]> {
  const training = new Training({ members: 3, shared: true, weight: 1 });
  const program = await training.compile(engine);
  const images = Float32Array.from({ length: BATCH * SIZE * SIZE * 3 }, (_, i) =>
    Math.sin(i * 0.37 + (i % 7)),
  );
  const labels = Int32Array.from({ length: BATCH }, (_, i) => (i * 5) % CLASSES);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { loss } = await program.run({ images, labels, rate: 0.02 }).read();
    losses.push(loss[0]!);
  }
  program.free();
  return losses;
}
