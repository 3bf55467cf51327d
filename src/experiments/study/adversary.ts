/**
 * Adversarial images made during training: Zhong & Deng, "Adversarial Learning with Margin-based Triplet Embedding
 * Regularization", ICCV 2019 (arXiv:1909.09481), the step that looks for perturbations.
 *
 * The first half of a batch are sources, the second half targets. Each source is moved, round by round, towards its
 * target's features, as the networks now are and by the batch's own statistics, by sign steps as in I-FGSM.
 */
import {
  clamp,
  concat,
  type Engine,
  gradients,
  input,
  l2Normalize,
  mul,
  type Program,
  scalarInput,
  select,
  sign,
  slice,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  Variable,
} from '../../engine/index.ts';
import type { MobileFaceNet } from '../../models/mobilefacenet.ts';

/** A pixel step of 1 (black to white) in the units that networks train in, (255 p − 127.5)/128. */
const STANDARDISED = 255 / 128;
const LARGEST = 127.5 / 128;

export interface AdversaryOptions {
  readonly rounds: number;
  /** Of pixels in [0, 1]. */
  readonly stepSize: number;
  /** Images in a batch, N. */
  readonly batchSize: number;
}

export class Adversary {
  /** The adversarial images of the last batch, standardised: [1, N/2, H, W, 3]. */
  readonly images: Variable;
  readonly #engine: Engine;
  readonly #rounds: number;
  readonly #round: Program<'images' | 'first', never>;

  private constructor(
    engine: Engine,
    images: Variable,
    rounds: number,
    round: Program<'images' | 'first', never>,
  ) {
    this.#engine = engine;
    this.images = images;
    this.#rounds = rounds;
    this.#round = round;
  }

  /** Compiles one round for a network of square images. */
  static async compile(
    engine: Engine,
    network: MobileFaceNet,
    { rounds, stepSize, batchSize }: AdversaryOptions,
  ): Promise<Adversary> {
    const { inputSize } = network.options;
    const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize;
    const half = Math.floor(batchSize / 2);
    const images = new Variable({ name: 'train.adversarial', shape: [1, half, height, width, 3] });
    const round = await engine.compile<'images' | 'first', never>({
      name: 'train.perturb',
      inputs: { images: input([1, batchSize, height, width, 3]), first: scalarInput() },
      trace: ({ images: batch, first }) => {
        const current = select(first, halfOf(batch, 0), images.tensor());
        const both = concat([current, halfOf(batch, 1)], 1);
        const units = l2Normalize(network.forward(both, 'train').features, -1);
        const [members = 0, , size = 0] = units.shape;
        const moved = slice(units, [0, 0, 0], [members, half, size]);
        const target = stopGradient(slice(units, [0, half, 0], [members, 2 * half, size]));
        const [slope] = gradients(mul(sum(square(sub(moved, target))), 0.5), [current]);
        const next = sub(current, mul(sign(slope!), stepSize * STANDARDISED));
        return { outputs: {}, updates: [images.assign(clamp(next, -LARGEST, LARGEST))] };
      },
    });
    return new Adversary(engine, images, rounds, round);
  }

  /** Makes the adversarial images of a batch [1, N, H, W, 3]; they are in `images` for what is submitted next. */
  perturb(batch: Float32Array): void {
    for (let round = 0; round < this.#rounds; round++) {
      this.#round.run({ images: batch, first: round === 0 ? 1 : 0 });
    }
  }

  free(): void {
    this.#round.free();
    this.#engine.free(this.images);
  }
}

/** Sources (0) or targets (1) of a batch [1, N, H, W, 3]; of an odd batch the last image is neither. */
export function halfOf(batch: Tensor, which: 0 | 1): Tensor {
  const [members = 1, images = 0, ...rest] = batch.shape;
  const half = Math.floor(images / 2);
  const zeros = rest.map(() => 0);
  return slice(batch, [0, which * half, ...zeros], [members, (which + 1) * half, ...rest]);
}
