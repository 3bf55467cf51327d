/** Cut and hostile ONNX files are refused by name. Files damaged at random are fuzzed with all formats, data-fuzz.test.ts. */
import { describe, expect, it } from 'vitest';
import { full } from '../src/engine/index.ts';
import { OnnxError } from '../src/models/onnx/error.ts';
import { importOnnx } from '../src/models/onnx/import.ts';
import { GraphBuilder, sampleGraph } from './support/onnx-graph.ts';

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

describe('ONNX files that are', () => {
  it('whole are imported', () => {
    expect(tryImport(sampleGraph())).toBe('imported');
  });

  it('cut anywhere are refused, or end between two fields', () => {
    const whole = sampleGraph();
    let refused = 0;
    for (let length = 0; length < whole.length; length++) {
      if (tryImport(whole.subarray(0, length)) === 'refused') refused++;
    }
    // Only the operator set lies behind the graph, and without it nothing is computed.
    expect(refused).toBe(whole.length);
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
