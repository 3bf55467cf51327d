/** Trains one defence, checkpointing as it goes; a run that was stopped goes on bit for bit. */
import { AUGMENTATIONS, type BatchSource } from '../../data/index.ts';
import {
  broadcastTo,
  concat,
  cosineSchedule,
  type Engine,
  gradients,
  input,
  mean,
  type Program,
  type Schedule,
  type StepTime,
  scalarInput,
  slice,
  type Tensor,
  withWarmup,
} from '../../engine/index.ts';
import { memberCosine } from '../../losses/diversity.ts';
import { readCheckpoint, writeCheckpoint } from '../../models/checkpoint.ts';
import { Adversary } from './adversary.ts';
import type { StudyConfig } from './config.ts';
import { type Defence, differentiatesImages } from './defences.ts';
import type { Progress } from './progress.ts';
import { contentHash, type RunFolder } from './run-folder.ts';
import type { TrainFaces } from './train-faces.ts';
import type { Trainee } from './trainee.ts';

/** One line of metrics.jsonl: means over the steps since the line before. */
export interface TrainingPoint {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly terms: Readonly<Record<string, number>>;
}

export interface TrainingTask {
  readonly engine: Engine;
  readonly config: StudyConfig;
  readonly defence: Defence;
  readonly trainee: Trainee;
  readonly seed: number;
  readonly faces: TrainFaces;
  readonly run: RunFolder;
  /** Folder of this training within the run. */
  readonly place: readonly string[];
  /** All that the result follows from. */
  readonly inputs: unknown;
  readonly label: string;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** Is told where a step's time goes, before training. */
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
}

/** One training step, kernel by kernel. */
export interface StepProfile {
  readonly label: string;
  /** What each dispatch does. */
  readonly kernels: readonly string[];
  /** What each took; absent where the device has no timestamp queries. */
  readonly times?: readonly StepTime[];
  readonly plannedBytes: number;
}

/** Points of the training curve in each epoch. */
const POINTS_PER_EPOCH = 4;
/** Share of the time that may go into checkpoints: after each step where steps are long, less often where they are short. */
const CHECKPOINT_SHARE = 0.04;
const CHECKPOINT = 'checkpoint.safetensors';
const METRICS = 'metrics.jsonl';

/**
 * Trains until the configured number of epochs is done, from the checkpoint if there is one, and leaves the
 * trained values in the engine. Returns the training curve.
 *
 * Aborting saves a checkpoint and rejects with the signal's reason. Throws when the loss is not finite.
 */
export async function train(task: TrainingTask): Promise<readonly TrainingPoint[]> {
  const { config, faces, seed } = task;
  const { batchSize, augment, imagesPerIdentity } = config.training;
  const batches = faces.batches({
    batchSize: Math.min(batchSize, faces.labels.length),
    seed,
    augment: AUGMENTATIONS[augment],
    ...(imagesPerIdentity !== null && { imagesPerIdentity }),
  });
  try {
    return await trainOn(task, batches);
  } finally {
    await batches.close();
  }
}

async function trainOn(task: TrainingTask, batches: BatchSource): Promise<readonly TrainingPoint[]> {
  const { config, run, place, progress, label } = task;
  const total = config.training.epochs * batches.stepsPerEpoch;
  const { step: done, curve } = await restore(task);
  if (done === total) return curve.points;
  const schedule = learningRate(config, total);
  await run.write(curve.points.map((point) => `${JSON.stringify(point)}\n`).join(''), ...place, METRICS);
  const parts = partsOf(task, total).filter(({ until }) => until > done);
  await progress.during(label, total, async (tick) => {
    let first = done;
    for (const { until, adversarial } of parts) {
      const step = await compilePart(task, batches.batchSize, adversarial);
      try {
        if (task.onProfile) task.onProfile(await profileStep(task, step, batches));
        await trainSteps({ ...task, batches, total, step, schedule, curve, first, until, tick });
      } finally {
        step.free();
      }
      first = until;
    }
  });
  return curve.points;
}

/** Stretches of a training: adversarial images join when the networks know something to attack. */
function partsOf(
  { config, defence }: TrainingTask,
  total: number,
): readonly { readonly until: number; readonly adversarial: boolean }[] {
  if (!defence.adversarial) return [{ until: total, adversarial: false }];
  const clean = Math.floor(config.advt.from * total);
  return [
    { until: clean, adversarial: false },
    { until: total, adversarial: true },
  ].filter(({ until }) => until > 0);
}

/** Rising from 0, then falling as half a cosine. */
export function learningRate(config: StudyConfig, steps: number): Schedule {
  const { learningRate: rate, warmupSteps } = config.training;
  const warmup = Math.min(warmupSteps, steps - 1);
  return withWarmup(cosineSchedule({ rate, steps: Math.max(steps - warmup, 1) }), warmup);
}

type StepProgram = Program<'images' | 'labels' | 'rate', string>;

/** What a step of some stretch of the training runs. */
interface Step {
  readonly program: StepProgram;
  /** Makes the adversarial images that the program reads, where it does. */
  readonly adversary: Adversary | undefined;
  free(): void;
}

