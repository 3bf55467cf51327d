/** One network of a study, alone: what it is called, where its files go, and it itself once it is needed. */
import type { Embeddings } from '../../../evaluation/index.ts';
import { drawImpersonations, type Impersonation } from '../attack-pairs.ts';
import { attackAll, type KeptResult } from '../attacking.ts';
import type { Defence } from '../defences.ts';
import { compileEmbedder, type Embedder, embedFaces } from '../embedding.ts';
import { contentHash } from '../run-folder.ts';
import { openTrained, type TrainedNetwork } from '../trained.ts';
import { type TrainedUnit, unitPlace, unitTitle } from '../units.ts';
import type { StudyContext } from './context.ts';
import { defenceOf, nameOf, trainingInputs } from './training-inputs.ts';

/** Images in a batch that is only embedded. */
const EMBED_BATCH = 64;

/** A network and the program that embeds with it. */
interface Opened {
  readonly trained: TrainedNetwork;
  readonly embedder: Embedder;
}

/** The training's, the test faces and the false accept rate. */
interface TestInputs {
  readonly test: string;
  readonly far: number;
}

export class StudiedUnit {
  readonly context: StudyContext;
  readonly unit: TrainedUnit;
  readonly defence: Defence;
  readonly title: string;
  /** The defence, or `surrogate`. */
  readonly name: string;
  readonly seed: number;
  readonly place: readonly string[];
  /** The pairs to attack, drawn before anything was trained. */
  readonly pairs: readonly Impersonation[];
  readonly #open = new Map<number, Promise<Opened>>();
  /** The trained network's features of the test faces: verification and the flip sum both look at them. */
  #plain: Promise<Embeddings> | undefined;

  constructor(context: StudyContext, unit: TrainedUnit) {
    this.context = context;
    this.unit = unit;
    this.defence = defenceOf(unit);
    this.title = unitTitle(unit, context.config);
    this.name = nameOf(unit);
    this.seed = unit.seed;
    this.place = unitPlace(unit);
    this.pairs = drawImpersonations(context.data, context.config.attack.pairs);
  }

  /** The part of every later stage's inputs that is the network's. */
  get trainingInputs(): object {
    const { config, data } = this.context;
    return trainingInputs(config, this.unit, data.fingerprint.train);
  }

  /** What a look at the test faces follows from. */
  get testInputs(): TestInputs {
    const { config, data } = this.context;
    return { ...this.trainingInputs, test: data.fingerprint.test, far: config.far };
  }

  get pairsHash(): string {
    return contentHash(this.pairs);
  }

  get lastEpoch(): number {
    return this.context.config.training.epochs;
  }

  /** The trained network's features of images that are pixels in [0, 1], [images, H, W, 3]. */
  async embedImages(images: Float32Array, count: number): Promise<Embeddings> {
    const { embedder } = await this.network(this.lastEpoch);
    return embedder.embed(images, count);
  }

  /** The trained network's features of rows of the test faces. */
  async embedRows(rows: readonly number[]): Promise<Embeddings> {
    const { embedder } = await this.network(this.lastEpoch);
    return embedFaces(embedder, this.context.data.test, { rows });
  }

  /** The network as it was at the end of an epoch, opened once. */
  network(epoch: number): Promise<Opened> {
    const { engine, config, data, stages } = this.context;
    const known = this.#open.get(epoch);
    if (known) return known;
    const opening = openTrained(engine, stages.run, this.place, epoch, {
      defence: this.defence,
      config,
      classes: data.train.classes,
    }).then(async (trained) => ({
      trained,
      embedder: await compileEmbedder(engine, trained.network, EMBED_BATCH),
    }));
    this.#open.set(epoch, opening);
    return opening;
  }

  /** The trained network's features of all test faces, made once. */
  plainTest(): Promise<Embeddings> {
    this.#plain ??= this.embedTest(this.lastEpoch);
    return this.#plain;
  }

  /** An epoch's network's features of all test faces. */
  async embedTest(epoch: number, mirrored = false): Promise<Embeddings> {
    const { data, progress } = this.context;
    const { embedder } = await this.network(epoch);
    const which = epoch === this.lastEpoch ? '' : ` of epoch ${epoch}`;
    return progress.during(
      `embed with ${this.title}${which}${mirrored ? ', mirrored' : ''}`,
      data.test.labels.length,
      (tick) => embedFaces(embedder, data.test, { mirrored, tick }),
    );
  }

  /** An attack of this network on pairs, towards its own features of their targets. */
  async attack(
    epoch: number,
    pairs: readonly Impersonation[],
    task: Pick<
      Parameters<typeof attackAll>[0],
      'attack' | 'stopping' | 'place' | 'inputs' | 'keepImages' | 'curves' | 'tick'
    >,
  ): Promise<KeptResult[]> {
    const { engine, config, data, stages, signal } = this.context;
    const { trained, embedder } = await this.network(epoch);
    const targets = await embedFaces(embedder, data.test, { rows: pairs.map(({ target }) => target) });
    return attackAll({
      ...task,
      engine,
      settings: config.attack.settings[task.attack] ?? {},
      batchSize: config.attack.batchSize,
      data,
      run: stages.run,
      network: trained.network,
      targets,
      pairs,
      signal,
    });
  }

  /** Gives the memory of opened networks back. */
  async free(): Promise<void> {
    for (const opening of this.#open.values()) {
      const { trained, embedder } = await opening;
      embedder.free();
      trained.free();
    }
    this.#open.clear();
    this.#plain = undefined;
  }
}
