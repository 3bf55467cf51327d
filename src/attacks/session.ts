/**
 * One run of an attack, on the host: a queue of pairs through a batch of slots. A pair that is done leaves its slot to
 * the next one, and a trial that is over makes room for the pair's next trial, so the batch stays full while there is
 * work. When the queue is empty and at most half of the slots are at work, their pairs move to a batch of half the size.
 * No pair sees another, so results do not depend on the batch's size or on the order of pairs.
 */
import type { Engine, TypedArray } from '../engine/index.ts';
import { hashName, mulberry32 } from '../models/init.ts';
import type { Search, TrialParameters } from './attack.ts';
import type { Batch, Move } from './batch.ts';
import { NEVER, type StepReading } from './programs.ts';
import { Queue } from './queue.ts';
import type { AttackPair, AttackResult, Reached } from './result.ts';
import type { RunOptions } from './run.ts';
import { single } from './search.ts';
import { type AttackSpec, RECORD, SMALLEST_BATCH } from './slots.ts';
import type { AttackView } from './watch.ts';

/** What a run needs of its runner. */
export interface SessionHost {
  readonly engine: Engine;
  readonly spec: AttackSpec;
  readonly full: Batch;
  readonly smaller: (size: number) => Promise<Batch>;
  readonly move: (from: Batch, to: Batch) => Promise<Move>;
}

type Readings = Record<StepReading, TypedArray> & { readonly features?: TypedArray };

/** A pair in its slot. */
interface Occupant {
  readonly pair: AttackPair;
  readonly index: number;
  readonly search: ReturnType<Search>;
  parameters: TrialParameters;
  found: TrialParameters;
  trials: number;
  evaluations: number;
  readonly curve: { value: number[]; distance: number[]; trialStarts: number[] } | undefined;
}

/** Attacks every pair until it is done; `AttackRunner.run` says how. */
export async function runSession(
  host: SessionHost,
  pairs: Iterable<AttackPair> | AsyncIterable<AttackPair>,
  options: RunOptions,
): Promise<AttackResult[]> {
  const queue = new Queue(pairs);
  try {
    return await new Session(host, queue, options).run();
  } finally {
    await queue.close();
  }
}

class Session {
  readonly #host: SessionHost;
  readonly #queue: Queue<AttackPair>;
  readonly #options: RunOptions;
  readonly #limits: Float32Array;
  readonly #results: AttackResult[] = [];
  #batch: Batch;
  /** By slot. */
  #occupied = new Map<number, Occupant>();

  constructor(host: SessionHost, queue: Queue<AttackPair>, options: RunOptions) {
    this.#host = host;
    this.#queue = queue;
    this.#options = options;
    this.#batch = host.full;
    const own = host.spec.stopping.limits;
    this.#limits = Float32Array.from(options.limits ?? own);
    if (this.#limits.length !== own.length) {
      throw new RangeError(
        `${host.spec.attack.name}: got ${this.#limits.length} limits, expected ${own.length}, as many as of the stopping rule`,
      );
    }
    if (options.onStep && !host.spec.watch) {
      throw new RangeError(
        `${host.spec.attack.name}: onStep needs an attack that was compiled with watch: true`,
      );
    }
  }

