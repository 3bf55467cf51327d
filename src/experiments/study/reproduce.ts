/** The study, end to end: train, verify, attack, report. Stages whose inputs are unchanged are skipped. */
import type { Engine } from '../../engine/index.ts';
import type { Embeddings } from '../../evaluation/index.ts';
import type { DefenceResults, Example, Results, RunResults } from '../report/index.ts';
import { chooseImpersonations, type Impersonation } from './attack-pairs.ts';
import { attackWhiteBox, type Crafted, craftBlackBox, judgeBlackBox } from './attack-stages.ts';
import type { StudyConfig } from './config.ts';
import { loadStudyData, type StudyData } from './data.ts';
import { DEFENCES, type Defence, type DefenceName } from './defences.ts';
import { compileEmbedder, type Embedder, embedFaces } from './embedding.ts';
import { makeExamples } from './examples.ts';
import type { Progress } from './progress.ts';
import { contentHash, type RunFolder } from './run-folder.ts';
import { type StepProfile, type TrainingPoint, train } from './train.ts';
import { buildTrainee, type Trainee } from './trainee.ts';
import { type VerificationResult, verifyDefence } from './verification.ts';

export interface StudyTask {
  readonly engine: Engine;
  readonly config: StudyConfig;
  readonly run: RunFolder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  /** What the run is called, and the command that repeats it. */
  readonly name: string;
  readonly command: string;
  readonly facetVersion: string;
  /** Is told where the time of each defence's training step goes. */
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
}

/** The surrogate's initial weights differ from every defence's. */
const SURROGATE_SEED = 10_000;
const EXAMPLES_PER_DEFENCE = 3;

/** A defence after training: its network in the engine, what it makes of the test faces, how it verifies. */
interface Trained {
  readonly trainee: Trainee;
  readonly curve: readonly TrainingPoint[];
  readonly embedder: Embedder;
  readonly embeddings: Embeddings;
  /** Changes with anything that the trained weights follow from. */
  readonly inputs: object;
}

