/** Small graphs for tests, written operator by operator with seeded weights. */
import { mulberry32 } from '../../src/models/init.ts';
import { type Attribute, type EncodedNode, type EncodedTensor, model } from './onnx-encoder.ts';

/** Seeded values in [low, high). */
export function seeded(count: number, seed: number, low = -1, high = 1): Float32Array {
  const next = mulberry32(seed);
  return Float32Array.from({ length: count }, () => low + (high - low) * next());
}

export interface GraphOptions {
  /** The image's extents as the graph has them, without the batch: [3, H, W], or [H, W, 3]. */
  readonly image?: readonly (number | string)[];
  readonly batch?: number | string;
  readonly opset?: number;
  readonly initializersAsInputs?: boolean;
  readonly inputType?: number;
}

/** Writes a graph node by node. `x` is the image; every method that adds a node returns its output's name. */
export class GraphBuilder {
  readonly #nodes: EncodedNode[] = [];
  readonly #initializers: Record<string, EncodedTensor> = {};
  #seed = 1;

  /** A stored tensor of seeded values, or of those given. */
  weight(dims: readonly number[], values?: ArrayLike<number>, extra: Partial<EncodedTensor> = {}): string {
    const name = `w${Object.keys(this.#initializers).length}`;
    const count = dims.reduce((product, extent) => product * extent, 1);
    this.#initializers[name] = { dims, data: values ?? seeded(count, this.#seed++), ...extra };
    return name;
  }

  integers(values: readonly number[], dims: readonly number[] = [values.length]): string {
    return this.weight(dims, values, { type: 'int64' });
  }

  /** A tensor whose values are positive: variances, divisors. */
  positive(dims: readonly number[]): string {
    const count = dims.reduce((product, extent) => product * extent, 1);
    return this.weight(dims, seeded(count, this.#seed++, 0.5, 2));
  }

  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    extra: Partial<EncodedNode> = {},
  ): string {
    const output = `t${this.#nodes.length}`;
    this.#nodes.push({ operator, inputs, output, name: `n${this.#nodes.length}`, attributes, ...extra });
    return output;
  }

  conv(
    x: string,
    dims: readonly number[],
    attributes: Readonly<Record<string, Attribute>> = {},
    bias = false,
  ): string {
    return this.add('Conv', [x, this.weight(dims), ...(bias ? [this.weight([dims[0]!])] : [])], attributes);
  }

  norm(x: string, channels: number, attributes: Readonly<Record<string, Attribute>> = {}): string {
    const c = [channels];
    const inputs = [x, this.weight(c), this.weight(c), this.weight(c), this.positive(c)];
    return this.add('BatchNormalization', inputs, attributes);
  }

  /** The model's bytes, with `output` as what it computes. */
  build(output: string, options: GraphOptions = {}): Uint8Array {
    const { image = [3, 7, 6], batch = 'batch', opset = 17, inputType = 1 } = options;
    return model({
      nodes: this.#nodes,
      initializers: this.#initializers,
      input: { name: 'x', dims: [batch, ...image], type: inputType },
      output: { name: output, dims: [] },
      opset,
      ...(options.initializersAsInputs ? { initializersAsInputs: true } : {}),
    });
  }
}

/** A little of everything: kernels, statistics, shape arithmetic, products. */
export function sampleGraph(options: GraphOptions = {}): Uint8Array {
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
  return g.build(g.norm(g.add('Gemm', [y, g.weight([36, 5]), g.weight([5])]), 5), options);
}