  async run(): Promise<AttackResult[]> {
    const { slots } = this.#batch;
    this.#host.engine.write(slots.active, new Float32Array(slots.count));
    this.#restart(await this.#enter([...Array(slots.count).keys()]));
    if (this.#queue.exhausted) await this.#shrink();
    while (this.#occupied.size > 0) {
      this.#options.signal?.throwIfAborted();
      const readings = await this.#steps();
      const { again, done } = this.#judge(readings);
      if (done.length > 0) await this.#collect(done, readings);
      this.#restart([...again, ...(await this.#enter(done))]);
      if (done.length > 0 && this.#queue.exhausted) await this.#shrink();
    }
    return this.#results;
  }

  /** Some steps, and what the host sees after the last of them. */
  async #steps(): Promise<Readings> {
    const { step, slots } = this.#batch;
    const { onStep } = this.#options;
    if (onStep) {
      // Asked for before the step moves them.
      const images = this.#host.engine.read(slots.images);
      const readings: Readings = await step.run({ limits: this.#limits }).read();
      await onStep(this.#views(readings, (await images) as Float32Array));
      return readings;
    }
    const watched = [...this.#occupied.values()].some(({ curve }) => curve);
    const steps = watched ? 1 : (this.#options.stepsPerRead ?? 4);
    for (let i = 1; i < steps; i++) step.run({ limits: this.#limits });
    return step.run({ limits: this.#limits }).read();
  }

  /** What the step that gave `readings` saw in `images` [1, B, H, W, 3]. */
  #views(readings: Readings, images: Float32Array): AttackView[] {
    const { spec } = this.#host;
    const { count } = this.#batch.slots;
    const { members, embeddingSize } = spec;
    const pixels = pixelsOf(spec);
    const views = [...this.#occupied].map(([slot, occupant]): AttackView => {
      const features = new Float32Array(members * embeddingSize);
      for (let m = 0; m < members; m++) {
        const from = (m * count + slot) * embeddingSize;
        features.set(readings.features?.subarray(from, from + embeddingSize) ?? [], m * embeddingSize);
      }
      const { distance: _, ...best } = this.#record(readings, this.#limits.length - 1, slot);
      const going = readings.active[slot]!;
      return {
        name: occupant.pair.name,
        index: occupant.index,
        trial: occupant.trials,
        parameters: occupant.parameters,
        iteration: readings.iterations[slot]! - going,
        image: images.slice(slot * pixels, (slot + 1) * pixels),
        features,
        value: readings.value[slot]!,
        distance: readings.distance[slot]!,
        over: going === 0,
        best: best.l2 < NEVER / 2 ? best : null,
      };
    });
    return views.sort((a, b) => a.index - b.index);
  }

  /** The slots whose trial is over: those whose pair tries again, and those whose pair is done. */
  #judge(readings: Readings): { again: number[]; done: number[] } {
    const [again, done]: [number[], number[]] = [[], []];
    for (const [slot, occupant] of this.#occupied) {
      const distance = readings.distance[slot]!;
      checkFinite(this.#host.spec, distance, occupant.pair);
      occupant.curve?.value.push(readings.value[slot]!);
      occupant.curve?.distance.push(distance);
      if (readings.active[slot] !== 0) continue;
      (this.#nextTrial(occupant, slot, readings) ? again : done).push(slot);
    }
    return { again, done };
  }

  /** Tells the pair's search of the trial that is over; false where it wants no other. */
  #nextTrial(occupant: Occupant, slot: number, readings: Readings): boolean {
    occupant.trials++;
    // The image that ended the trial was looked at too.
    occupant.evaluations += readings.iterations[slot]! + 1;
    const last = this.#limits.length - 1;
    const { l2, linf } = this.#record(readings, last, slot);
    const success = readings.reached[last * this.#batch.slots.count + slot] !== 0;
    const next = occupant.search.next({ success, l2, linf });
    if (next.done) occupant.found = next.value;
    else occupant.parameters = next.value;
    return !next.done;
  }

  /** New pairs from the queue into `free` slots; returns those that got one. */
  async #enter(free: readonly number[]): Promise<number[]> {
    const { spec } = this.#host;
    const { slots, enter } = this.#batch;
    const { members, embeddingSize } = spec;
    const pixels = pixelsOf(spec);
    const entered: number[] = [];
    const replace = new Float32Array(slots.count);
    const sources = new Float32Array(slots.count * pixels);
    const targets = new Float32Array(members * slots.count * embeddingSize);
    for (const slot of free) {
      const drawn = await this.#queue.draw();
      if (!drawn) break;
      const pair = drawn.item;
      checkPair(spec, pair);
      this.#occupied.set(slot, this.#occupant(pair, drawn.index));
      entered.push(slot);
      replace[slot] = 1;
      sources.set(pair.source, slot * pixels);
      for (let m = 0; m < members; m++) {
        const own = pair.targets.subarray(m * embeddingSize, (m + 1) * embeddingSize);
        targets.set(own, (m * slots.count + slot) * embeddingSize);
      }
    }
    if (entered.length > 0) enter.run({ replace, sources, targets });
    return entered;
  }

  #occupant(pair: AttackPair, index: number): Occupant {
    const { attack } = this.#host.spec;
    const search = (attack.search ?? single())();
    const first = search.next();
    if (first.done)
      throw new Error(`${attack.name}: its search asks for no trial; it must yield at least once`);
    const curve = index < (this.#options.curves ?? 0);
    return {
      pair,
      index,
      search,
      parameters: first.value,
      found: {},
      trials: 0,
      evaluations: 0,
      curve: curve ? { value: [], distance: [], trialStarts: [] } : undefined,
    };
  }

  /** Begins a trial in each of these slots, with what its pair's search chose. */
  #restart(chosen: readonly number[]): void {
    if (chosen.length === 0) return;
    const { spec } = this.#host;
    const { attack } = spec;
    const { slots, restart } = this.#batch;
    const pixels = pixelsOf(spec);
    const names = attack.parameters ?? [];
    const mask = new Float32Array(slots.count);
    const starts = new Float32Array(attack.start ? slots.count * pixels : 1);
    const parameters = new Float32Array(Math.max(1, names.length * slots.count));
    for (const slot of chosen) {
      const occupant = this.#occupied.get(slot)!;
      mask[slot] = 1;
      for (const [i, name] of names.entries()) {
        const value = occupant.parameters[name];
        if (value === undefined)
          throw new Error(`${attack.name}: its search gave no "${name}", which it declares`);
        parameters[i * slots.count + slot] = value;
      }
      if (attack.start) {
        const stream = `${this.#options.seed ?? 0}/${attack.name}/${occupant.pair.name}/${occupant.trials}`;
        const random = mulberry32(hashName(stream));
        starts.set(attack.start(occupant.pair.source, random, occupant.parameters), slot * pixels);
      }
      occupant.curve?.trialStarts.push(occupant.curve.value.length);
    }
    restart.run({ restart: mask, starts, parameters });
  }

  /** Hands out the results of these slots, and empties them. */
  async #collect(done: readonly number[], readings: Readings): Promise<void> {
    const { engine } = this.#host;
    const { kept } = this.#batch.slots;
    const images = kept && ((await engine.read(kept)) as Float32Array);
    for (const slot of done) {
      const occupant = this.#occupied.get(slot)!;
      const result = this.#result(occupant, slot, readings, images);
      this.#results[occupant.index] = result;
      this.#occupied.delete(slot);
      this.#options.onResult?.(result, occupant.index);
    }
  }

  #result(occupant: Occupant, slot: number, readings: Readings, images?: Float32Array): AttackResult {
    const { spec } = this.#host;
    const pixels = pixelsOf(spec);
    const count = this.#limits.length;
    const best = (limit: number): Reached => {
      const record = this.#record(readings, limit, slot);
      const at = (limit * this.#batch.slots.count + slot) * pixels;
      const rms = record.l2 / Math.sqrt(pixels);
      return { ...record, rms, ...(images && { image: images.slice(at, at + pixels) }) };
    };
    const milestones = Array.from({ length: count }, (_, limit) =>
      isRecorded(this.#record(readings, limit, slot)) ? best(limit) : null,
    );
    const last = milestones.at(-1) ?? null;
    const { pair, evaluations, trials, found, curve } = occupant;
    return {
      name: pair.name,
      success: last !== null,
      milestones,
      evaluations,
      trials,
      found,
      ...(last ?? best(count)),
      ...(curve && { curve }),
    };
  }

  /** What is recorded of the best image for a limit; of the nearest image for the one after the last. */
  #record(readings: Readings, limit: number, slot: number): Record<(typeof RECORD)[number], number> {
    const { count } = this.#batch.slots;
    const field = (name: (typeof RECORD)[number]) =>
      readings.records[(limit * RECORD.length + RECORD.indexOf(name)) * count + slot]!;
    return {
      iterations: field('iterations'),
      l2: field('l2'),
      linf: field('linf'),
      distance: field('distance'),
    };
  }

  /** Halves the batch while the pairs at work fit, and takes them along. */
  async #shrink(): Promise<void> {
    const { spec, smaller, move } = this.#host;
    const from = this.#batch;
    const least = Math.max(this.#occupied.size, spec.smallestBatch ?? SMALLEST_BATCH);
    let size = from.slots.count;
    while (size > 1 && Math.ceil(size / 2) >= least) size = Math.ceil(size / 2);
    if (size === from.slots.count || this.#occupied.size === 0) return;
    const to = await smaller(size);
    const takes = [...this.#occupied.keys()];
    const idle = [...Array(from.slots.count).keys()].filter((slot) => !this.#occupied.has(slot));
    const origins = [...takes, ...idle].slice(0, size);
    (await move(from, to)).run({ from: Int32Array.from(origins) });
    this.#occupied = new Map(takes.map((slot, i) => [i, this.#occupied.get(slot)!]));
    this.#batch = to;
  }
}

function isRecorded({ distance }: { readonly distance: number }): boolean {
  return distance < NEVER / 2;
}

function pixelsOf({ imageSize: [height, width] }: AttackSpec): number {
  return height * width * 3;
}

function checkPair(spec: AttackSpec, pair: AttackPair): void {
  const { members, embeddingSize, imageSize, attack } = spec;
  const [pixels, features] = [pixelsOf(spec), members * embeddingSize];
  if (pair.source.length !== pixels || pair.targets.length !== features) {
    throw new RangeError(
      `${attack.name}: pair ${pair.name} has ${pair.source.length} source values and ${pair.targets.length} target values; ` +
        `expected ${pixels} (${imageSize.join('×')}×3) and ${features} (${members} members × ${embeddingSize})`,
    );
  }
}

function checkFinite({ attack }: AttackSpec, distance: number, pair: AttackPair): void {
  if (Number.isFinite(distance)) return;
  throw new Error(
    `${attack.name}: pair ${pair.name} has the distance ${distance}; its features, or the network's ` +
      'weights, are not finite numbers. Look at the training losses, or at the image',
  );
}