/** Runs the whole study and returns its results; everything on the way is kept in the run's folder. */
export async function runStudy(task: StudyTask): Promise<Results> {
  const started = Date.now();
  const { config, progress, engine, run } = task;
  await refuseOtherSettings(run, config);
  const data = await loadStudyData(config, progress);
  await run.write(
    `${JSON.stringify({ name: task.name, command: task.command, config }, null, 2)}\n`,
    'config.json',
  );
  const notes = [...data.notes];
  const defences = new Map<DefenceName, RunResults[]>(config.defences.map((name) => [name, []]));
  const examples: Example[] = [];

  for (const seed of config.seeds) {
    const trained = new Map<DefenceName, Trained>();
    const verified = new Map<DefenceName, VerificationResult>();
    for (const name of config.defences) {
      const one = await trainOne(task, data, name, DEFENCES[name], seed, name);
      trained.set(name, one);
      verified.set(
        name,
        await run.stage(
          { ...one.inputs, test: data.fingerprint.test, far: config.far },
          async () => verifyDefence(one.embeddings, data, config.far),
          ...placeOf(name, seed),
          'verification.json',
        ),
      );
    }
    const surrogate = await trainOne(
      task,
      data,
      'surrogate',
      DEFENCES.single,
      seed + SURROGATE_SEED,
      `surrogate`,
    );

    const judges = config.defences.map((name) => ({
      embeddings: trained.get(name)!.embeddings,
      threshold: verified.get(name)!.threshold.value,
    }));
    const chosen = chooseImpersonations(data, judges, config.attack.pairs);
    if (chosen.pairs.length === 0) {
      throw new Error(
        'no impersonation pair is left to attack: every test pair of different people is accepted by some defence as it is. Train longer, or lower --far',
      );
    }
    if (chosen.accepted) {
      notes.push(
        `Seed ${seed}: ${chosen.accepted} pairs were not attacked because some defence accepts them as they are.`,
      );
    }
    if (chosen.pairs.length < config.attack.pairs) {
      notes.push(
        `Seed ${seed}: ${chosen.pairs.length} pairs were attacked; ${config.attack.pairs} were asked for.`,
      );
    }

    const crafted = await craft(task, data, chosen.pairs, surrogate, seed);
    for (const name of config.defences) {
      const one = trained.get(name)!;
      const { threshold, ...rest } = verified.get(name)!;
      const attacked = await attackOne(
        task,
        data,
        chosen.pairs,
        name,
        one,
        threshold.value,
        crafted,
        seed,
        surrogate.inputs,
      );
      if (seed === config.seeds[0]) examples.push(...attacked.examples);
      defences.get(name)!.push({
        seed,
        training: {
          points: one.curve.map((point) => ({ ...point })),
          finalAccuracy: finalAccuracy(one.curve),
        },
        threshold,
        ...rest,
        flipSum: null,
        rules: [
          {
            rule: 'mean',
            accuracy: rest.verification.accuracy,
            deviation: rest.verification.deviation,
            eer: rest.verification.eer,
            threshold,
          },
        ],
        snapshots: [],
        diagnosis: null,
        whiteBox: [attacked.whiteBox],
        blackBox: [attacked.blackBox],
      });
    }
    for (const { embedder, trainee } of [...trained.values(), surrogate]) {
      embedder.free();
      for (const set of trainee.sets) engine.free(set.flat);
    }
  }

  return {
    schema: 'facet-results',
    version: 2,
    name: task.name,
    command: task.command,
    date: new Date().toISOString(),
    durationSeconds: (Date.now() - started) / 1000,
    facetVersion: task.facetVersion,
    adapter: {
      name: engine.name,
      kind: engine.device.traits.software ? 'software' : 'gpu',
      driver: engine.device.info.description || 'unknown',
    },
    data: data.description,
    matching: 'mean',
    settings: JSON.parse(JSON.stringify(config)),
    defences: [...defences].map(
      ([name, runs]): DefenceResults => ({
        name,
        description: DEFENCES[name].about,
        settings: settingsOf(name, config),
        runs,
      }),
    ),
    leftOut: [],
    transfer: [],
    directions: null,
    examples,
    notes,
  };
}

/** A run is of one configuration; going on with another would mix results and write over the first. */
async function refuseOtherSettings(run: RunFolder, config: StudyConfig): Promise<void> {
  const bytes = await run.read('config.json');
  if (!bytes) return;
  const before =
    (JSON.parse(new TextDecoder().decode(bytes)) as { config?: Record<string, unknown> }).config ?? {};
  const changed = Object.entries(config).filter(
    ([key, value]) => contentHash(value) !== contentHash(before[key] ?? null),
  );
  if (changed.length === 0) return;
  throw new Error(
    `${run.path} was started with other settings (${changed.map(([key]) => key).join(', ')}); resume it with the options it was started with, which its config.json holds, or choose another --name`,
  );
}

function placeOf(name: string, seed: number): string[] {
  return ['defences', name, `seed-${seed}`];
}

/** Settings that a defence's training follows from; what only other defences or attacks use is not among them. */
function trainingSettings(config: StudyConfig, { uses }: Defence) {
  const { inputSize, widthMultiplier, embeddingSize, members, head, training } = config;
  const own = Object.fromEntries(uses.map((key) => [key, config[key]]));
  return { inputSize, widthMultiplier, embeddingSize, members, head, training, ...own };
}

function settingsOf(name: DefenceName, config: StudyConfig): Record<string, number | string> {
  const defence = DEFENCES[name];
  return {
    members: defence.ensemble ? config.members : 1,
    weightVectors: defence.sharedWeights ? 'shared' : 'separate',
    ...(name.startsWith('diverse') && {
      lambda: config.diversity.weight,
      epsilon: config.diversity.epsilon,
      form: config.diversity.form,
    }),
    ...(name === 'adp' && { alpha: config.adp.alpha, beta: config.adp.beta }),
  };
}

