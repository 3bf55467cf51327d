/** What is done with one network alone: it is trained, verified, attacked, looked into. */
import { ATTACKS, type AttackName, accepted, within } from '../../attacks/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Embeddings, MatchingRule } from '../../evaluation/index.ts';
import type { Diagnosis, RunResults, Slopes, WhiteBoxResults } from '../report/index.ts';
import { drawImpersonations, type Impersonation, spread } from './attack-pairs.ts';
import { attackAll, attackedPair, attackSettings, type KeptResult } from './attacking.ts';
import type { StudyConfig } from './config.ts';
import type { StudyData } from './data.ts';
import { DEFENCES, type Defence, membersOf } from './defences.ts';
import { diagnose } from './diagnosis.ts';
import { addEmbeddings, compileEmbedder, type Embedder, embedFaces } from './embedding.ts';
import type { Progress } from './progress.ts';
import { contentHash } from './run-folder.ts';
import { pairSlopes, summariseSlopes } from './slopes.ts';
import type { StageKind, Stages } from './stages.ts';
import { type StepProfile, snapshotEpochs, type TrainingPoint, train } from './train.ts';
import { openTrained, type TrainedNetwork } from './trained.ts';
import { buildTrainee } from './trainee.ts';
import { trainingSeed, type Unit, unitPlace, unitTitle } from './units.ts';
import {
  type BriefVerification,
  type VerificationResult,
  verifyBriefly,
  verifyDefence,
  verifyPairs,
} from './verification.ts';

/** What every stage works with. */
export interface StudyContext {
  readonly engine: Engine;
  readonly config: StudyConfig;
  readonly data: StudyData;
  readonly stages: Stages;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
}

export type TrainedUnit = Exclude<Unit, { kind: 'directions' }>;
type DefenceUnit = Extract<Unit, { kind: 'defence' }>;

/** What is left of a training besides its networks. */
export interface TrainingResult {
  readonly curve: readonly TrainingPoint[];
  readonly steps: number;
  /** What it ran on. */
  readonly adapter: string;
}

interface SnapshotParts {
  readonly brief: BriefVerification;
  readonly whiteBox: WhiteBoxResults;
}

/** Images in a batch that is only embedded. */
const EMBED_BATCH = 64;
/** Training faces that a diagnosis looks at. */
const DIAGNOSIS_FACES = 256;
/** Pairs whose loss is kept step by step, to see whether an attack gets stuck. */
const CURVES = 8;

/** Everything that one unit can do before others are there. */
export class UnitWork {
  readonly #context: StudyContext;
  readonly #unit: TrainedUnit;
  readonly #defence: Defence;
  readonly #open = new Map<number, Promise<{ trained: TrainedNetwork; embedder: Embedder }>>();
  /** The trained network's features of the test faces: verification and the flip sum both look at them. */
  #plain: Promise<Embeddings> | undefined;
  readonly title: string;
  /** The defence, or `surrogate`. */
  readonly name: string;
  readonly seed: number;
  readonly place: string[];
  /** The pairs to attack, drawn before anything was trained. */
  readonly pairs: readonly Impersonation[];

  constructor(context: StudyContext, unit: TrainedUnit) {
    this.#context = context;
    this.#unit = unit;
    this.#defence = DEFENCES[unit.kind === 'defence' ? unit.name : 'single'];
    this.title = unitTitle(unit, context.config);
    this.name = unit.kind === 'defence' ? unit.name : 'surrogate';
    this.seed = unit.seed;
    this.place = unitPlace(unit);
    this.pairs = drawImpersonations(context.data, context.config.attack.pairs);
  }

