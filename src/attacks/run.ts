/**
 * The host side of an attack: a queue of pairs through a batch of fixed shape. A pair that is done leaves its slot to
 * the next one, so one program is compiled and the batch stays full while there is work. No pair sees another, so
 * results do not depend on the batch's size or on the order of pairs.
 */
import type { Engine, Program, TypedArray } from '../engine/index.ts';
import { hashName, mulberry32 } from '../models/init.ts';
import {
  type AttackSpec,
  compileRefill,
  compileStep,
  type RefillInput,
  Slots,
  type StepOutput,
} from './programs.ts';

export interface AttackPair {
  /** For messages and for the pair's random stream: `Name_0001 → Other_0002`. */
  readonly name: string;
  /** Pixels in [0, 1]: H × W × 3. */
  readonly source: Float32Array;
  /** Features to reach: M × E. */
  readonly targets: Float32Array;
}

/** An image that reached a limit, or the last one where none did. Norms are of pixels in [0, 1]. */
export interface Reached {
  readonly iterations: number;
  readonly l2: number;
  readonly linf: number;
  /** Root of the mean square over pixels and channels. */
  readonly rms: number;
  /** H × W × 3, where the spec keeps images. */
  readonly image?: Float32Array;
}

export interface AttackResult extends Reached {
  readonly name: string;
  /** The last limit was reached. */
  readonly success: boolean;
  /** Distance by the stopping rule of the last image looked at. */
  readonly distance: number;
  /** One per limit of the stopping rule; null where it was not reached. */
  readonly milestones: readonly (Reached | null)[];
}

export interface RunOptions {
  /** Called when a pair is done, with its place in the order of pairs. */
  readonly onResult?: (result: AttackResult, index: number) => void;
  /** Aborting rejects with the signal's reason; what `onResult` has been given stays. */
  readonly signal?: AbortSignal;
  /** Other limits than the stopping rule's, as many: a threshold may change without compiling anew. */
  readonly limits?: readonly number[];
  /** Of attacks with a random start. */
  readonly seed?: number;
  /** Steps submitted before the host looks. A pair that is done stands still, so this changes no result. */
  readonly stepsPerRead?: number;
}

type Readings = Record<StepOutput, TypedArray>;

/** An attack compiled for one network and one batch size, to be run on any number of pairs. */
export class AttackRunner {
  readonly #engine: Engine;
  readonly #spec: AttackSpec;
  readonly #slots: Slots;
  readonly #step: Program<'limits', StepOutput>;
  readonly #refill: Program<RefillInput, never>;

  private constructor(
    engine: Engine,
    spec: AttackSpec,
    slots: Slots,
    step: Program<'limits', StepOutput>,
    refill: Program<RefillInput, never>,
  ) {
    this.#engine = engine;
    this.#spec = spec;
    this.#slots = slots;
    this.#step = step;
    this.#refill = refill;
  }

  /** Traces and compiles. Throws a RangeError for a batch size or a number of steps that is not positive. */
  static async compile(engine: Engine, spec: AttackSpec): Promise<AttackRunner> {
    for (const key of ['batchSize', 'maxSteps', 'members'] as const) {
      if (!Number.isInteger(spec[key]) || spec[key] < 1) {
        throw new RangeError(`${spec.attack.name}: ${key} must be a positive whole number, got ${spec[key]}`);
      }
    }
    const slots = new Slots(spec);
    const [step, refill] = await Promise.all([
      compileStep(engine, spec, slots),
      compileRefill(engine, spec, slots),
    ]);
    return new AttackRunner(engine, spec, slots, step, refill);
  }

