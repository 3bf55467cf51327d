/** ONNX graphs imported and computed by facet, against onnxruntime on the CPU. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../src/engine/index.ts';
import { importOnnx, type OnnxOptions } from '../src/models/onnx/import.ts';
import { openTestEngine } from './support/device.ts';
import { norm } from './support/float64.ts';
import { type Comparison, compare, embedWith } from './support/onnx-compare.ts';
import type { Encoding } from './support/onnx-encoder.ts';
import { GraphBuilder, type GraphOptions, seeded } from './support/onnx-graph.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await openTestEngine();
});
afterAll(() => engine?.close());

/** Both are f32 in other orders of summing: a few units of the last place, on sums of at most some hundred terms. */
const TOLERANCE = 5e-6;

function expectEqual({ facet, ort }: Comparison): void {
  expect(facet.length).toBe(ort.length);
  expect(norm(Array.from(ort))).toBeGreaterThan(0);
  const error = Array.from(facet, (value, i) => value - ort[i]!);
  expect(norm(error) / norm(Array.from(ort))).toBeLessThan(TOLERANCE);
}

interface Row {
  readonly what: string;
  readonly build: (g: GraphBuilder) => string;
  readonly graph?: GraphOptions;
  readonly layout?: 'nhwc';
  readonly count?: number;
}

/** Flattened last, so that every value counts and the order of channels and pixels shows. */
const flat = (g: GraphBuilder, x: string): string => g.add('Flatten', [x]);

const CONVOLUTIONS: readonly Row[] = [
  {
    what: 'a 3×3 convolution with stride, pads and bias on odd sizes',
    build: (g) => flat(g, g.conv('x', [8, 3, 3, 3], { strides: [2, 2], pads: [1, 1, 1, 1] }, true)),
  },
  {
    what: 'pads that differ on all sides',
    build: (g) => flat(g, g.conv('x', [4, 3, 3, 2], { pads: [1, 0, 2, 3] })),
  },
  {
    what: 'SAME_UPPER',
    build: (g) => flat(g, g.conv('x', [4, 3, 2, 4], { auto_pad: 'SAME_UPPER', strides: [2, 2] })),
  },
  {
    what: 'SAME_LOWER',
    build: (g) => flat(g, g.conv('x', [4, 3, 2, 4], { auto_pad: 'SAME_LOWER', strides: [2, 2] })),
  },
  {
    what: 'dilation',
    build: (g) => flat(g, g.conv('x', [4, 3, 3, 2], { dilations: [2, 3], pads: [2, 1, 2, 1] })),
  },
  {
    what: 'a depthwise convolution',
    build: (g) => flat(g, g.conv('x', [3, 1, 3, 3], { group: 3, pads: [1, 1, 1, 1], strides: [2, 2] }, true)),
  },
  {
    what: 'a depthwise convolution with two outputs a channel',
    build: (g) => flat(g, g.conv('x', [6, 1, 3, 3], { group: 3 }, true)),
  },
  {
    what: 'groups, with BatchNorm and PReLU behind',
    build: (g) => {
      const wide = g.conv('x', [8, 3, 1, 1]);
      const groups = g.conv(wide, [12, 2, 3, 3], { group: 4, pads: [1, 1, 1, 1] }, true);
      return flat(g, g.add('PRelu', [g.norm(groups, 12), g.weight([12, 1, 1])]));
    },
  },
];