async function compilePart(task: TrainingTask, batchSize: number, adversarial: boolean): Promise<Step> {
  const { engine, config, trainee } = task;
  const adversary = adversarial
    ? await Adversary.compile(engine, trainee.network, { ...config.advt, batchSize })
    : undefined;
  try {
    const program = await compileStep(task, batchSize, adversary);
    return {
      program,
      adversary,
      free: () => {
        program.free();
        adversary?.free();
      },
    };
  } catch (error) {
    adversary?.free();
    throw error;
  }
}

/** One optimiser step: images and labels to new parameters, and the scalars to log. */
function compileStep(
  { engine, config, defence, trainee }: TrainingTask,
  batchSize: number,
  adversary: Adversary | undefined,
): Promise<StepProgram> {
  const { network, optimizer, classification } = trainee;
  return engine.compile<'images' | 'labels' | 'rate', string>({
    name: 'train.step',
    inputs: {
      images: input([1, batchSize, config.inputSize, config.inputSize, 3]),
      labels: input([classification.inputLength(batchSize)], 'i32'),
      rate: scalarInput(),
    },
    trace: ({ images, labels: given, rate }) => {
      const seen = adversary ? concat([images, adversary.images.tensor()], 1) : images;
      const batch = differentiatesImages(defence, config)
        ? broadcastTo(seen, [network.options.members, ...seen.shape.slice(1)])
        : seen;
      const { features: all, updates } = network.forward(batch, 'train');
      const [members = 1, rows = 0, size = 0] = all.shape;
      const features = slice(all, [0, 0, 0], [members, batchSize, size]);
      const adversarial = adversary && slice(all, [0, batchSize, 0], [members, rows, size]);
      const step = classification.trace(given, batchSize);
      const { labels, weights } = step;
      const head = step.head(features);
      const { loss, terms } = defence.loss({
        features,
        weights,
        head,
        labels,
        images: batch,
        adversarial,
        config,
      });
      const parameters = [...network.parameters.tensors()];
      const slopes = gradients(loss, [...parameters.map(([, tensor]) => tensor), ...step.parameters]);
      const ofNetwork = optimizer.step(
        new Map(parameters.map(([path], index) => [path, slopes[index]!])),
        rate,
      );
      const ofWeights = step.updates(slopes.slice(parameters.length), rate);
      const steps = classification.updatesFirst ? [...ofWeights, ...ofNetwork] : [...ofNetwork, ...ofWeights];
      const cosine: Record<string, Tensor> = members > 1 ? { memberCosine: memberCosine(features) } : {};
      return {
        outputs: { loss, accuracy: mean(head.correct), ...terms, ...cosine },
        updates: [...updates, ...steps],
      };
    },
  });
}

/** Times one step. Profiling is running, so what the step changed is put back. */
async function profileStep(
  { engine, trainee, label }: TrainingTask,
  { program, adversary }: Step,
  batches: BatchSource,
): Promise<StepProfile> {
  const { labels: kernels, plannedBytes } = program;
  if (!engine.device.hasTimestamps) return { label, kernels, plannedBytes };
  const before = await Promise.all(trainee.sets.map((set) => engine.read(set.flat)));
  const { images, labels: identities } = await batches.read(0, 0);
  const labels = trainee.classification.input(identities, 0);
  adversary?.perturb(images);
  // The first run compiles, so the second is the one to look at.
  await program.run({ images, labels, rate: 0 }).read('loss');
  const times = await program.profile({ images, labels, rate: 0 });
  for (const [index, set] of trainee.sets.entries()) engine.write(set.flat, before[index]!);
  return { label, kernels, times, plannedBytes };
}

interface Steps extends TrainingTask {
  readonly batches: BatchSource;
  readonly total: number;
  readonly step: Step;
  readonly schedule: Schedule;
  readonly curve: Curve;
  readonly first: number;
  readonly until: number;
  readonly tick: (done: number, total?: number, note?: string) => void;
}