  /**
   * Attacks every pair until it is done. Results come in the order of the pairs, which are drawn only when a slot is
   * free. Throws where a pair's arrays have the wrong length, or where a distance is not a number.
   */
  async run(
    pairs: Iterable<AttackPair> | AsyncIterable<AttackPair>,
    options: RunOptions = {},
  ): Promise<AttackResult[]> {
    const { stepsPerRead = 4 } = options;
    const limits = Float32Array.from(options.limits ?? this.#spec.stopping.limits);
    const queue = iterate(pairs);
    const occupied = new Map<number, { pair: AttackPair; index: number }>();
    const results: AttackResult[] = [];
    let drawn = 0;
    const draw = async (slot: number): Promise<AttackPair | undefined> => {
      const next = await queue.next();
      if (next.done) return undefined;
      occupied.set(slot, { pair: next.value, index: drawn++ });
      return next.value;
    };

    this.#engine.write(this.#slots.active, new Float32Array(this.#spec.batchSize));
    await this.#fill([...Array(this.#spec.batchSize).keys()], draw, options.seed ?? 0);
    while (occupied.size > 0) {
      options.signal?.throwIfAborted();
      for (let i = 1; i < stepsPerRead; i++) this.#step.run({ limits });
      const readings = await this.#step.run({ limits }).read();
      const done = [...occupied.keys()].filter((slot) => readings.active[slot] === 0);
      for (const [slot, { pair }] of occupied) this.#checkFinite(readings.distance[slot]!, pair);
      if (done.length === 0) continue;
      const images = this.#spec.keepImages ? await this.#readImages() : undefined;
      for (const slot of done) {
        const { pair, index } = occupied.get(slot)!;
        const result = this.#collect(slot, pair, readings, images);
        results[index] = result;
        options.onResult?.(result, index);
        occupied.delete(slot);
      }
      await this.#fill(done, draw, options.seed ?? 0);
    }
    return results;
  }

  /** Gives the programs' and slots' memory back. */
  free(): void {
    this.#step.free();
    this.#refill.free();
    for (const variable of this.#slots.all()) this.#engine.free(variable);
  }

  async #fill(
    free: readonly number[],
    draw: (slot: number) => Promise<AttackPair | undefined>,
    seed: number,
  ): Promise<void> {
    const { batchSize, members, embeddingSize, attack } = this.#spec;
    const pixels = this.#pixels();
    const replace = new Float32Array(batchSize);
    const starts = new Float32Array(batchSize * pixels);
    const sources = new Float32Array(batchSize * pixels);
    const targets = new Float32Array(members * batchSize * embeddingSize);
    for (const slot of free) {
      const pair = await draw(slot);
      if (!pair) break;
      this.#checkPair(pair);
      const random = mulberry32(hashName(`${seed}/${attack.name}/${pair.name}`));
      replace[slot] = 1;
      sources.set(pair.source, slot * pixels);
      starts.set(attack.start?.(pair.source, random) ?? pair.source, slot * pixels);
      for (let m = 0; m < members; m++) {
        const own = pair.targets.subarray(m * embeddingSize, (m + 1) * embeddingSize);
        targets.set(own, (m * batchSize + slot) * embeddingSize);
      }
    }
    if (replace.includes(1)) this.#refill.run({ replace, starts, sources, targets });
  }

  #collect(slot: number, pair: AttackPair, readings: Readings, images?: Images): AttackResult {
    const { batchSize, stopping } = this.#spec;
    const pixels = this.#pixels();
    const reached = (iterations: number, l2: number, linf: number, from?: Float32Array, at = 0): Reached => ({
      iterations,
      l2,
      linf,
      rms: l2 / Math.sqrt(pixels),
      ...(from && { image: from.slice(at * pixels, (at + 1) * pixels) }),
    });
    const milestones = stopping.limits.map((_, limit) => {
      const i = limit * batchSize + slot;
      const at = readings.reachedAt[i]!;
      return at < 0 ? null : reached(at, readings.keptL2[i]!, readings.keptLinf[i]!, images?.kept, i);
    });
    const last = milestones.at(-1) ?? null;
    return {
      name: pair.name,
      success: last !== null,
      distance: readings.distance[slot]!,
      milestones,
      ...(last ??
        reached(readings.iterations[slot]!, readings.l2[slot]!, readings.linf[slot]!, images?.last, slot)),
    };
  }

  async #readImages(): Promise<Images> {
    const [kept, last] = await Promise.all([
      this.#engine.read(this.#slots.kept!),
      this.#engine.read(this.#slots.images),
    ]);
    return { kept: kept as Float32Array, last: last as Float32Array };
  }

  #pixels(): number {
    const [height, width] = this.#spec.imageSize;
    return height * width * 3;
  }

  #checkPair(pair: AttackPair): void {
    const { members, embeddingSize, imageSize, attack } = this.#spec;
    const [pixels, features] = [this.#pixels(), members * embeddingSize];
    if (pair.source.length !== pixels || pair.targets.length !== features) {
      throw new RangeError(
        `${attack.name}: pair ${pair.name} has ${pair.source.length} source values and ${pair.targets.length} target values; ` +
          `expected ${pixels} (${imageSize.join('×')}×3) and ${features} (${members} members × ${embeddingSize})`,
      );
    }
  }

  #checkFinite(distance: number, pair: AttackPair): void {
    if (Number.isFinite(distance)) return;
    throw new Error(
      `${this.#spec.attack.name}: pair ${pair.name} has the distance ${distance}; its features, or the network's ` +
        'weights, are not finite numbers. Look at the training losses, or at the image',
    );
  }
}

interface Images {
  readonly kept: Float32Array;
  readonly last: Float32Array;
}

async function* iterate(pairs: Iterable<AttackPair> | AsyncIterable<AttackPair>): AsyncGenerator<AttackPair> {
  yield* pairs;
}
