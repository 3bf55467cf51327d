/**
 * What memory limits: elementwise work and sums over 8 Mi numbers (32 MiB) a member, more than most caches hold.
 * Bytes are those that any kernel must move: each operand once in, the result once out.
 */
import { add, prelu, sum, type Tensor, type Update, type Variable } from '../engine/index.ts';
import { type CaseFamily, caseName, workload } from './case.ts';
import { FLOAT_BYTES, operand } from './values.ts';

const SHAPE = [8, 128, 128, 64] as const;
const CHANNELS = SHAPE[3];
const NUMBERS = SHAPE.reduce((product, extent) => product * extent, 1);
const ARRAY_BYTES = FLOAT_BYTES * NUMBERS;
/** Additions, or PReLU's products, of one member: one for each number. */
const FLOPS = NUMBERS;

interface Spec {
  readonly name: string;
  readonly description: string;
  /** Bytes of one member. */
  readonly bytes: number;
  readonly make: (members: number) => {
    readonly variables: readonly Variable[];
    readonly outputs: Readonly<Record<string, Tensor>>;
    readonly updates: readonly Update[];
  };
}

const full = (name: string, members: number) => operand(name, [members, ...SHAPE]);

const SPECS: readonly Spec[] = [
  {
    name: 'elementwise/add',
    description: 'x + y into z',
    bytes: 3 * ARRAY_BYTES,
    make: (members) => {
      const [x, y, z] = [full('x', members), full('y', members), full('z', members)];
      return {
        variables: [x, y, z],
        outputs: {},
        updates: [z.assign(add(x.tensor(), y.tensor()))],
      };
    },
  },
  {
    name: 'elementwise/prelu',
    description: 'PReLU with a slope per channel',
    bytes: 2 * ARRAY_BYTES,
    make: (members) => {
      const [x, y] = [full('x', members), full('y', members)];
      const slope = operand('slope', [members, CHANNELS]);
      return {
        variables: [x, y, slope],
        outputs: {},
        updates: [y.assign(prelu(x.tensor(), slope.tensor()))],
      };
    },
  },
  reduction('all', 'sum of everything a member has', FLOAT_BYTES, [1, 2, 3, 4]),
  reduction('channels', 'sum for each channel, over images and pixels', FLOAT_BYTES * CHANNELS, [1, 2, 3]),
  reduction('rows', 'sum for each pixel, over channels', ARRAY_BYTES / CHANNELS, [4]),
];

function reduction(name: string, description: string, resultBytes: number, axes: number[]): Spec {
  return {
    name: `reduce/${name}`,
    description,
    bytes: ARRAY_BYTES + resultBytes,
    make: (members) => {
      const x = full('x', members);
      return { variables: [x], outputs: { total: sum(x.tensor(), axes) }, updates: [] };
    },
  };
}

export const bandwidthCases: readonly CaseFamily[] = SPECS.map((spec) => (members) => ({
  name: caseName(spec.name, members),
  members,
  description: `${spec.description}; [${[members, ...SHAPE].join(', ')}]`,
  work: { unit: 'byte', amount: members * spec.bytes },
  intensity: FLOPS / spec.bytes,
  prepare: () => {
    const { variables, outputs, updates } = spec.make(members);
    return workload({ name: spec.name, inputs: {}, trace: () => ({ outputs, updates }) }, {}, variables);
  },
}));