const ELEMENTWISE: readonly Row[] = [
  {
    what: 'BatchNorm behind a convolution, twice, and once more for the features',
    build: (g) => {
      const y = g.norm(g.norm(g.conv('x', [5, 3, 3, 3], {}, true), 5), 5, { epsilon: { float: 0.001 } });
      const features = g.add('Gemm', [flat(g, y), g.weight([100, 7])]);
      return g.norm(features, 7, { epsilon: { float: 2e-5 } });
    },
  },
  {
    what: 'BatchNorm before a convolution, whose padding must stay zero',
    build: (g) => flat(g, g.conv(g.norm('x', 3), [4, 3, 3, 3], { pads: [1, 1, 1, 1] })),
  },
  {
    what: 'a result that two read is not folded into',
    build: (g) => {
      const y = g.conv('x', [4, 3, 1, 1]);
      return flat(g, g.add('Add', [y, g.norm(y, 4)]));
    },
  },
  {
    what: 'constants that broadcast: scalar, channel, width, pixel, whole image',
    build: (g) => {
      let y = g.add('Sub', ['x', g.weight([], [0.5])]);
      y = g.add('Mul', [g.weight([3, 1, 1]), y]);
      y = g.add('Add', [y, g.weight([6])]);
      y = g.add('Mul', [y, g.weight([1, 1, 7, 6])]);
      y = g.add('Div', [y, g.positive([3, 7, 6])]);
      return flat(g, g.add('Sub', [g.weight([1, 3, 1, 1]), y]));
    },
  },
  {
    what: 'a constant divided by what follows from the image',
    build: (g) => flat(g, g.add('Div', [g.weight([1]), g.add('Add', ['x', g.positive([1])])])),
  },
  {
    what: 'activations, each behind the other',
    build: (g) => {
      let y = g.conv('x', [6, 3, 1, 1]);
      y = g.add('PRelu', [y, g.weight([6, 1, 1])]);
      y = g.add('LeakyRelu', [g.norm(y, 6)], { alpha: { float: 0.2 } });
      y = g.add('PRelu', [g.norm(y, 6), g.weight([1])]);
      y = g.add('Clip', [g.norm(y, 6), g.weight([], [-0.75]), g.weight([], [0.5])]);
      y = g.add('Clip', [g.norm(y, 6), '', g.weight([], [1.5])]);
      y = g.add('Clip', [g.norm(y, 6), g.weight([], [-0.25])]);
      y = g.add('Sigmoid', [g.norm(y, 6)]);
      return flat(g, g.add('Relu', [g.norm(y, 6)]));
    },
  },
  {
    what: 'bounds as attributes, as before operator set 11',
    build: (g) =>
      flat(g, g.add('Clip', [g.conv('x', [4, 3, 1, 1])], { min: { float: 0 }, max: { float: 6 } })),
    graph: { opset: 10, initializersAsInputs: true },
  },
  {
    what: 'a residual connection, and squeeze and excitation',
    build: (g) => {
      const y = g.conv('x', [8, 3, 3, 3], { pads: [1, 1, 1, 1] });
      let s = g.add('GlobalAveragePool', [y]);
      s = g.add('Relu', [g.conv(s, [2, 8, 1, 1], {}, true)]);
      s = g.add('Sigmoid', [g.conv(s, [8, 2, 1, 1], {}, true)]);
      return flat(g, g.add('Add', [g.add('Mul', [s, y]), y]));
    },
  },
  {
    what: 'differences and quotients of two activations',
    build: (g) => {
      const [a, b] = [g.conv('x', [4, 3, 1, 1]), g.add('Sigmoid', [g.conv('x', [4, 3, 1, 1])])];
      return flat(g, g.add('Sub', [g.add('Div', [a, b]), b]));
    },
  },
];

