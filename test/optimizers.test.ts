import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  add,
  type Engine,
  gradients,
  input,
  mul,
  ParameterSet,
  scalarInput,
  square,
  sum,
} from '../src/engine/index.ts';
import { adam } from '../src/engine/optimizers/adam.ts';
import type { Optimizer } from '../src/engine/optimizers/optimizer.ts';
import { sgd } from '../src/engine/optimizers/sgd.ts';
import { constantSchedule, cosineSchedule, stepSchedule, withWarmup } from '../src/engine/schedules.ts';
import { openTestEngine } from './support/device.ts';
import { expectClose, normals } from './support/float64.ts';

const STEPS = 30;
const rates = withWarmup(cosineSchedule({ rate: 0.1, steps: STEPS - 5 }), 5);

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** Two tensors of odd sizes, so that the flat variable has padding. */
function parameters(): ParameterSet {
  return new ParameterSet('small', [
    { path: 'a.weight', shape: [3, 7], initial: normals(21, 1) },
    { path: 'b.gamma', shape: [1, 5], initial: normals(5, 2) },
  ]);
}

/** The pull of each step, so that gradients differ from step to step. */
const pull = (step: number) => normals(21, 100 + step);

/** Trains ½‖a‖² + a·pull + ‖b‖² for 30 steps on the device. */
async function train(set: ParameterSet, optimizer: Optimizer): Promise<Map<string, Float32Array>> {
  const program = await engine.compile({
    name: 'step',
    inputs: { pull: input([3, 7]), rate: scalarInput() },
    trace: (inputs) => {
      const a = set.tensor('a.weight');
      const b = set.tensor('b.gamma');
      const loss = add(sum(add(mul(square(a), 0.5), mul(a, inputs.pull!))), sum(square(b)));
      const [byA, byB] = gradients(loss, [a, b]);
      const slopes = new Map([
        ['a.weight', byA!],
        ['b.gamma', byB!],
      ]);
      return { outputs: { loss }, updates: optimizer.step(slopes, inputs.rate!) };
    },
  });
  for (let step = 0; step < STEPS; step++) program.run({ pull: pull(step), rate: rates(step) });
  return engine.readParameters(set);
}

/** The same in float64; `update` changes `p` from its gradient `g` and keeps its own state. */
function reference(
  update: (p: Float64Array, g: Float64Array, rate: number, path: string) => void,
): Map<string, Float64Array> {
  const a = Float64Array.from(normals(21, 1));
  const b = Float64Array.from(normals(5, 2));
  for (let step = 0; step < STEPS; step++) {
    const x = pull(step);
    update(
      a,
      a.map((p, i) => p + x[i]!),
      rates(step),
      'a.weight',
    );
    update(
      b,
      b.map((p) => 2 * p),
      rates(step),
      'b.gamma',
    );
  }
  return new Map([
    ['a.weight', a],
    ['b.gamma', b],
  ]);
}

function expectEqual(actual: Map<string, Float32Array>, expected: Map<string, Float64Array>): void {
  for (const [path, values] of expected) expectClose(actual.get(path)!, values, 1e-5, path);
}

/** Float64 state per path, made when first asked for. */
function memory(): (path: string, length: number) => Float64Array {
  const kept = new Map<string, Float64Array>();
  return (path, length) => kept.get(path) ?? kept.set(path, new Float64Array(length)).get(path)!;
}