async function trainSteps(task: Steps): Promise<void> {
  const { batches, total, schedule, curve, first, until, tick, signal, run, place } = task;
  const { program, adversary } = task.step;
  const perEpoch = batches.stepsPerEpoch;
  const every = Math.max(1, Math.floor(perEpoch / POINTS_PER_EPOCH));
  let nextSave = 0;
  let waiting: { step: number; values: Promise<Readonly<Record<string, ArrayLike<number>>>> } | undefined;
  // Scalars are awaited one step late, so that the next step is already submitted.
  const settle = async (): Promise<void> => {
    if (!waiting) return;
    const { step, values } = waiting;
    waiting = undefined;
    const read = await values;
    const scalars = Object.fromEntries(Object.entries(read).map(([name, value]) => [name, value[0]!]));
    if (!Number.isFinite(scalars.loss)) {
      throw new Error(
        `${task.label}: the loss is ${scalars.loss} at step ${step}; the last checkpoint is from before. Train with a lower --learning-rate, or more --warmup-steps`,
      );
    }
    curve.add(scalars);
    tick(step, total, `loss ${scalars.loss!.toFixed(3)}`);
    if (step % every !== 0 && step !== total) return;
    const point = curve.close(step, step / perEpoch);
    await run.append(`${JSON.stringify(point)}\n`, ...place, METRICS);
  };

  for (let step = first; step < until; step++) {
    if (signal.aborted) {
      await settle();
      await save(task, step, curve);
      throw signal.reason;
    }
    const { images, labels: identities } = await batches.read(Math.floor(step / perEpoch), step % perEpoch);
    const labels = task.trainee.classification.input(identities, step);
    adversary?.perturb(images);
    const running = program.run({ images, labels, rate: schedule(step) });
    const values = running.read();
    // The promise is awaited later; a failure must not count as unhandled until then.
    values.catch(() => {});
    await settle();
    waiting = { step: step + 1, values };
    const isEpochEnd = (step + 1) % perEpoch === 0;
    const epoch = (step + 1) / perEpoch;
    if (snapshotEpochs(task.config).includes(epoch)) {
      await settle();
      await saveSnapshot(task, epoch, step + 1);
    }
    if (isEpochEnd || performance.now() >= nextSave) {
      await settle();
      const started = performance.now();
      await save(task, step + 1, curve);
      const ended = performance.now();
      nextSave = ended + (ended - started) / CHECKPOINT_SHARE;
    }
  }
  await settle();
}

/** The training curve so far, and the sums towards its next point. */
class Curve {
  readonly points: TrainingPoint[];
  readonly #sums: Map<string, number>;
  #count: number;

  constructor({ points = [], sums = {}, count = 0 }: Partial<SavedCurve> = {}) {
    this.points = [...points];
    this.#sums = new Map(Object.entries(sums));
    this.#count = count;
  }

  add(scalars: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(scalars))
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
    this.#count++;
  }

  /** Ends a stretch: its means become a point. */
  close(step: number, epoch: number): TrainingPoint {
    const means = Object.fromEntries([...this.#sums].map(([name, sum]) => [name, sum / this.#count]));
    const { loss = 0, accuracy = 0, ...terms } = means;
    const point = { step, epoch, loss, accuracy, terms };
    this.points.push(point);
    this.#sums.clear();
    this.#count = 0;
    return point;
  }

  /** Goes into checkpoints, so that a resumed training has the curve of an undisturbed one. */
  saved(): SavedCurve {
    return { points: this.points, sums: Object.fromEntries(this.#sums), count: this.#count };
  }
}

interface SavedCurve {
  readonly points: readonly TrainingPoint[];
  readonly sums: Readonly<Record<string, number>>;
  readonly count: number;
}

async function save(task: TrainingTask, step: number, curve: Curve): Promise<void> {
  const { engine, trainee, run, place, seed, inputs } = task;
  const values = new Map<string, Map<string, Float32Array>>();
  for (const set of trainee.sets) values.set(set.name, await engine.readParameters(set));
  const config = { inputs: contentHash(inputs), network: trainee.network.options, curve: curve.saved() };
  await run.write(
    writeCheckpoint(trainee.sets, { values, step, random: { seed, step }, config }),
    ...place,
    CHECKPOINT,
  );
}

/** Epochs after which the network is kept: evenly spaced, the last among them. */
export function snapshotEpochs({ training: { epochs, snapshots } }: StudyConfig): readonly number[] {
  const count = Math.min(epochs, snapshots);
  return Array.from({ length: count }, (_, index) => Math.round(((index + 1) * epochs) / count));
}

/** Where the network of an epoch's end lies within its training's folder. */
export function snapshotPlace(epoch: number): string[] {
  return ['networks', `epoch-${String(epoch).padStart(3, '0')}.safetensors`];
}

/** The network alone, with what is needed to build it: also what `facet attack` and `facet verify` take. */
async function saveSnapshot(task: TrainingTask, epoch: number, step: number): Promise<void> {
  const { engine, trainee, run, place, seed, inputs } = task;
  const { network, classification } = trainee;
  const sets = [network.parameters, network.statistics, ...classification.sets];
  const values = new Map<string, Map<string, Float32Array>>();
  for (const set of sets) values.set(set.name, await engine.readParameters(set));
  const config = { inputs: contentHash(inputs), network: network.options, epoch };
  await run.write(
    writeCheckpoint(sets, { values, step, random: { seed, step }, config }),
    ...place,
    ...snapshotPlace(epoch),
  );
}

/** Puts a checkpoint's values into the engine, if there is one that was made from the same inputs. */
async function restore(task: TrainingTask): Promise<{ step: number; curve: Curve }> {
  const { engine, trainee, run, place, inputs } = task;
  const path = run.join(...place, CHECKPOINT);
  const bytes = await run.read(...place, CHECKPOINT);
  if (!bytes) return { step: 0, curve: new Curve() };
  const checkpoint = readCheckpoint(bytes, trainee.sets, path);
  const config = checkpoint.config as { inputs?: unknown; curve?: SavedCurve };
  if (config.inputs !== contentHash(inputs)) return { step: 0, curve: new Curve() };
  for (const set of trainee.sets) engine.writeParameters(set, checkpoint.values.get(set.name)!);
  return { step: checkpoint.step, curve: new Curve(config.curve) };
}