const SHAPES: readonly Row[] = [
  {
    what: 'a matrix over flattened pixels, transposed, scaled, with a bias',
    build: (g) => {
      const y = flat(g, g.conv('x', [5, 3, 3, 3]));
      const attributes = { alpha: { float: 0.5 }, beta: { float: 2 }, transB: 1 };
      return g.add('Gemm', [y, g.weight([9, 100]), g.weight([9])], attributes);
    },
  },
  {
    what: 'MatMul and Add behind a transpose to channels last',
    build: (g) => {
      const y = g.add('Transpose', [g.conv('x', [5, 3, 3, 3])], { perm: [0, 2, 3, 1] });
      const features = g.add('Reshape', [y, g.integers([0, -1])]);
      return g.add('Add', [g.add('MatMul', [features, g.weight([100, 4])]), g.weight([4])]);
    },
  },
  {
    what: 'elementwise work on flattened pixels before the matrix',
    build: (g) => {
      const y = g.norm(flat(g, g.conv('x', [2, 3, 3, 3])), 40);
      return g.add('Gemm', [g.add('PRelu', [y, g.weight([40])]), g.weight([40, 3]), g.weight([1, 3])]);
    },
  },
  {
    what: 'what exporters write to flatten: Shape, Gather, Unsqueeze, Concat, Reshape',
    build: (g) => {
      const y = g.add('Dropout', [g.add('Identity', [g.conv('x', [5, 3, 7, 6])])]);
      const batch = g.add('Gather', [g.add('Shape', [y]), g.integers([0], [])], { axis: 0 });
      const minus = g.add('Constant', [], { value: { dims: [1], data: [-1], type: 'int64' } });
      const target = g.add('Concat', [g.add('Unsqueeze', [batch, g.integers([0])]), minus], { axis: 0 });
      return g.add('Gemm', [g.add('Reshape', [y, target]), g.weight([5, 4])]);
    },
  },
  {
    what: 'shapes sliced, cast, computed with and joined',
    build: (g) => {
      const y = g.conv('x', [4, 3, 3, 3]);
      const dims = g.add('Shape', [y]);
      const area = g.add('Mul', [
        g.add('Slice', [dims, g.integers([2]), g.integers([3]), g.integers([0])]),
        g.add('Slice', [dims, g.integers([-1]), g.integers([9_007_199_254_740_991]), g.integers([0])]),
      ]);
      const features = g.add('Cast', [g.add('Mul', [area, g.integers([4])])], { to: 7 });
      const head = g.add('Slice', [dims, g.integers([0]), g.integers([1])]);
      return g.add('Reshape', [y, g.add('Concat', [head, features], { axis: 0 })]);
    },
  },
  {
    what: 'global pooling, squeezed, and back to an image',
    build: (g) => {
      const pooled = g.add('GlobalAveragePool', [g.conv('x', [6, 3, 3, 3])]);
      const vector = g.add('Squeeze', [pooled, g.integers([2, 3])]);
      const image = g.add('Unsqueeze', [vector, g.integers([2, -1])]);
      return g.conv(image, [5, 6, 1, 1], {}, true);
    },
  },
  {
    what: 'ReduceMean over pixels, axes as an attribute',
    build: (g) => g.add('ReduceMean', [g.conv('x', [6, 3, 3, 3])], { axes: [-1, 2], keepdims: 0 }),
  },
  {
    what: 'features divided by their length',
    build: (g) => {
      const y = g.add('Gemm', [flat(g, g.conv('x', [5, 3, 3, 3])), g.weight([100, 6])]);
      const length = g.add('ReduceL2', [y], { axes: [1], keepdims: 1 });
      const least = g.add('Clip', [length, g.weight([], [1e-12])]);
      return g.add('Div', [y, g.add('Expand', [least, g.add('Shape', [y])])]);
    },
  },
  {
    what: 'an image with channels last',
    build: (g) => flat(g, g.conv(g.add('Transpose', ['x'], { perm: [0, 3, 1, 2] }), [4, 3, 3, 3])),
    graph: { image: [7, 6, 3] },
    layout: 'nhwc',
  },
  {
    what: 'a batch that the file fixes at 1',
    build: (g) => g.add('Reshape', [g.conv('x', [4, 3, 3, 3]), g.integers([1, 80])]),
    graph: { batch: 1 },
    count: 1,
  },
];

describe.each([
  ['convolutions', CONVOLUTIONS],
  ['elementwise', ELEMENTWISE],
  ['shapes and products', SHAPES],
] as const)('%s', (_, rows) => {
  it.each(rows)('$what', async ({ build, graph, layout, count }) => {
    const g = new GraphBuilder();
    const bytes = g.build(build(g), graph);
    expectEqual(await compare(engine, bytes, { ...(layout ? { layout } : {}), ...(count ? { count } : {}) }));
  });
});

describe('weights', () => {
  it.each(['typed', 'half', 'half-typed', 'double', 'double-typed', 'bfloat'] as const)(
    'stored as %s are those of the same graph in floats',
    async (encoding) => {
      const build = (kind: Encoding) => {
        const g = new GraphBuilder();
        // Eighths are exact in every type.
        const values = Float32Array.from({ length: 4 * 3 * 9 }, (_, i) => ((i * 7) % 33) / 8 - 2);
        const weight = g.weight([4, 3, 3, 3], values, { encoding: kind });
        return importOnnx(g.build(flat(g, g.add('Conv', ['x', weight]))));
      };
      const pixels = seeded(7 * 6 * 3, 5, 0, 1);
      const expected = await embedWith(engine, build('raw'), pixels);
      expect(await embedWith(engine, build(encoding), pixels)).toEqual(expected);
    },
  );
});

