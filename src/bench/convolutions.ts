/**
 * The convolutions that MobileFaceNet is made of, each in its three directions. A direction is a program of
 * its own; in those of the gradients the forward result is not used and so not computed.
 *
 * M members, N images, H pixels a side, C channels.
 */
import { conv2d, depthwiseConv2d, gradients, sizeOf, type Tensor } from '../engine/index.ts';
import { type CaseFamily, caseName, workload } from './case.ts';
import { FLOAT_BYTES, operand } from './values.ts';

const BATCH = 8;
const SIDE = 28;

export type Direction = 'forward' | 'dx' | 'dw';
const DIRECTIONS: readonly Direction[] = ['forward', 'dx', 'dw'];

const RESULT: Record<Direction, string> = {
  forward: 'output',
  dx: 'gradient of the input',
  dw: 'gradient of the weights',
};

interface Convolution {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Shape of the weights behind the member axis. */
  readonly weights: readonly number[];
  /** Multiply-adds per output element. */
  readonly depth: number;
  readonly apply: (x: Tensor, weights: Tensor) => Tensor;
}

const CONVOLUTIONS: readonly Convolution[] = [
  {
    name: 'conv1x1',
    inputs: 128,
    outputs: 256,
    weights: [1, 1, 128, 256],
    depth: 128,
    apply: (x, w) => conv2d(x, w, { stride: 1, padding: 0 }),
  },
  {
    name: 'depthwise3x3',
    inputs: 256,
    outputs: 256,
    weights: [3, 3, 256],
    depth: 9,
    apply: (x, w) => depthwiseConv2d(x, w, { stride: 1, padding: 1 }),
  },
];

function direction(convolution: Convolution, way: Direction): CaseFamily {
  const { name, inputs, outputs, weights, depth, apply } = convolution;
  return (members) => {
    const image = [members, BATCH, SIDE, SIDE];
    const pixels = members * BATCH * SIDE * SIDE;
    const flops = 2 * depth * outputs * pixels;
    // Of input, output and weights, two are operands and the third is the result, whatever the direction.
    const numbers = pixels * (inputs + outputs) + members * sizeOf(weights);
    return {
      name: caseName(`${name}/${way}`, members),
      members,
      description: `${name}, ${inputs} to ${outputs} channels of [${image.join(', ')}]: ${RESULT[way]}`,
      work: { unit: 'flop', amount: flops },
      intensity: flops / (numbers * FLOAT_BYTES),
      prepare: () => {
        const x = operand('x', [...image, inputs]);
        const w = operand('w', [members, ...weights]);
        const dy = operand('dy', [...image, outputs]);
        return workload(
          {
            name: `${name} ${way}`,
            inputs: {},
            trace: () => {
              const y = apply(x.tensor(), w.tensor());
              const wanted = way === 'dx' ? x : w;
              const result = way === 'forward' ? y : gradients(y, [wanted.tensor()], dy.tensor())[0]!;
              return { outputs: { result }, updates: [] };
            },
          },
          {},
          [x, w, dy],
        );
      },
    };
  };
}

export const convolutionCases: readonly CaseFamily[] = CONVOLUTIONS.flatMap((convolution) =>
  DIRECTIONS.map((way) => direction(convolution, way)),
);
