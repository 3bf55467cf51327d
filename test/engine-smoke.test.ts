import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Engine } from '../src/engine/index.ts';
import { gradients, input, matmul, mean, mul, scalarInput, sub, Variable } from '../src/engine/index.ts';
import { openTestEngine } from './support/device.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine.close());

test('the example of docs/architecture.md learns its line', async () => {
  const weights = new Variable({ name: 'weights', shape: [3, 1], initial: new Float32Array(3) });
  const step = await engine.compile({
    name: 'step',
    inputs: { x: input([8, 3]), y: input([8, 1]), rate: scalarInput() },
    trace: ({ x, y, rate }) => {
      const w = weights.tensor();
      const error = sub(matmul(x, w), y);
      const loss = mean(mul(error, error));
      const [slope] = gradients(loss, [w]);
      return { outputs: { loss }, updates: [weights.assign(sub(w, mul(rate, slope!)))] };
    },
  });
  const truth = [1, -2, 0.5];
  const x = Float32Array.from({ length: 24 }, (_, i) => Math.sin(i * i * 7.3));
  const y = Float32Array.from({ length: 8 }, (_, r) => truth.reduce((s, t, c) => s + t * x[r * 3 + c]!, 0));
  let last = Infinity;
  for (let i = 0; i < 200; i++) {
    const run = step.run({ x, y, rate: 0.3 });
    if (i % 50 === 49) last = (await run.read()).loss[0]!;
  }
  expect(last).toBeLessThan(1e-6);
  const w = await engine.read(weights);
  truth.forEach((t, i) => {
    expect(w[i]).toBeCloseTo(t, 3);
  });
});