  /** All that its training follows from: the part of every later stage's inputs that is the network's. */
  get trainingInputs(): object {
    const { config, data } = this.#context;
    return {
      name: this.name,
      seed: trainingSeed(this.#unit),
      faces: data.fingerprint.train,
      settings: trainingSettings(config, this.#defence),
    };
  }

  training(): Promise<TrainingResult> {
    const { engine, config, data, stages, progress, signal, onProfile } = this.#context;
    return stages.get(
      'train',
      this.title,
      this.trainingInputs,
      async () => {
        const seed = trainingSeed(this.#unit);
        const trainee = buildTrainee(this.#defence, config, data.train.classes, seed);
        try {
          const curve = await train({
            engine,
            config,
            defence: this.#defence,
            trainee,
            seed,
            faces: data.train,
            run: stages.run,
            place: this.place,
            inputs: this.trainingInputs,
            label: `train ${this.title}`,
            progress,
            signal,
            onProfile,
          });
          return { curve, steps: curve.at(-1)?.step ?? 0, adapter: engine.name };
        } finally {
          for (const set of trainee.sets) engine.free(set.flat);
        }
      },
      ...this.place,
      'training.json',
    );
  }

  /** The trained network's accuracy and thresholds. */
  async verification(): Promise<VerificationResult> {
    const { config, data, stages } = this.#context;
    await this.training();
    const [first, ...others] = config.matching;
    return stages.get(
      'verify',
      this.title,
      { ...this.#onTest(), matching: config.matching },
      async () => verifyDefence(await this.#plainTest(), data, config.far, [first!, ...others]),
      ...this.place,
      'verification.json',
    );
  }

  /** Accuracy with each image's and its mirror image's features added. */
  async flipSum(): Promise<RunResults['flipSum']> {
    const { config, data, stages } = this.#context;
    if (!config.flipSum) return null;
    await this.training();
    return stages.get(
      'verify',
      this.title,
      { ...this.#onTest(), matching: config.matching[0] },
      async () => {
        const plain = await this.#plainTest();
        const mirrored = await this.#embedTest(this.#lastEpoch, true);
        const { accuracy, deviation } = verifyPairs(
          addEmbeddings(plain, mirrored),
          data,
          config.matching[0]!,
        ).result;
        return { accuracy, deviation };
      },
      ...this.place,
      'flip-sum.json',
    );
  }

  /** White-box: the defence itself is attacked until it accepts the pair, by `rule` at that rule's threshold. */
  async whiteBox(attack: AttackName, rule: MatchingRule): Promise<WhiteBoxResults> {
    const { config, data, stages, progress } = this.#context;
    const { rules } = await this.verification();
    const { threshold } = rules.find((entry) => entry.rule === rule)!;
    const isFirst = attack === config.attack.methods[0] && rule === config.matching[0];
    const place = this.whiteBoxPlace(attack, rule);
    const inputs = {
      ...this.#onTest(),
      pairs: this.#pairsHash,
      attack,
      rule,
      threshold: threshold.value,
      settings: attackSettings(config.attack.settings, attack),
    };
    return stages.get(
      'white-box',
      this.title,
      inputs,
      () =>
        progress.during(
          `attack ${this.title}, ${ATTACKS[attack].paper}${rule === 'mean' ? '' : `, ${rule}`}`,
          this.pairs.length,
          async (tick) => {
            const results = await this.#attack(this.#lastEpoch, this.pairs, {
              attack,
              stopping: accepted(threshold.value, rule),
              place,
              inputs,
              keepImages: isFirst,
              curves: isFirst ? CURVES : 0,
              tick,
            });
            const curve = meanCurve(results);
            return {
              attack: ATTACKS[attack].paper,
              rule,
              settings: {
                objective: 'LOTS on L2-normalised features, summed over members',
                ...attackSettings(config.attack.settings, attack),
              },
              pairs: results.map((result, index) => attackedPair(data, this.pairs[index]!, result)),
              ...(curve && { curve }),
            };
          },
        ),
      ...place,
    );
  }

  whiteBoxPlace(attack: AttackName, rule: MatchingRule): string[] {
    return [...this.place, 'white-box', `${attack}.${rule}.json`];
  }

  /** Networks along training: how robust they are against how well they verify. */
  async snapshots(): Promise<RunResults['snapshots']> {
    const { config } = this.#context;
    const { curve, steps } = await this.training();
    const rule = config.matching[0]!;
    const attack = config.attack.methods[0]!;
    const results: RunResults['snapshots'] = [];
    for (const epoch of snapshotEpochs(config)) {
      const { brief, whiteBox } =
        epoch === this.#lastEpoch
          ? await this.#lastSnapshot(attack, rule)
          : await this.#snapshot(epoch, attack, rule);
      const epochs = curve.filter((point) => point.epoch > epoch - 1 && point.epoch <= epoch);
      results.push({
        epoch,
        step: Math.round((steps * epoch) / config.training.epochs),
        trainingAccuracy: epochs.reduce((sum, point) => sum + point.accuracy, 0) / Math.max(1, epochs.length),
        ...brief,
        whiteBox,
      });
    }
    return results;
  }

  /** Angles of features and weight vectors over some training faces. */
  async diagnosis(): Promise<Diagnosis> {
    const { data, stages } = this.#context;
    await this.training();
    const rows = spread(data.train.labels.length).slice(0, DIAGNOSIS_FACES);
    return stages.get(
      'diagnosis',
      this.title,
      { ...this.trainingInputs, rows: contentHash(rows) },
      async () => {
        const { embedder, trained } = await this.#network(this.#lastEpoch);
        const embeddings = await embedFaces(embedder, await data.train.load(rows));
        const labels = rows.map((row) => data.train.labels[row]!);
        return diagnose(embeddings, labels, trained.weights);
      },
      ...this.place,
      'diagnosis.json',
    );
  }

  /**
   * What a white-box attack meets at its first step, at the threshold of the mean of the members' cosines; null where that
   * rule is not among the study's, or no pair is under its threshold.
   */
  async slopes(): Promise<Slopes | null> {
    const { config, data, engine, stages } = this.#context;
    const { rules } = await this.verification();
    const entry = membersOf(this.#defence, config) > 1 ? rules.find(({ rule }) => rule === 'mean') : rules[0];
    if (!entry) return null;
    const threshold = entry.threshold.value;
    return stages.get(
      'diagnosis',
      this.title,
      { ...this.#onTest(), pairs: this.#pairsHash, threshold },
      async () => {
        const { trained } = await this.#network(this.#lastEpoch);
        // The attack's batches, whose kernels are compiled already.
        const { batchSize } = config.attack;
        return summariseSlopes(
          await pairSlopes(engine, trained.network, data, this.pairs, batchSize),
          threshold,
        );
      },
      ...this.place,
      'slopes.json',
    );
  }

  /**
   * Black-box examples: images whose features on this network are as near to the target's as each distance. Leaves them
   * in the file beside; the result says which distances each pair reached.
   */
  async crafted(
    attack: AttackName,
  ): Promise<readonly { readonly source: string; readonly target: string; readonly reached: boolean[] }[]> {
    const { config, data, stages, progress } = this.#context;
    await this.training();
    const inputs = this.craftingInputs(attack);
    const place = this.craftedPlace(attack);
    return stages.get(
      'black-box',
      this.title,
      inputs,
      () =>
        progress.during(
          `craft on ${this.title}, ${ATTACKS[attack].paper}`,
          this.pairs.length,
          async (tick) => {
            const results = await this.#attack(this.#lastEpoch, this.pairs, {
              attack,
              stopping: within(config.distances),
              place,
              inputs,
              keepImages: true,
              tick,
            });
            return results.map(({ milestones }, index) => ({
              source: data.testNames[this.pairs[index]!.source]!,
              target: data.testNames[this.pairs[index]!.target]!,
              reached: milestones.map((milestone) => milestone !== null),
            }));
          },
        ),
      ...place,
    );
  }

  craftingInputs(attack: AttackName): object {
    const { config } = this.#context;
    const { far: _, ...onTest } = this.#onTest();
    return {
      ...onTest,
      pairs: this.#pairsHash,
      attack,
      distances: config.distances,
      settings: attackSettings(config.attack.settings, attack),
    };
  }

  craftedPlace(attack: AttackName): string[] {
    return [...this.place, 'crafted', `${attack}.json`];
  }

  /** The trained network's features of images that are pixels in [0, 1], [images, H, W, 3]. */
  async embedImages(images: Float32Array, count: number): Promise<Embeddings> {
    const { embedder } = await this.#network(this.#lastEpoch);
    return embedder.embed(images, count);
  }

  /** The trained network's features of rows of the test faces. */
  async embedRows(rows: readonly number[]): Promise<Embeddings> {
    const { embedder } = await this.#network(this.#lastEpoch);
    return embedFaces(embedder, this.#context.data.test, { rows });
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

  get #lastEpoch(): number {
    return this.#context.config.training.epochs;
  }

  get #pairsHash(): string {
    return contentHash(this.pairs);
  }

  #onTest() {
    const { data, config } = this.#context;
    return { ...this.trainingInputs, test: data.fingerprint.test, far: config.far };
  }

  #network(epoch: number): Promise<{ trained: TrainedNetwork; embedder: Embedder }> {
    const { engine, config, data, stages } = this.#context;
    const known = this.#open.get(epoch);
    if (known) return known;
    const opening = openTrained(engine, stages.run, this.place, epoch, {
      defence: this.#defence,
      config,
      classes: data.train.classes,
    }).then(async (trained) => ({
      trained,
      embedder: await compileEmbedder(engine, trained.network, EMBED_BATCH),
    }));
    this.#open.set(epoch, opening);
    return opening;
  }

  #plainTest(): Promise<Embeddings> {
    this.#plain ??= this.#embedTest(this.#lastEpoch);
    return this.#plain;
  }

  async #embedTest(epoch: number, mirrored = false): Promise<Embeddings> {
    const { data, progress } = this.#context;
    const { embedder } = await this.#network(epoch);
    const which = epoch === this.#lastEpoch ? '' : ` of epoch ${epoch}`;
    return progress.during(
      `embed with ${this.title}${which}${mirrored ? ', mirrored' : ''}`,
      data.test.labels.length,
      (tick) => embedFaces(embedder, data.test, { mirrored, tick }),
    );
  }

  /** A network on the way is verified and attacked by itself. */
  async #snapshot(epoch: number, attack: AttackName, rule: MatchingRule): Promise<SnapshotParts> {
    const { config, data, stages, progress } = this.#context;
    const pairs = this.pairs.slice(0, config.attack.snapshotPairs);
    const stage = [...this.place, 'snapshots', `epoch-${epoch}`];
    const brief = await stages.get<BriefVerification>(
      'snapshots',
      this.title,
      { ...this.#onTest(), epoch, rule },
      async () => verifyBriefly(await this.#embedTest(epoch), data, config.far, rule),
      ...stage,
      'verification.json',
    );
    const place = [...stage, `white-box.${attack}.json`];
    const inputs = {
      ...this.#onTest(),
      epoch,
      pairs: contentHash(pairs),
      attack,
      rule,
      threshold: brief.threshold.value,
      settings: attackSettings(config.attack.settings, attack),
    };
    const whiteBox = await stages.get<WhiteBoxResults>(
      'snapshots',
      this.title,
      inputs,
      () =>
        progress.during(`attack ${this.title} of epoch ${epoch}`, pairs.length, async (tick) => {
          const found = await this.#attack(epoch, pairs, {
            attack,
            stopping: accepted(brief.threshold.value, rule),
            place,
            inputs,
            keepImages: false,
            tick,
          });
          return {
            attack: ATTACKS[attack].paper,
            rule,
            settings: attackSettings(config.attack.settings, attack),
            pairs: found.map((result, index) => attackedPair(data, pairs[index]!, result)),
          };
        }),
      ...place,
    );
    return { brief, whiteBox };
  }

