/** The engine around its ops: variables, replay, errors, memory, the paths that an adapter may not take. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  add,
  concat,
  conv2d,
  type Engine,
  EngineError,
  gradients,
  input,
  matmul,
  mul,
  normal,
  OutOfMemoryError,
  ParameterSet,
  relu,
  reshape,
  ShaderError,
  ShapeError,
  scalarInput,
  slice,
  stopGradient,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  uniform,
  Variable,
} from '../src/engine/index.ts';
import { openTestEngine } from './support/device.ts';
import { trainingLosses } from './support/ops.page.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

const range = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

/** Runs a graph of no inputs once. */
async function evaluate(graph: () => Tensor): Promise<number[]> {
  const program = await engine.compile({
    name: 'graph',
    inputs: {},
    trace: () => ({ outputs: { y: graph() } }),
  });
  const { y } = await program.run({}).read();
  program.free();
  return Array.from(y);
}

describe('variables', () => {
  test('are read before they are written: two that swap', async () => {
    const a = new Variable({ name: 'a', shape: [6], initial: range(6) });
    const b = new Variable({ name: 'b', shape: [6], initial: range(6).map((v) => -v) });
    const swap = await engine.compile({
      name: 'swap',
      inputs: {},
      trace: () => ({ outputs: {}, updates: [a.assign(b.tensor()), b.assign(a.tensor())] }),
    });
    swap.run({});
    expect(Array.from(await engine.read(a))).toEqual([-0, -1, -2, -3, -4, -5]);
    expect(Array.from(await engine.read(b))).toEqual([0, 1, 2, 3, 4, 5]);
    swap.run({});
    expect(Array.from(await engine.read(a))).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test('keep their old value for whoever reads it crosswise', async () => {
    const x = new Variable({ name: 'x', shape: [3, 3], initial: range(9) });
    const program = await engine.compile({
      name: 'turn',
      inputs: {},
      trace: () => {
        const turned = transpose(x.tensor(), [1, 0]);
        return { outputs: { before: sum(mul(x.tensor(), x.tensor())) }, updates: [x.assign(add(turned, 1))] };
      },
    });
    const { before } = await program.run({}).read();
    expect(before[0]).toBe(204);
    expect(Array.from(await engine.read(x))).toEqual([1, 4, 7, 2, 5, 8, 3, 6, 9]);
  });

  test('hold what is written, and refuse other sizes by name', async () => {
    const v = new Variable({ name: 'weights', shape: [5] });
    expect(Array.from(await engine.read(v))).toEqual([0, 0, 0, 0, 0]);
    engine.write(v, range(5));
    expect(Array.from(await engine.read(v))).toEqual([0, 1, 2, 3, 4]);
    expect(() => engine.write(v, range(4))).toThrow(/weights.*5 values, got 4/);
    expect(() => v.assign(reshape(v.tensor(), [5, 1]))).not.toThrow();
    expect(() => v.assign(slice(v.tensor(), [0], [4]))).toThrow(ShapeError);
  });
});

describe('parameter sets', () => {
  test('one flat update moves every tensor and leaves the padding at zero', async () => {
    const set = new ParameterSet('net', [
      { path: 'a', shape: [3], initial: range(3) },
      { path: 'b', shape: [2, 5], initial: range(10) },
    ]);
    const program = await engine.compile({
      name: 'step',
      inputs: {},
      trace: () => {
        const loss = add(sum(mul(set.tensor('a'), 2)), sum(mul(set.tensor('b'), set.tensor('b'))));
        const [a, b] = gradients(loss, [set.tensor('a'), set.tensor('b')]);
        const flat = set.pack(
          new Map([
            ['a', a!],
            ['b', b!],
          ]),
        );
        return { outputs: { loss }, updates: [set.flat.assign(sub(set.flat.tensor(), flat))] };
      },
    });
    program.run({});
    const values = await engine.readParameters(set);
    expect(Array.from(values.get('a')!)).toEqual([-2, -1, 0]);
    expect(Array.from(values.get('b')!)).toEqual([0, -1, -2, -3, -4, -5, -6, -7, -8, -9]);
    const flat = await engine.read(set.flat);
    expect(Array.from(flat.subarray(3, 64)).every((value) => value === 0)).toBe(true);
  });

  test('pack takes a tensor twice, a variable, and a constant', async () => {
    const set = new ParameterSet(
      'net',
      ['a', 'b', 'c', 'd'].map((path) => ({ path, shape: [3], initial: range(3) })),
    );
    const v = new Variable({ name: 'v', shape: [3], initial: range(3) });
    const packed = await evaluate(() => {
      const twice = mul(v.tensor(), 2);
      const zero = sub(v.tensor(), v.tensor());
      return set.pack(
        new Map([
          ['a', twice],
          ['b', twice],
          ['c', v.tensor()],
          ['d', zero],
        ]),
      );
    });
    expect([0, 64, 128, 192].map((at) => packed.slice(at, at + 3))).toEqual([
      [0, 2, 4],
      [0, 2, 4],
      [0, 1, 2],
      [0, 0, 0],
    ]);
  });

  test('name what is missing and what is unknown', () => {
    const set = new ParameterSet('net', [{ path: 'block.weight', shape: [1], initial: range(1) }]);
    expect(() => set.tensor('block.bias')).toThrow(/net has no tensor block.bias.*block.weight/);
    expect(() => set.pack(new Map())).toThrow(/missing block.weight/);
  });
});

describe('differentiation', () => {
  test('a gradient can be differentiated again', async () => {
    const x = new Variable({ name: 'x', shape: [4], initial: Float32Array.of(-1, 0.5, 1, 2) });
    const second = await evaluate(() => {
      const [first] = gradients(sum(tanh(x.tensor())), [x.tensor()]);
      return gradients(sum(first!), [x.tensor()])[0]!;
    });
    for (const [i, v] of [-1, 0.5, 1, 2].entries()) {
      const t = Math.tanh(v);
      expect(second[i]).toBeCloseTo(-2 * t * (1 - t * t), 5);
    }
  });

  test('stops where told, and gives zeros where nothing depends', async () => {
    const x = new Variable({ name: 'x', shape: [2], initial: Float32Array.of(3, 4) });
    const y = new Variable({ name: 'y', shape: [2] });
    const slopes = await evaluate(() => {
      const loss = sum(mul(stopGradient(x.tensor()), x.tensor()));
      return concat(gradients(loss, [x.tensor(), y.tensor()]), 0);
    });
    expect(slopes).toEqual([3, 4, 0, 0]);
  });
});

describe('random numbers', () => {
  const draw = async (kind: typeof uniform, key: number[], stream: number, shape: number[]) => {
    const program = await engine.compile({
      name: 'noise',
      inputs: { key: input([2], 'u32') },
      trace: ({ key: k }) => ({ outputs: { noise: kind(shape, k, stream) } }),
    });
    const { noise } = await program.run({ key: Uint32Array.from(key) }).read();
    program.free();
    return Array.from(noise);
  };

  test('follow from seed, step and stream alone, whatever the shape', async () => {
    const first = await draw(uniform, [1, 2], 0, [9, 16]);
    expect(await draw(uniform, [1, 2], 0, [144])).toEqual(first);
    expect((await draw(uniform, [1, 2], 0, [5, 3])).slice(0, 15)).toEqual(first.slice(0, 15));
    for (const [key, stream] of [
      [[1, 3], 0],
      [[2, 2], 0],
      [[1, 2], 1],
    ] as const) {
      expect(await draw(uniform, [...key], stream, [9, 16])).not.toEqual(first);
    }
  });

  test('have the moments they should', async () => {
    const count = 40_000;
    const u = await draw(uniform, [7, 0], 0, [count]);
    const n = await draw(normal, [7, 0], 0, [count]);
    const meanOf = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const varianceOf = (values: number[]) => meanOf(values.map((v) => (v - meanOf(values)) ** 2));
    // Five standard errors of each estimate.
    expect(Math.abs(meanOf(u) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / count));
    expect(Math.abs(meanOf(n))).toBeLessThan(5 / Math.sqrt(count));
    expect(Math.abs(varianceOf(n) - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
    expect(Math.min(...u)).toBeGreaterThan(0);
    expect(Math.max(...u)).toBeLessThanOrEqual(1);
  });
});

describe('the compiler', () => {
  test('makes one dispatch of a chain, and of siblings over one domain', async () => {
    const program = await engine.compile({
      name: 'chain',
      inputs: { x: input([4, 8]) },
      trace: ({ x }) => {
        const y = relu(add(mul(x, 3), 1));
        return { outputs: { y, z: tanh(y) } };
      },
    });
    expect(program.dispatchCount).toBe(1);
    const { y, z } = await program.run({ x: range(32) }).read();
    expect(y[5]).toBe(16);
    expect(z[0]).toBeCloseTo(Math.tanh(1), 5);
  });

  test('three members take as many dispatches as one', async () => {
    const count = async (members: number) => {
      const w = new Variable({ name: 'w', shape: [members, 3, 3, 3, 8] });
      const program = await engine.compile({
        name: 'members',
        inputs: { x: input([1, 2, 8, 8, 3]) },
        trace: ({ x }) => {
          const loss = sum(relu(conv2d(x, w.tensor(), { stride: 2, padding: 1 })));
          return { outputs: { loss, slope: gradients(loss, [w.tensor()])[0]! } };
        },
      });
      return program.dispatchCount;
    };
    expect(await count(3)).toBe(await count(1));
  });

  test('parameters in a uniform buffer give the same bits as immediates', async () => {
    const plain = await openTestEngine({ noImmediates: true });
    expect(plain.device.immediates).toBe(false);
    const losses = await trainingLosses(plain, 2);
    plain.close();
    expect(losses).toEqual(await trainingLosses(engine, 2));
  });

  test('kernels and fusion as on a GPU give the same, to rounding', async () => {
    const asGpu = await openTestEngine({ asGpu: true });
    expect(asGpu.device.traits.software).toBe(false);
    const losses = await trainingLosses(asGpu, 2);
    asGpu.close();
    for (const [step, loss] of (await trainingLosses(engine, 2)).entries())
      expect(losses[step]).toBeCloseTo(loss, 3);
  }, 300_000);

  test('an adapter without subgroups and timestamps still trains', async () => {
    const bare = await openTestEngine({ withoutFeatures: ['subgroups', 'timestamp-query', 'shader-f16'] });
    expect(bare.device.traits.subgroupSize).toBe(0);
    const losses = await trainingLosses(bare, 2);
    bare.close();
    for (const [step, loss] of (await trainingLosses(engine, 2)).entries())
      expect(losses[step]).toBeCloseTo(loss, 3);
  });

  test('memory is flat from the first step on, and comes back', async () => {
    const before = engine.device.allocatedBytes;
    const program = await engine.compile({
      name: 'flat',
      inputs: { x: input([64, 64]) },
      trace: ({ x }) => ({ outputs: { y: sum(matmul(x, x)) } }),
    });
    await program.run({ x: range(4096) }).read();
    const during = engine.device.allocatedBytes;
    for (let i = 0; i < 5; i++) await program.run({ x: range(4096) }).read();
    expect(engine.device.allocatedBytes).toBe(during);
    program.free();
    expect(engine.device.allocatedBytes).toBe(before);
  });

  test('slicing a concatenation gives the parts back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 1 }),
        async (first, second, other, axis) => {
          const shapeOf = (extent: number) => (axis === 0 ? [extent, other] : [other, extent]);
          const a = new Variable({ name: 'a', shape: shapeOf(first), initial: range(first * other) });
          const b = new Variable({
            name: 'b',
            shape: shapeOf(second),
            initial: range(second * other).map((v) => -v - 1),
          });
          const values = await evaluate(() => {
            const joined = concat([a.tensor(), b.tensor()], axis);
            const start = axis === 0 ? [first, 0] : [0, first];
            return slice(joined, start, shapeOf(first + second));
          });
          expect(values).toEqual(Array.from({ length: second * other }, (_, i) => -i - 1));
        },
      ),
      { numRuns: 12, seed: 3 },
    );
  });
});

describe('errors say what, where and what to do', () => {
  test('shapes, while tracing', () => {
    const t = (shape: number[]) => new Variable({ name: 't', shape }).tensor();
    expect(() => add(t([2, 3]), t([4]))).toThrow(/add: shapes \[2, 3\] and \[4\] do not broadcast/);
    expect(() => matmul(t([2, 3]), t([4, 5]))).toThrow(/matmul.*inner extents differ, 3 and 4/);
    expect(() => conv2d(t([1, 1, 4, 4, 3]), t([1, 7, 7, 3, 8]))).toThrow(
      /7×7 window does not fit an image of 4×4/,
    );
    expect(() => gradients(t([3]), [t([3])])).toThrow(/one element/);
    expect(() => new Variable({ name: 'bad', shape: [2, 0] })).toThrow(/bad.*whole numbers ≥ 1/);
  });

  test('inputs of a program', async () => {
    const program = await engine.compile({
      name: 'scale',
      inputs: { x: input([3]), factor: scalarInput() },
      trace: ({ x, factor }) => ({ outputs: { y: mul(x, factor) } }),
    });
    expect(() => program.run({ x: range(4), factor: 1 })).toThrow(
      /scale, input x: expected f32 \[3\] \(3 values\), got 4/,
    );
    expect(() => program.run({ x: new Int32Array(3), factor: 1 })).toThrow(/Int32Array/);
    expect(() => program.run({ x: range(3) } as never)).toThrow(/factor.*got nothing/);
    expect(() => program.run({ x: range(3), factor: 1, other: 2 } as never)).toThrow(
      /no input other; it takes x, factor/,
    );
    await expect(program.run({ x: range(3), factor: 2 }).read('z' as never)).rejects.toThrow(
      /no output z; it has y/,
    );
    program.free();
    expect(() => program.run({ x: range(3), factor: 1 })).toThrow(/was freed/);
  });

  test('a tensor over the adapter’s limits, before anything is allocated', async () => {
    const limit = engine.device.gpu.limits.maxStorageBufferBindingSize;
    const before = engine.device.allocatedBytes;
    const rows = Math.ceil(limit / 4 / 1024) + 1;
    const compile = engine.compile({
      name: 'huge',
      inputs: { x: input([rows, 1024]) },
      trace: ({ x }) => ({ outputs: { y: tanh(x) } }),
    });
    await expect(compile).rejects.toThrow(OutOfMemoryError);
    await expect(compile).rejects.toThrow(/huge: .*MiB.*allows.*MiB/);
    expect(engine.device.allocatedBytes).toBe(before);
  });

  test('a shader that does not compile shows itself', async () => {
    const broken = engine.device.pipeline(
      'broken kernel',
      '@compute @workgroup_size(1) fn main() { let x: i32 = 1.5; }',
      '',
    );
    await expect(broken).rejects.toThrow(ShaderError);
    await expect(broken).rejects.toThrow(/broken kernel did not compile.*line 1.*\n {3}1 \| @compute/s);
  });

  test('an engine that was closed', async () => {
    const other = await openTestEngine();
    const program = await other.compile({
      name: 'p',
      inputs: {},
      trace: () => ({ outputs: { y: uniformless() } }),
    });
    other.close();
    await other.device.gpu.lost;
    expect(() => program.run({})).toThrow(EngineError);
    expect(() => program.run({})).toThrow(/closed/);
  });
});

function uniformless(): Tensor {
  return tanh(new Variable({ name: 'x', shape: [4], initial: range(4) }).tensor());
}