describe('SGD over 30 steps equals float64', () => {
  const cases = [
    { name: 'plain', momentum: 0, nesterov: false, weightDecay: 0 },
    { name: 'momentum', momentum: 0.9, nesterov: false, weightDecay: 0 },
    { name: 'momentum and decay', momentum: 0.9, nesterov: false, weightDecay: 0.05 },
    { name: 'Nesterov and decay', momentum: 0.9, nesterov: true, weightDecay: 0.05 },
    {
      name: 'decay of weights only',
      momentum: 0.9,
      nesterov: false,
      weightDecay: (path: string) => (path.endsWith('weight') ? 0.1 : 0),
    },
  ];
  for (const { name, ...options } of cases) {
    it(name, async () => {
      const set = parameters();
      const velocity = memory();
      const expected = reference((p, g, rate, path) => {
        const decay =
          typeof options.weightDecay === 'function' ? options.weightDecay(path) : options.weightDecay;
        const v = velocity(path, p.length);
        for (let i = 0; i < p.length; i++) {
          const slope = g[i]! + decay * p[i]!;
          v[i] = options.momentum * v[i]! + slope;
          p[i]! -= rate * (options.nesterov ? slope + options.momentum * v[i]! : v[i]!);
        }
      });
      expectEqual(await train(set, sgd(set, options)), expected);
    });
  }
});

it('Adam over 30 steps equals float64', async () => {
  const set = parameters();
  const [first, second] = [memory(), memory()];
  const steps = new Map<string, number>();
  const expected = reference((p, g, rate, path) => {
    const [m, v] = [first(path, p.length), second(path, p.length)];
    const t = (steps.get(path) ?? 0) + 1;
    steps.set(path, t);
    for (let i = 0; i < p.length; i++) {
      const slope = g[i]! + 0.01 * p[i]!;
      m[i] = 0.9 * m[i]! + 0.1 * slope;
      v[i] = 0.999 * v[i]! + 0.001 * slope * slope;
      const direction = m[i]! / (1 - 0.9 ** t) / (Math.sqrt(v[i]! / (1 - 0.999 ** t)) + 1e-8);
      p[i]! -= rate * direction;
    }
  });
  expectEqual(await train(set, adam(set, { weightDecay: 0.01 })), expected);
});

it('leaves the padding between entries at zero', async () => {
  const set = parameters();
  await train(set, adam(set));
  const flat = (await engine.read(set.flat)) as Float32Array;
  const used = new Set(
    set.layout.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i)),
  );
  expect(Array.from(flat).filter((value, i) => !used.has(i) && value !== 0)).toEqual([]);
});

it('refuses settings that mean nothing', () => {
  expect(() => sgd(parameters(), { momentum: 1 })).toThrow(/below 1, got 1/);
  expect(() => sgd(parameters(), { nesterov: true })).toThrow(/Nesterov needs a momentum/);
  expect(() => adam(parameters(), { beta2: -0.1 })).toThrow(/beta2/);
});

describe('schedules', () => {
  it('constant, step and cosine at known steps', () => {
    expect(constantSchedule(0.1)(1000)).toBe(0.1);
    const steps = stepSchedule({ rate: 1, milestones: [10, 20] });
    expect([0, 9, 10, 19, 20, 99].map(steps)).toEqual([1, 1, 0.1, 0.1, 0.1 ** 2, 0.1 ** 2]);
    const cosine = cosineSchedule({ rate: 1, steps: 100, final: 0.2 });
    expect(cosine(0)).toBe(1);
    expect(cosine(50)).toBeCloseTo(0.6, 12);
    expect(cosine(100)).toBeCloseTo(0.2, 12);
    expect(cosine(1e6)).toBeCloseTo(0.2, 12);
  });

  it('warm-up rises in a line to the first rate, which it reaches on its last step', () => {
    const warm = withWarmup(constantSchedule(0.4), 4);
    expect([0, 1, 2, 3, 4].map(warm)).toEqual([0.1, 0.2, 0.30000000000000004, 0.4, 0.4]);
    expect(withWarmup(cosineSchedule({ rate: 1, steps: 10 }), 5)(5)).toBe(1);
  });

  it('refuses settings that mean nothing', () => {
    expect(() => constantSchedule(Number.NaN)).toThrow(/finite/);
    expect(() => stepSchedule({ rate: 1, milestones: [20, 10] })).toThrow(/ascending order, got 20, 10/);
    expect(() => cosineSchedule({ rate: 1, steps: 0 })).toThrow(/positive whole number, got 0/);
  });
});
