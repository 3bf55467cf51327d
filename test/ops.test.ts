/** Every row of the op tables on the engine, forward and backward, against the float64 oracle. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Engine } from '../src/engine/index.ts';
import { openAdapter } from '../src/platform/node.ts';
import { opCases } from './cases/index.ts';
import { runOpCase } from './support/run-op-case.ts';

describe('ops', () => {
  let engine: Engine;
  beforeAll(async () => {
    const { adapter } = await openAdapter();
    engine = await Engine.open(adapter);
  });
  afterAll(() => engine?.close());

  test.each(opCases.map((row) => [row.name, row] as const))('%s', async (_, row) => {
    expect((await runOpCase(engine, row)).join('\n')).toBe('');
  });
});
