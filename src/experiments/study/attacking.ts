/** Runs an attack on listed pairs and keeps what it finds, so that a run that is killed goes on with the next pair. */
import {
  ATTACKS,
  type AttackName,
  type AttackResult,
  lots,
  type Objective,
  runAttack,
  type StoppingRule,
} from '../../attacks/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Embeddings } from '../../evaluation/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';
import type { WhiteBoxResults } from '../report/index.ts';
import { attackPair, type Impersonation } from './attack-pairs.ts';
import type { StudyConfig } from './config.ts';
import { Journal } from './journal.ts';
import type { RunFolder } from './run-folder.ts';
import type { TestFaces } from './test-faces.ts';

/** A result as the journal keeps it: images lie beside, everything else is JSON. */
export type KeptResult = Omit<AttackResult, 'image' | 'milestones'> & {
  readonly milestones: readonly (Omit<AttackResult['milestones'][number] & object, 'image'> | null)[];
};

export interface AttackTask {
  readonly engine: Engine;
  readonly data: Pick<TestFaces, 'test' | 'testNames'>;
  /** What differs from the attack's own settings. */
  readonly settings: AttackSettings;
  /** Pairs that are attacked at once. */
  readonly batchSize: number;
  readonly run: RunFolder;
  /** The file of the stage that this is for. */
  readonly place: readonly string[];
  /** All that the results follow from. */
  readonly inputs: unknown;
  readonly network: FaceNetwork;
  /** Features of the pairs' targets, in the order of the pairs. */
  readonly targets: Embeddings;
  readonly pairs: readonly Impersonation[];
  readonly attack: AttackName;
  readonly stopping: StoppingRule;
  /** What is made small; LOTS by default. */
  readonly objective?: Objective;
  /** Keep each pair's image for every limit of the stopping rule. */
  readonly keepImages: boolean;
  /** Pairs, from the first, whose loss is kept step by step. */
  readonly curves?: number;
  readonly signal: AbortSignal;
  readonly tick: (done: number) => void;
}

/** Settings of an attack, as a configuration has them. */
export type AttackSettings = NonNullable<StudyConfig['attack']['settings'][AttackName]>;

/** The attack's settings as it will run: its own, with what the configuration changes. */
export function attackSettings(settings: StudyConfig['attack']['settings'], name: AttackName) {
  return ATTACKS[name].build(settings[name] ?? {}).settings;
}

/** Attacks all pairs; results in their order. What the journal has is not done again. */
export async function attackAll(task: AttackTask): Promise<KeptResult[]> {
  const { engine, data, run, place, inputs, network, targets, pairs, stopping } = task;
  const [height, width] = network.inputSize;
  const pixels = height * width * 3;
  const journal = await Journal.open<KeptResult>(
    run,
    place,
    inputs,
    task.keepImages ? stopping.limits.length * pixels : 0,
  );
  try {
    const open = pairs.flatMap((_, index) => (journal.done.has(index) ? [] : [index]));
    task.tick(journal.done.size);
    if (open.length > 0) {
      await runAttack(
        engine,
        task.attack,
        task.settings,
        {
          embed: (images) => network.embed(images),
          members: network.members,
          embeddingSize: network.embeddingSize,
          imageSize: [height, width],
          objective: task.objective ?? lots(),
          stopping,
          batchSize: Math.min(task.batchSize, pairs.length),
          keepImages: task.keepImages,
        },
        open.map((index) => attackPair(pairs[index]!, data, targets, index)),
        {
          signal: task.signal,
          curves: Math.max(0, open.filter((index) => index < (task.curves ?? 0)).length),
          onResult: (result, at) => {
            const { kept, images } = split(result, task.keepImages, pixels);
            journal.add(open[at]!, kept, images);
            task.tick(journal.done.size);
          },
        },
      );
    }
    await journal.settled();
    const results = pairs.map((_, index) => journal.done.get(index)!);
    await journal.finish();
    return results;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** A result without its images, and the images of all limits one behind the other; zeros where none was reached. */
function split(
  result: AttackResult,
  keepImages: boolean,
  pixels: number,
): { kept: KeptResult; images: Float32Array } {
  const { image, milestones, ...rest } = result;
  const images = new Float32Array(keepImages ? milestones.length * pixels : 0);
  const kept = milestones.map((reached, limit) => {
    if (!reached) return null;
    const { image: own, ...numbers } = reached;
    if (own && keepImages) images.set(own, limit * pixels);
    return numbers;
  });
  // Where the last limit was never reached the record shows the nearest image, so that there is one to look at.
  if (keepImages && image && milestones.at(-1) === null) images.set(image, (milestones.length - 1) * pixels);
  return { kept: { ...rest, milestones: kept }, images };
}

/** A pair's result as reports have it. */
export function attackedPair(
  { testNames }: Pick<TestFaces, 'testNames'>,
  { source, target }: Impersonation,
  { success, evaluations, l2, linf, rms }: KeptResult,
): WhiteBoxResults['pairs'][number] {
  return {
    source: testNames[source]!,
    target: testNames[target]!,
    success,
    iterations: evaluations,
    l2,
    linf,
    rms,
  };
}
