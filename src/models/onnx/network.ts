/** A plan on the engine: its weights as parameters, its steps as ops. */
import {
  add,
  broadcastTo,
  clamp,
  conv2d,
  depthwiseConv2d,
  div,
  matmul,
  maximum,
  mean,
  minimum,
  mul,
  ParameterSet,
  prelu,
  reciprocal,
  relu,
  relu6,
  reshape,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
} from '../../engine/index.ts';
import { type Operation, type Step, weightsOf } from './plan.ts';

/** A plan with its weights in a parameter set. */
export interface PlannedNetwork {
  readonly parameters: ParameterSet | undefined;
  /** The last step's result [1, N, h, w, c] from preprocessed pixels [1, N, H, W, 3]. */
  readonly apply: (images: Tensor) => Tensor;
}

/** Makes a plan ready to be traced. `name` is its parameter set's. */
export function planNetwork(name: string, steps: readonly Step[], output: number): PlannedNetwork {
  const specs = steps.flatMap(({ operation }, index) =>
    [...weightsOf(operation)].map(([part, { shape, data }]) => ({
      path: `${index}.${part}`,
      shape: memberShape(shape, operation),
      initial: data,
    })),
  );
  const parameters = specs.length > 0 ? new ParameterSet(name, specs) : undefined;
  const apply = (images: Tensor): Tensor => {
    const results: Tensor[] = [];
    for (const [index, { operation, extents }] of steps.entries()) {
      const weight = (part: string): Tensor | undefined => {
        const path = `${index}.${part}`;
        return parameters?.has(path) ? parameters.tensor(path) : undefined;
      };
      const shape = [1, images.shape[1]!, extents.h, extents.w, extents.c];
      results.push(applyStep(operation, { images, shape, results, weight }));
    }
    return results[output]!;
  };
  return { parameters, apply };
}

/** Groups are on the member axis; everything else has one member there. */
function memberShape(shape: readonly number[], operation: Operation): readonly number[] {
  return operation.kind === 'conv' && operation.style === 'grouped' && shape.length === 5
    ? shape
    : [1, ...shape];
}

interface StepContext {
  readonly images: Tensor;
  /** Of the step's result. */
  readonly shape: readonly number[];
  readonly results: readonly Tensor[];
  readonly weight: (part: string) => Tensor | undefined;
}

function applyStep(operation: Operation, { images, shape, results, weight }: StepContext): Tensor {
  /** A weight that broadcasts over images: [1, 1, h or 1, w or 1, c or 1]. */
  const spread = (part: string): Tensor => {
    const tensor = weight(part)!;
    return reshape(tensor, [1, 1, ...tensor.shape.slice(1)]);
  };
  const withBias = (y: Tensor): Tensor => {
    const bias = weight('bias');
    return bias ? add(y, reshape(bias, [1, 1, 1, 1, bias.shape[1]!])) : y;
  };
  const result = (index: number): Tensor => results[index]!;
  switch (operation.kind) {
    case 'input':
      return images;
    case 'conv':
      return withBias(convolve(result(operation.x), weight('weight')!, operation));
    case 'dense': {
      const x = result(operation.x);
      const [, batch = 1] = x.shape;
      const matrix = weight('weight')!;
      return withBias(reshape(matmul(reshape(x, [1, batch, matrix.shape[1]!]), matrix), shape));
    }
    case 'affine':
      return add(mul(result(operation.x), spread('scale')), spread('shift'));
    case 'prelu':
      return prelu(result(operation.x), spread('slope'));
    case 'clamp':
      return clampStep(result(operation.x), operation.low, operation.high);
    case 'function': {
      const x = result(operation.x);
      if (operation.name === 'sqrt') return sqrt(x);
      if (operation.name === 'reciprocal') return reciprocal(x);
      // 1/(1 + exp(−x)), without an exponential that overflows.
      return add(mul(tanh(mul(x, 0.5)), 0.5), 0.5);
    }
    case 'combine': {
      const combine = { add, sub, mul, div }[operation.name];
      return combine(result(operation.a), result(operation.b));
    }
    case 'pool':
      return mean(result(operation.x), [2, 3], { keepDims: true });
    case 'norm':
      return sqrt(sum(square(result(operation.x)), [2, 3, 4], { keepDims: true }));
    case 'repeat':
      return broadcastTo(result(operation.x), shape);
  }
}

type Convolution = Extract<Operation, { kind: 'conv' }>;

function convolve(x: Tensor, weight: Tensor, { style, stride, padding }: Convolution): Tensor {
  const window = { stride, padding };
  if (style === 'full') return conv2d(x, weight, window);
  if (style === 'depthwise') return depthwiseConv2d(x, weight, window);
  // Groups do to channels what members do to networks: each has its own weights, and one dispatch serves all.
  const [, batch = 1, height = 1, width = 1, channels = 1] = x.shape;
  const groups = weight.shape[0]!;
  const apart = reshape(x, [batch, height, width, groups, channels / groups]);
  const y = conv2d(transpose(apart, [3, 0, 1, 2, 4]), weight, window);
  const [, , outHeight = 1, outWidth = 1, perGroup = 1] = y.shape;
  return reshape(transpose(y, [1, 2, 3, 0, 4]), [1, batch, outHeight, outWidth, groups * perGroup]);
}

function clampStep(x: Tensor, low: number, high: number): Tensor {
  if (high === Infinity) return low === 0 ? relu(x) : low === -Infinity ? x : maximum(x, low);
  if (low === -Infinity) return minimum(x, high);
  return low === 0 && high === 6 ? relu6(x) : clamp(x, low, high);
}
