/**
 * MobileFaceNet as data: Chen, Liu, Gao, Han, "MobileFaceNets: Efficient CNNs for Accurate Real-Time Face
 * Verification on Mobile Devices", 2018 (arXiv:1804.07573), table 1, and the list of layers that follows from it.
 */

/** Expansion t, output channels c, repeats n, stride s of the first repeat. */
export const BOTTLENECKS = [
  { t: 2, c: 64, n: 5, s: 2 },
  { t: 4, c: 128, n: 1, s: 2 },
  { t: 2, c: 128, n: 6, s: 1 },
  { t: 4, c: 128, n: 1, s: 2 },
  { t: 2, c: 128, n: 2, s: 1 },
] as const;

export type Activation = 'prelu' | 'relu' | 'relu6';

const STEM_CHANNELS = 64;
const HEAD_CHANNELS = 512;
/** The smallest side that four strides of 2 leave a pixel of which is not padding only. */
const SMALLEST_INPUT = 16;

/** A convolution with its BatchNorm and, unless linear, its activation. */
export interface Layer {
  /** `blocks.3.depthwise`; mobilefacenet-tensors.ts says which tensors it has. */
  readonly path: string;
  readonly kind: 'conv' | 'depthwise';
  readonly kernel: readonly [number, number];
  readonly stride: 1 | 2;
  readonly padding: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Linear layers (the projections, the global depthwise convolution, the embedding) have no activation. */
  readonly linear: boolean;
  /** Where it is not the network's. */
  readonly activation?: Activation;
}

/** Layers in a row, around which a residual connection may go. */
export interface Block {
  readonly layers: readonly Layer[];
  readonly residual: boolean;
}

export interface TableOptions {
  /** One side of a square, or [height, width]. */
  readonly inputSize: number | readonly [number, number];
  readonly widthMultiplier: number;
  readonly embeddingSize: number;
  /**
   * The stem's depthwise convolution is one half of a separable one, as in foamliu's network: a pointwise convolution
   * follows, and both have ReLU whatever the others have. Not in the paper.
   */
  readonly separableStem?: boolean;
}

/**
 * The whole network as blocks of layers, in order. Channels are multiplied by the width multiplier and rounded
 * to a multiple of 8; the embedding's size is not. The global depthwise kernel is the last feature map's size.
 * Throws a RangeError for sizes that the network cannot take.
 */
export function mobileFaceNetBlocks(options: TableOptions): Block[] {
  const { inputSize, widthMultiplier, embeddingSize } = options;
  const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
  checkSizes(height, width, widthMultiplier, embeddingSize);
  const scaled = (channels: number) => Math.max(8, Math.round((channels * widthMultiplier) / 8) * 8);

  let channels = scaled(STEM_CHANNELS);
  const stem = convolution('stem', 3, 3, channels, { stride: 2 });
  const separable: LayerOptions = { stride: 1, activation: 'relu' };
  const blocks: Block[] = [
    {
      layers: options.separableStem
        ? [
            stem,
            depthwise('stemDepthwise', [3, 3], channels, separable),
            convolution('stemPointwise', 1, channels, channels, separable),
          ]
        : [stem, depthwise('stemDepthwise', [3, 3], channels, { stride: 1 })],
      residual: false,
    },
  ];
  let index = 0;
  for (const { t, c, n, s } of BOTTLENECKS) {
    for (let repeat = 0; repeat < n; repeat++) {
      const path = `blocks.${index++}`;
      const stride = repeat === 0 ? s : 1;
      const [wide, outputs] = [channels * t, scaled(c)];
      blocks.push({
        layers: [
          convolution(`${path}.expand`, 1, channels, wide),
          depthwise(`${path}.depthwise`, [3, 3], wide, { stride }),
          convolution(`${path}.project`, 1, wide, outputs, { linear: true }),
        ],
        residual: stride === 1 && channels === outputs,
      });
      channels = outputs;
    }
  }
  const head = scaled(HEAD_CHANNELS);
  const last: [number, number] = [lastMapSide(height), lastMapSide(width)];
  blocks.push({
    layers: [
      convolution('head', 1, channels, head),
      depthwise('global', last, head, { padding: 0, linear: true }),
      convolution('embedding', 1, head, embeddingSize, { linear: true }),
    ],
    residual: false,
  });
  return blocks;
}

/** Side of the last feature map: four 3×3 convolutions of stride 2 and padding 1 halve, rounding up. */
export function lastMapSide(side: number): number {
  return Math.ceil(side / 16);
}

interface LayerOptions {
  readonly stride?: 1 | 2;
  readonly padding?: number;
  readonly linear?: boolean;
  readonly activation?: Activation;
}

function convolution(path: string, k: number, inputs: number, outputs: number, o: LayerOptions = {}): Layer {
  return { path, kind: 'conv', kernel: [k, k], inputs, outputs, ...defaults(k, o) };
}

function depthwise(path: string, kernel: [number, number], channels: number, o: LayerOptions = {}): Layer {
  return { path, kind: 'depthwise', kernel, inputs: channels, outputs: channels, ...defaults(kernel[0], o) };
}

function defaults(
  kernel: number,
  { stride = 1, padding = kernel >> 1, linear = false, activation }: LayerOptions,
) {
  return { stride, padding, linear, ...(activation ? { activation } : {}) };
}

function checkSizes(height: number, width: number, widthMultiplier: number, embeddingSize: number): void {
  for (const side of [height, width]) {
    if (!Number.isInteger(side) || side < SMALLEST_INPUT) {
      throw new RangeError(
        `MobileFaceNet: input size must be whole numbers of at least ${SMALLEST_INPUT} pixels a side, since four ` +
          `strides of 2 leave 1/16 of it; got ${height}×${width}. Resize the images, to 112×112 as in the paper if you can`,
      );
    }
  }
  if (!(widthMultiplier > 0 && widthMultiplier <= 8)) {
    throw new RangeError(
      `MobileFaceNet: width multiplier must be over 0 and at most 8, got ${widthMultiplier}; the paper's network has 1`,
    );
  }
  if (!Number.isInteger(embeddingSize) || embeddingSize < 1) {
    throw new RangeError(
      `MobileFaceNet: embedding size must be a positive whole number, got ${embeddingSize}; the paper's is 128`,
    );
  }
}
