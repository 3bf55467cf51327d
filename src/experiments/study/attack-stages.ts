/** Attacks as stages of a study: white-box on the defence itself, black-box by way of a surrogate. */
import { ifgsm } from '../../attacks/ifgsm.ts';
import { lots } from '../../attacks/lots.ts';
import { type AttackResult, AttackRunner } from '../../attacks/run.ts';
import { accepted, within } from '../../attacks/stopping.ts';
import type { Engine } from '../../engine/index.ts';
import { type Embeddings, measure, similarity } from '../../evaluation/index.ts';
import { embed, type MobileFaceNet } from '../../models/mobilefacenet.ts';
import type { BlackBoxResults, WhiteBoxResults } from '../report/index.ts';
import { attackPairs, type Impersonation } from './attack-pairs.ts';
import type { StudyConfig } from './config.ts';
import type { StudyData } from './data.ts';
import type { Embedder } from './embedding.ts';

/** What attacks in this study have in common. */
export interface AttackTask {
  readonly engine: Engine;
  readonly config: StudyConfig;
  readonly data: StudyData;
  readonly pairs: readonly Impersonation[];
  readonly signal: AbortSignal;
  readonly tick: (done: number) => void;
}

function settingsOf({ attack }: StudyConfig): Record<string, number | string> {
  return {
    objective: 'LOTS on L2-normalised features, summed over members',
    stepSize: attack.stepSize,
    maxSteps: attack.maxSteps,
  };
}

async function run(
  task: AttackTask,
  network: MobileFaceNet,
  embeddings: Embeddings,
  stopping: ReturnType<typeof accepted>,
  keepImages: boolean,
): Promise<AttackResult[]> {
  const { engine, config, pairs, data, signal, tick } = task;
  const { members, embeddingSize } = network.options;
  const runner = await AttackRunner.compile(engine, {
    attack: ifgsm({ stepSize: config.attack.stepSize }),
    objective: lots(),
    stopping,
    embed: (pixels) => embed(network, pixels),
    members,
    embeddingSize,
    imageSize: [config.inputSize, config.inputSize],
    batchSize: Math.min(config.attack.batchSize, pairs.length),
    maxSteps: config.attack.maxSteps,
    keepImages,
  });
  try {
    let done = 0;
    return await runner.run(attackPairs(pairs, data, embeddings), { signal, onResult: () => tick(++done) });
  } finally {
    runner.free();
  }
}

export interface WhiteBoxOutcome {
  readonly result: WhiteBoxResults;
  /** Adversarial images, [H, W, 3] in [0, 1], for the first pairs. */
  readonly images: readonly Float32Array[];
}

/** I-FGSM on the defence itself, each pair until the defence accepts it. */
export async function attackWhiteBox(
  task: AttackTask,
  network: MobileFaceNet,
  embeddings: Embeddings,
  threshold: number,
): Promise<WhiteBoxOutcome> {
  const { data, pairs, config } = task;
  const results = await run(task, network, embeddings, accepted(threshold), true);
  return {
    result: {
      attack: 'I-FGSM',
      rule: 'mean',
      settings: settingsOf(config),
      pairs: results.map(({ success, iterations, l2, linf, rms }, index) => ({
        source: data.testNames[pairs[index]!.source]!,
        target: data.testNames[pairs[index]!.target]!,
        success,
        iterations,
        l2,
        linf,
        rms,
      })),
    },
    images: results.map(({ image }) => image!),
  };
}

/** Adversarial images of one surrogate: per pair one for each distance, null where it was not reached. */
export type Crafted = readonly (readonly (Float32Array | null)[])[];

/** Crafts examples on the surrogate until its features are as near to the target's as each distance. */
export async function craftBlackBox(
  task: AttackTask,
  surrogate: MobileFaceNet,
  embeddings: Embeddings,
): Promise<Crafted> {
  const results = await run(task, surrogate, embeddings, within(task.config.distances), true);
  return results.map(({ milestones }) => milestones.map((reached) => reached?.image ?? null));
}

/** Shows crafted examples to a defence: which does it accept as the target's person? */
export async function judgeBlackBox(
  task: Omit<AttackTask, 'signal' | 'engine'>,
  crafted: Crafted,
  embedder: Embedder,
  embeddings: Embeddings,
  threshold: number,
  surrogate: BlackBoxResults['surrogate'],
): Promise<BlackBoxResults> {
  const { config, data, pairs, tick } = task;
  const targets = measure(embeddings);
  const outcomes: BlackBoxResults['pairs'] = [];
  for (const [index, images] of crafted.entries()) {
    const { source, target } = pairs[index]!;
    const reached = images.filter((image) => image !== null);
    const length = config.inputSize ** 2 * 3;
    const standardised = new Float32Array(reached.length * length);
    for (const [at, image] of reached.entries()) {
      for (let i = 0; i < length; i++) standardised[at * length + i] = ((image[i]! - 0.5) * 255) / 128;
    }
    const shown = reached.length ? measure(await embedder.embed(standardised, reached.length)) : undefined;
    let next = 0;
    outcomes.push({
      source: data.testNames[source]!,
      target: data.testNames[target]!,
      success: images.map((image) =>
        image === null ? null : similarity('mean', shown!, next++, targets, target) > threshold,
      ),
    });
    tick(index + 1);
  }
  return {
    attack: 'I-FGSM',
    settings: settingsOf(config),
    surrogate,
    distances: [...config.distances],
    distanceMeasure: 'Euclidean distance of L2-normalised features',
    pairs: outcomes,
  };
}