  /** The trained network has been verified and attacked already, on these pairs and more. */
  async #lastSnapshot(attack: AttackName, rule: MatchingRule): Promise<SnapshotParts> {
    const { verification, threshold, memberCosine } = await this.verification();
    const { curve: _, pairs, ...rest } = await this.whiteBox(attack, rule);
    const { accuracy, deviation } = verification;
    return {
      brief: { accuracy, deviation, threshold, memberCosine },
      whiteBox: { ...rest, pairs: pairs.slice(0, this.#context.config.attack.snapshotPairs) },
    };
  }

  async #attack(
    epoch: number,
    pairs: readonly Impersonation[],
    task: Pick<
      Parameters<typeof attackAll>[0],
      'attack' | 'stopping' | 'place' | 'inputs' | 'keepImages' | 'curves' | 'tick'
    >,
  ): Promise<KeptResult[]> {
    const { engine, config, data, stages, signal } = this.#context;
    const { trained, embedder } = await this.#network(epoch);
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
}

/** Everything of a unit that may be done now, in the order in which stages need each other. */
export function doUnit(context: StudyContext, unit: TrainedUnit): Promise<void> {
  return readUnit(context, unit, (kind) => context.stages.may(kind));
}

/** Reads, or makes where that may be, a unit's stages of the wanted kinds. Throws a MissingStageError for one that is not there. */
export async function readUnit(
  context: StudyContext,
  unit: TrainedUnit,
  wanted: (kind: StageKind) => boolean,
): Promise<void> {
  const work = new UnitWork(context, unit);
  try {
    if (wanted('train')) await work.training();
    if (unit.kind === 'surrogate') {
      if (wanted('black-box')) await work.crafted(BLACK_BOX_ATTACK);
      return;
    }
    if (wanted('verify')) {
      await work.verification();
      await work.flipSum();
    }
    if (wanted('white-box')) {
      for (const [attack, rule] of whiteBoxRuns(context.config, unit)) await work.whiteBox(attack, rule);
    }
    if (wanted('snapshots')) await work.snapshots();
    if (wanted('diagnosis')) {
      await work.diagnosis();
      await work.slopes();
    }
  } finally {
    await work.free();
  }
}

/** The attack that crafts black-box examples. */
export const BLACK_BOX_ATTACK: AttackName = 'i-fgsm';

/** Every attack by the study's rule, and the first attack by every other; a single network has one rule. */
export function whiteBoxRuns(
  config: StudyConfig,
  { name }: DefenceUnit,
): readonly (readonly [AttackName, MatchingRule])[] {
  const { methods } = config.attack;
  const [first, ...others] = config.matching;
  const rules = membersOf(DEFENCES[name], config) > 1 ? others : [];
  return [
    ...methods.map((attack) => [attack, first!] as const),
    ...rules.map((rule) => [methods[0]!, rule] as const),
  ];
}

/** Settings that a defence's training follows from; what only other defences or attacks use is not among them. */
function trainingSettings(config: StudyConfig, { uses }: Defence) {
  const { inputSize, widthMultiplier, embeddingSize, members, head, classifier, training } = config;
  const own = Object.fromEntries(uses.map((key) => [key, config[key]]));
  return { inputSize, widthMultiplier, embeddingSize, members, head, classifier, training, ...own };
}

/** Mean over the pairs of what the attack makes small, step by step; a pair that is done keeps its last value. */
function meanCurve(results: readonly KeptResult[]): number[] | undefined {
  const curves = results.flatMap(({ curve }) => (curve && curve.value.length > 0 ? [curve.value] : []));
  if (curves.length === 0) return undefined;
  const steps = Math.max(...curves.map((curve) => curve.length));
  return Array.from(
    { length: steps },
    (_, step) =>
      curves.reduce((sum, curve) => sum + curve[Math.min(step, curve.length - 1)]!, 0) / curves.length,
  );
}
