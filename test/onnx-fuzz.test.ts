/** Damaged and hostile ONNX files: every one is imported or refused by name, and what is imported can be traced. */
import { describe, expect, it } from 'vitest';
import { full } from '../src/engine/index.ts';
import { mulberry32 } from '../src/models/init.ts';
import { OnnxError } from '../src/models/onnx/error.ts';
import { importOnnx } from '../src/models/onnx/import.ts';
import { field, join, varint } from './support/onnx-encoder.ts';
import { GraphBuilder } from './support/onnx-graph.ts';

/** A little of everything: kernels, statistics, shape arithmetic, products. */
function sample(): Uint8Array {
  const g = new GraphBuilder();
  let y = g.add('PRelu', [
    g.norm(g.conv('x', [4, 3, 3, 3], { pads: [1, 1, 1, 1] }, true), 4),
    g.weight([4, 1, 1]),
  ]);
  y = g.add('Add', [g.conv(y, [4, 1, 3, 3], { group: 4, pads: [1, 1, 1, 1] }), y]);
  y = g.add('Clip', [
    g.conv(y, [6, 2, 3, 3], { group: 2, strides: [2, 2] }),
    g.weight([], [0]),
    g.weight([], [6]),
  ]);
  const batch = g.add('Gather', [g.add('Shape', [y]), g.integers([0], [])], { axis: 0 });
  const rest = g.add('Constant', [], { value: { dims: [1], data: [-1], type: 'int64' } });
  const target = g.add('Concat', [g.add('Unsqueeze', [batch, g.integers([0])]), rest], { axis: 0 });
  y = g.add('Reshape', [g.add('Transpose', [y], { perm: [0, 2, 3, 1] }), target]);
  return g.build(g.norm(g.add('Gemm', [y, g.weight([36, 5]), g.weight([5])]), 5));
}

type Outcome = 'imported' | 'refused';

/** Anything but a network or an OnnxError is the test's failure. */
function tryImport(bytes: Uint8Array): Outcome {
  let network: ReturnType<typeof importOnnx>;
  try {
    network = importOnnx(bytes, { label: 'fuzz' });
  } catch (error) {
    if (error instanceof OnnxError) return 'refused';
    throw error;
  }
  const [height, width] = network.inputSize;
  expect(network.embed(full([1, 2, height, width, 3], 0.5)).shape).toEqual([1, 2, network.embeddingSize]);
  return 'imported';
}

/** Runs `change` on the sample for each seed; counts what came of it. */
function fuzz(seeds: number, change: (bytes: Uint8Array, random: (below: number) => number) => Uint8Array) {
  const whole = sample();
  const outcomes = { imported: 0, refused: 0 };
  for (let seed = 0; seed < seeds; seed++) {
    const next = mulberry32(seed);
    const bytes = change(whole.slice(), (below) => Math.floor(next() * below));
    try {
      outcomes[tryImport(bytes)]++;
    } catch (error) {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    }
  }
  return outcomes;
}

describe('ONNX files that are', () => {
  it('whole are imported', () => {
    expect(tryImport(sample())).toBe('imported');
  });

  it('cut anywhere are refused, or end between two fields', () => {
    const whole = sample();
    let refused = 0;
    for (let length = 0; length < whole.length; length++) {
      if (tryImport(whole.subarray(0, length)) === 'refused') refused++;
    }
    // Only the operator set lies behind the graph, and without it nothing is computed.
    expect(refused).toBe(whole.length);
  });

  it('changed in some bytes', () => {
    const { imported, refused } = fuzz(3000, (bytes, random) => {
      for (let i = random(4) + 1; i > 0; i--) bytes[random(bytes.length)] = random(256);
      return bytes;
    });
    expect([imported > 0, refused > 0]).toEqual([true, true]);
  });

  it('changed in numbers: lengths, counts and extents of every size', () => {
    const numbers = [0, 1, 2, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 53, -1, -(2 ** 31)].map(varint);
    const { refused } = fuzz(3000, (bytes, random) => {
      const at = random(bytes.length);
      return join(
        bytes.subarray(0, at),
        numbers[random(numbers.length)]!,
        bytes.subarray(at + 1 + random(3)),
      );
    });
    expect(refused).toBeGreaterThan(0);
  });

  it('pieced together anew', () => {
    const { refused } = fuzz(2000, (bytes, random) => {
      const [from, to, length] = [random(bytes.length), random(bytes.length), random(200)];
      const piece = bytes.slice(from, from + length);
      return join(bytes.subarray(0, to), piece, bytes.subarray(to + random(200)));
    });
    expect(refused).toBeGreaterThan(0);
  });

  it('noise behind a model’s first bytes', () => {
    const { imported } = fuzz(2000, (_, random) => {
      const noise = Uint8Array.from({ length: random(400) }, () => random(256));
      return join(
        field.integer(1, 8),
        random(2) === 0 ? noise : field.bytes(7, noise),
        field.bytes(8, field.integer(2, 17)),
      );
    });
    expect(imported).toBe(0);
  });

  it('bombs are refused before they go off', () => {
    const doubling = new GraphBuilder();
    let shape = doubling.add('Constant', [], { value: { dims: [1], data: [1], type: 'int64' } });
    for (let i = 0; i < 60; i++) shape = doubling.add('Concat', [shape, shape], { axis: 0 });
    expect(() => importOnnx(doubling.build(doubling.add('Reshape', ['x', shape])))).toThrow(
      /\(Concat\): needs \d+ values that the file does not hold/,
    );
    const growing = new GraphBuilder();
    let y = 'x';
    for (let i = 0; i < 9; i++) y = growing.conv(y, [3, 3, 1, 1], { pads: [4000, 4000, 4000, 4000] });
    expect(() => importOnnx(growing.build(y))).toThrow(/\(Conv\): makes \d+ values of one image/);
    const dilated = new GraphBuilder();
    const wide = dilated.conv('x', [64, 3, 3, 3], {
      dilations: [4096, 4096],
      pads: [4096, 4096, 4096, 4096],
    });
    expect(() => importOnnx(dilated.build(wide))).toThrow(/\(Conv\): its kernel spreads over 8193×8193/);
    const costly = new GraphBuilder();
    let z = 'x';
    for (let i = 0; i < 9; i++) {
      z = costly.conv(z, [i === 8 ? 3 : 64, i === 0 ? 3 : 64, 3, 3], {
        dilations: [60, 60],
        pads: [60, 60, 60, 60],
      });
    }
    expect(() => importOnnx(costly.build(z))).toThrow(
      /\(Conv\): needs \d+ values that the file does not hold/,
    );
    // A node that feeds itself, and nodes that feed each other.
    const circle = new GraphBuilder();
    circle.add('Sub', ['t1', circle.weight([1])]);
    circle.add('Mul', ['t0', circle.weight([1])]);
    expect(() => importOnnx(circle.build('t1'))).toThrow(/node n0 \(Sub\): nothing before it makes t1/);
  });
});
