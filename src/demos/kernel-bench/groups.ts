/** The benchmarks by what they time, each with a sentence for people. The cases are those of `facet bench`. */
export interface BenchGroup {
  /** How its cases' names start. */
  readonly name: string;
  readonly title: string;
  readonly about: string;
  /** Chosen before one chooses: seconds on a graphics card, and what the picture shows best. */
  readonly chosen: boolean;
}

export const GROUPS: readonly BenchGroup[] = [
  {
    name: 'gemm',
    title: 'Matrix products',
    about: 'The work horse of every network: many sums of products. Limited by arithmetic.',
    chosen: true,
  },
  {
    name: 'conv1x1',
    title: '1×1 convolutions',
    about:
      'Mixes the channels of every pixel; most of MobileFaceNet’s arithmetic. Forward and both gradients.',
    chosen: true,
  },
  {
    name: 'depthwise3x3',
    title: 'Depthwise convolutions',
    about: 'Looks at a pixel’s neighbours, one channel at a time. Little arithmetic for much memory.',
    chosen: true,
  },
  {
    name: 'elementwise',
    title: 'Elementwise work',
    about: 'One operation for each number. Limited by how fast memory is read and written.',
    chosen: true,
  },
  { name: 'reduce', title: 'Sums', about: 'Millions of numbers into few. Limited by reading.', chosen: true },
  {
    name: 'train-step',
    title: 'Training steps',
    about: 'A whole step of training MobileFaceNet on 8 faces: forward, backward, update.',
    chosen: false,
  },
  {
    name: 'attack-step',
    title: 'Attack steps',
    about: 'One step of an attack on 8 faces: which way must the pixels change?',
    chosen: false,
  },
  {
    name: 'embed',
    title: 'Recognising faces',
    about: 'Features of 8 faces from a trained network.',
    chosen: false,
  },
  {
    name: 'head',
    title: 'Many identities',
    about: 'The last layer of a training with thousands of people, whole and in chunks.',
    chosen: false,
  },
];

/** `gemm/512/m3` belongs to `gemm`. */
export function groupOf(name: string): string {
  return name.split('/')[0] ?? name;
}
