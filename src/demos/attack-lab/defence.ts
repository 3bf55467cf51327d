/** A face network on a device, ready to be asked how like two faces are. Node and page run the same. */
import { type Engine, input, type Program } from '../../engine/index.ts';
import { type MatchingRule, measure, similarity, thresholdAtFar } from '../../evaluation/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';

/** How like two faces are to a defence. */
export interface Similarities {
  /** By the defence's matching rule: what the threshold is compared with. */
  readonly ensemble: number;
  /** Each member's cosine. */
  readonly members: readonly number[];
}

/** Features of one image: M × E. */
export type Features = Float32Array;

export class Defence {
  readonly network: FaceNetwork;
  readonly rule: MatchingRule;
  readonly #engine: Engine;
  #embed: Promise<Program<'pixels', 'features'>> | undefined;

  constructor(engine: Engine, network: FaceNetwork, rule: MatchingRule) {
    this.#engine = engine;
    this.network = network;
    this.rule = rule;
  }

  /** Features of an image, H × W × 3 in [0, 1]. */
  async features(pixels: Float32Array): Promise<Features> {
    const [height, width] = this.network.inputSize;
    this.#embed ??= this.#engine.compile<'pixels', 'features'>({
      name: 'lab.embed',
      inputs: { pixels: input([1, 1, height, width, 3]) },
      trace: ({ pixels: images }) => ({ outputs: { features: this.network.embed(images) } }),
    });
    const program = await this.#embed;
    const { features } = await program.run({ pixels }).read();
    return features as Float32Array;
  }

  /** How like two images' features are, in float64. */
  similarities(one: Features, other: Features): Similarities {
    const { members, embeddingSize: dimension } = this.network;
    const measured = (data: Features, count: number) =>
      measure({ data, members: count, count: 1, dimension });
    const cosine = (member: number): number => {
      const own = (data: Features) => data.subarray(member * dimension, (member + 1) * dimension);
      return similarity('mean', measured(own(one), 1), 0, measured(own(other), 1), 0);
    };
    return {
      ensemble: similarity(this.rule, measured(one, members), 0, measured(other, members), 0),
      members: Array.from({ length: members }, (_, member) => cosine(member)),
    };
  }

  /** Gives its memory back. Nothing of it may be running. */
  async free(): Promise<void> {
    const program = await this.#embed?.catch(() => undefined);
    program?.free();
    this.#embed = undefined;
    for (const { flat } of this.network.parameters) this.#engine.free(flat);
  }
}

/**
 * The threshold at which a defence takes a share `far` of strangers for one another. `strangers` are images of different
 * people; at least 1/far pairs of them. Rejects with the signal's reason when it is aborted.
 */
export async function thresholdAmong(
  defence: Defence,
  strangers: AsyncIterable<Float32Array> | Iterable<Float32Array>,
  far: number,
  signal: AbortSignal,
): Promise<number> {
  const seen: Features[] = [];
  const scores: number[] = [];
  for await (const pixels of strangers) {
    signal.throwIfAborted();
    const features = await defence.features(pixels);
    for (const other of seen) scores.push(defence.similarities(features, other).ensemble);
    seen.push(features);
  }
  return thresholdAtFar(Float64Array.from(scores), far);
}
