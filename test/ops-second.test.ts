/** Gradients of gradients: every op that has a gradient, differentiated once more, against the float64 oracle. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../src/engine/index.ts';
import { openAdapter } from '../src/platform/node.ts';
import { type OpCase, opCases } from './cases/index.ts';
import { runSecondOrder } from './support/run-second-order.ts';

/** Elements of a row that is small enough to be differenced quickly. */
const SMALL = 1500;
const PER_OP = 4;

/** The largest small rows of each op, at values where it is smooth. */
function chosen(): OpCase[] {
  const size = (row: OpCase) =>
    row.inputs.reduce((whole, { shape }) => whole + shape.reduce((a, b) => a * b, 1), 0);
  // Values given by hand lie at the ends of what f32 holds, where a step of the difference would leave the op's domain.
  const extreme = (row: OpCase) => row.inputs.some(({ fill }) => fill.kind === 'given');
  const smooth = opCases.filter(
    (row) => row.wrt.length > 0 && !row.kinks && !extreme(row) && size(row) <= SMALL,
  );
  const ops = [...new Set(smooth.map(({ op }) => op))];
  return ops.flatMap((op) =>
    smooth
      .filter((row) => row.op === op)
      .sort((a, b) => size(b) - size(a))
      .slice(0, PER_OP),
  );
}

describe('second derivatives', () => {
  let engine: Engine;
  beforeAll(async () => {
    const { adapter } = await openAdapter();
    engine = await Engine.open(adapter);
  });
  afterAll(() => engine?.close());

  test.each(chosen().map((row) => [row.name, row] as const))('%s', async (_, row) => {
    expect((await runSecondOrder(engine, row)).join('\n')).toBe('');
  });
});
