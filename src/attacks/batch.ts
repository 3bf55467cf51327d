/** Slots of one batch size with the programs over them. */
import type { Engine, Program } from '../engine/index.ts';
import {
  compileEnter,
  compileRestart,
  compileStep,
  type EnterInput,
  type RestartInput,
  type StepReading,
} from './programs.ts';
import { type AttackSpec, Slots } from './slots.ts';

export interface Batch {
  readonly slots: Slots;
  readonly step: Program<'limits', StepReading>;
  readonly enter: Program<EnterInput, never>;
  readonly restart: Program<RestartInput, never>;
}

/** Takes pairs from the slots of one batch to those of a smaller one. */
export type Move = Program<'from', never>;

export async function compileBatch(engine: Engine, spec: AttackSpec, size: number): Promise<Batch> {
  const slots = new Slots(spec, size);
  const [step, enter, restart] = await Promise.all([
    compileStep(engine, spec, slots),
    compileEnter(engine, spec, slots),
    compileRestart(engine, spec, slots),
  ]);
  return { slots, step, enter, restart };
}

export function freeBatch(engine: Engine, { slots, step, enter, restart }: Batch): void {
  for (const program of [step, enter, restart]) program.free();
  for (const { variable } of slots.all()) engine.free(variable);
}