describe('preprocessing', () => {
  const pixels = seeded(7 * 6 * 3, 6, 0, 1);
  /** What the graph sees: with channels pooled, the mean of each. */
  const seen = async (options: OnnxOptions, before: (g: GraphBuilder) => string = () => 'x') => {
    const g = new GraphBuilder();
    const bytes = g.build(flat(g, g.add('GlobalAveragePool', [before(g)])));
    return Array.from(await embedWith(engine, importOnnx(bytes, options), pixels));
  };
  const means = [0, 1, 2].map((channel) => {
    const own = pixels.filter((_, i) => i % 3 === channel);
    return own.reduce((sum, value) => sum + value, 0) / own.length;
  });
  const close = (actual: number[], expected: number[]) => {
    for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 4);
  };

  it('is (x − 127.5)/127.5 by default, and others by name', async () => {
    close(
      await seen({}),
      means.map((p) => (255 * p - 127.5) / 127.5),
    );
    close(
      await seen({ preprocessing: '128' }),
      means.map((p) => (255 * p - 127.5) / 128),
    );
    const [r, g, b] = means as [number, number, number];
    close(await seen({ preprocessing: 'imagenet' }), [
      (r - 0.485) / 0.229,
      (g - 0.456) / 0.224,
      (b - 0.406) / 0.225,
    ]);
    close(await seen({ preprocessing: 'unit', order: 'bgr' }), [b, g, r]);
  });

  it('is left to a graph that subtracts and scales by itself', async () => {
    const standardized = await seen({}, (g) =>
      g.add('Mul', [g.add('Sub', ['x', g.weight([], [127.5])]), g.weight([1], [1 / 64])]),
    );
    close(
      standardized,
      means.map((p) => (255 * p - 127.5) / 64),
    );
    // One of the two, or BatchNorm first, is not that.
    const shifted = await seen({}, (g) => g.add('Add', ['x', g.weight([], [1])]));
    close(
      shifted,
      means.map((p) => (255 * p - 127.5) / 127.5 + 1),
    );
  });
});