async function trainOne(
  task: StudyTask,
  data: StudyData,
  name: string,
  defence: Defence,
  seed: number,
  label: string,
): Promise<Trained> {
  const { engine, config, run, progress, signal } = task;
  const inputs = {
    name,
    seed,
    faces: data.fingerprint.train,
    settings: trainingSettings(config, defence),
    adapter: engine.name,
  };
  const trainee = buildTrainee(defence, config, data.classes, seed);
  const curve = await train({
    engine,
    config,
    defence,
    trainee,
    seed,
    faces: data.train,
    run,
    place: placeOf(name, seed),
    inputs,
    label: `train ${label}`,
    progress,
    signal,
    onProfile: task.onProfile,
  });
  const embedder = await compileEmbedder(engine, trainee.network, 64);
  const embeddings = await progress.during(`embed ${label}`, data.test.labels.length, (tick) =>
    embedFaces(embedder, trainee.network, data.test, tick),
  );
  return { trainee, curve, embedder, embeddings, inputs };
}

/** Share of images classified right over the last epoch. */
function finalAccuracy(curve: readonly TrainingPoint[]): number {
  const last = curve[curve.length - 1];
  if (!last) return 0;
  const points = curve.filter((point) => point.epoch > last.epoch - 1);
  return points.reduce((sum, point) => sum + point.accuracy, 0) / points.length;
}

/** Adversarial examples on the surrogate; kept in memory, since images are many and quickly made again. */
async function craft(
  task: StudyTask,
  data: StudyData,
  pairs: readonly Impersonation[],
  surrogate: Trained,
  seed: number,
): Promise<() => Promise<Crafted>> {
  const { engine, config, progress, signal } = task;
  let made: Promise<Crafted> | undefined;
  return () => {
    made ??= progress.during(`craft on surrogate, seed ${seed}`, pairs.length, (tick) =>
      craftBlackBox(
        { engine, config, data, pairs, signal, tick },
        surrogate.trainee.network,
        surrogate.embeddings,
      ),
    );
    return made;
  };
}

async function attackOne(
  task: StudyTask,
  data: StudyData,
  pairs: readonly Impersonation[],
  name: DefenceName,
  one: Trained,
  threshold: number,
  crafted: () => Promise<Crafted>,
  seed: number,
  surrogateInputs: object,
) {
  const { engine, config, run, progress, signal } = task;
  const place = placeOf(name, seed);
  const inputs = { ...one.inputs, test: data.fingerprint.test, pairs, threshold, attack: config.attack };
  const white = await run.stage(
    inputs,
    () =>
      progress.during(`attack ${name}`, pairs.length, async (tick) => {
        const outcome = await attackWhiteBox(
          { engine, config, data, pairs, signal, tick },
          one.trainee.network,
          one.embeddings,
          threshold,
        );
        const pictures = await makeExamples(name, seed, outcome, pairs, data, EXAMPLES_PER_DEFENCE);
        return { result: outcome.result, examples: pictures };
      }),
    ...place,
    'white-box.i-fgsm.json',
  );
  const blackBox = await run.stage(
    { ...inputs, distances: config.distances, surrogate: surrogateInputs },
    async () => {
      const images = await crafted();
      return progress.during(`show examples to ${name}`, pairs.length, (tick) =>
        judgeBlackBox({ config, data, pairs, tick }, images, one.embedder, one.embeddings, threshold, {
          name: 'single',
          seed: seed + SURROGATE_SEED,
          description: 'one network of the same kind, trained on the same faces from other initial weights',
        }),
      );
    },
    ...place,
    'black-box.i-fgsm.json',
  );
  return { whiteBox: white.result, examples: white.examples, blackBox };
}