describe('refusals', () => {
  const refusal = (build: (g: GraphBuilder) => string, graph: GraphOptions = {}) => {
    const g = new GraphBuilder();
    const bytes = g.build(build(g), graph);
    return expect(() => importOnnx(bytes, { label: 'faces.onnx' }));
  };
  const conv = (g: GraphBuilder) => g.conv('x', [4, 3, 3, 3]);

  it('name the node whose operator is not known, unless nothing needs it', async () => {
    refusal((g) => flat(g, g.add('MaxPool', [conv(g)], {}, { name: 'stage2.pool' }))).toThrow(
      /^faces\.onnx: node stage2\.pool: facet does not compute the operator MaxPool; it knows Add, /,
    );
    refusal((g) => flat(g, g.add('Conv', ['x'], {}, { domain: 'com.microsoft' }))).toThrow(
      /node n0: .* Conv of com\.microsoft/,
    );
    const g = new GraphBuilder();
    const y = conv(g);
    g.add('MaxPool', [y], { kernel_shape: [2, 2] });
    expectEqual(await compare(engine, g.build(flat(g, y))));
  });

  it.each<[string, RegExp, (g: GraphBuilder) => string, GraphOptions?]>([
    [
      'a missing input',
      /node n1 \(Flatten\): nothing before it makes elsewhere/,
      (g) => {
        conv(g);
        return flat(g, 'elsewhere');
      },
    ],
    [
      'an unknown attribute',
      /node n0 \(Relu\): has an attribute alpha/,
      (g) => g.add('Relu', ['x'], { alpha: 1 }),
    ],
    [
      'weights that do not fit',
      /node n0 \(Conv\): weights \[4,5,3,3\] in 1 groups/,
      (g) => g.conv('x', [4, 5, 3, 3]),
    ],
    [
      'strides that differ',
      /n0 \(Conv\): has strides 1 and 2/,
      (g) => g.conv('x', [4, 3, 3, 3], { strides: [1, 2] }),
    ],
    [
      'a window too large',
      /n0 \(Conv\): a window of 9×9 does not fit an image of 7×6/,
      (g) => g.conv('x', [4, 3, 9, 9]),
    ],
    [
      'a kernel that lies',
      /says a kernel of \[5,5\]/,
      (g) => g.conv('x', [4, 3, 3, 3], { kernel_shape: [5, 5] }),
    ],
    [
      'endless pads',
      /expected pads to be four numbers from 0 to 4096/,
      (g) => g.conv('x', [4, 3, 3, 3], { pads: [1e9, 0, 0, 0] }),
    ],
    [
      'BatchNorm in training mode',
      /n0 \(BatchNormalization\): is in training mode/,
      (g) => g.norm('x', 3, { training_mode: 1 }),
    ],
    ['statistics of another size', /expected input 1 to be \[3\], got \[4\]/, (g) => g.norm('x', 4)],
    [
      'a constant that does not broadcast',
      /a constant \[5\] does not broadcast over \[1,3,7,6\]/,
      (g) => g.add('Add', ['x', g.weight([5])]),
    ],
    [
      'a matrix that does not fit',
      /a matrix \[7,2\] does not fit \[1,80\]/,
      (g) => g.add('Gemm', [flat(g, conv(g)), g.weight([7, 2])]),
    ],
    [
      'a channel shuffle',
      /n0 \(Reshape\): reshapes \[1,3,7,6\] to \[1,3,7,2,3\]/,
      (g) => g.add('Reshape', ['x', g.integers([1, 3, 7, 2, 3])]),
    ],
    [
      'a batch that is merged',
      /leaves the batch alone/,
      (g) => g.add('Reshape', [conv(g), g.integers([-1])]),
    ],
    ['a batch that is moved', /moves the batch/, (g) => g.add('Transpose', ['x'], { perm: [1, 0, 2, 3] })],
    ['features that are an image', /its output t0 is \[1,4,5,4\]; expected the features/, conv],
    ['an output that no image changes', /its output t0 is \[2\]/, (g) => g.add('Identity', [g.weight([2])])],
    [
      'an input that the graph does not declare',
      /n0 \(Add\): nothing before it makes y/,
      (g) => g.add('Add', ['x', 'y']),
    ],
    [
      'an image of one channel',
      /its input x is \[\?, 1, 7, 6\]; expected an image \[batch, 3, height, width\]/,
      conv,
      { image: [1, 7, 6] },
    ],
    [
      'an image of whole numbers',
      /its input x is of uint8; expected an image of floats/,
      conv,
      { inputType: 2 },
    ],
    [
      'an image without end',
      /takes images of 7×1000000; expected at most 1024/,
      conv,
      { image: [3, 7, 1e6] },
    ],
    [
      'operators older than facet knows',
      /uses version 3 of ONNX's operators; facet knows 7 to /,
      conv,
      { opset: 3 },
    ],
    [
      'constants that grow',
      /\(ConstantOfShape\): needs 10000000000 values that the file does not hold/,
      (g) => g.add('Add', ['x', g.add('ConstantOfShape', [g.integers([1e5, 1e5])])]),
    ],
  ])('say what is wrong with %s', (_, message, build, graph) => {
    refusal(build, graph).toThrow(message);
  });

  it('refuse data that lies elsewhere or is not whole, and files that are no models', () => {
    const external = new GraphBuilder();
    const bytes = external.build(
      flat(
        external,
        external.add('Conv', ['x', external.weight([4, 3, 3, 3], undefined, { external: true })]),
      ),
    );
    expect(() => importOnnx(bytes)).toThrow(
      /tensor w0 lies in another file \(external data\).*onnx\.save_model/,
    );
    const short = new GraphBuilder();
    const cut = short.build(flat(short, short.add('Conv', ['x', short.weight([4, 3, 3, 3], [1, 2])])));
    expect(() => importOnnx(cut)).toThrow(/tensor w0: 108 values of float take 432 bytes, the file holds 8/);
    expect(() => importOnnx(bytes.subarray(0, bytes.length - 40))).toThrow(/OnnxError|promises|ends within/);
    expect(() => importOnnx(new Uint8Array())).toThrow(/ONNX model: has no graph/);
    expect(() => importOnnx(new TextEncoder().encode('\n\tnot a model at all'))).toThrow(
      /no ONNX graph|has no graph/,
    );
  });
});
