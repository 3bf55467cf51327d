/**
 * Attacks on networks that were trained anywhere: the study's verification, attacks and report for weights that a person
 * brings, without its training.
 */
import {
  ATTACKS,
  type AttackName,
  accepted,
  away,
  lots,
  meanTarget,
  rejected,
  within,
} from '../../attacks/index.ts';
import type { Engine } from '../../engine/index.ts';
import {
  type Embeddings,
  type MatchingRule,
  measure,
  pairSimilarities,
  similarity,
} from '../../evaluation/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';
import type { BlackBoxResults, Results, Slopes, WhiteBoxResults } from '../report/index.ts';
import { drawImpersonations, featuresOf, type Impersonation } from '../study/attack-pairs.ts';
import { attackAll, attackedPair, attackSettings, type KeptResult } from '../study/attacking.ts';
import type { StudyConfig } from '../study/config.ts';
import { compileEmbedder, type Embedder, embedFaces } from '../study/embedding.ts';
import { examplesOf } from '../study/examples.ts';
import { readImages } from '../study/journal.ts';
import type { Progress } from '../study/progress.ts';
import { resultsHead } from '../study/results-head.ts';
import type { RunFolder } from '../study/run-folder.ts';
import { pairSlopes, summariseSlopes } from '../study/slopes.ts';
import type { TestFaces } from '../study/test-faces.ts';
import { type VerificationResult, verifyDefence } from '../study/verification.ts';

/** A network and where it came from. */
export interface GivenNetwork {
  readonly network: FaceNetwork;
  /** For people: the file's name. */
  readonly name: string;
  /** Changes when any weight does. */
  readonly fingerprint: string;
}

export interface AttackStudyTask {
  readonly engine: Engine;
  readonly run: RunFolder;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly name: string;
  readonly command: string;
  readonly facetVersion: string;
  readonly defence: GivenNetwork;
  /** Examples are crafted on it and shown to the defence: black-box. */
  readonly surrogate?: GivenNetwork | undefined;
  readonly faces: TestFaces;
  /** Towards another person, or away from one's own. */
  readonly goal: 'impersonate' | 'dodge';
  /** Images of the target whose mean features are the target: 1 is the pair's own image alone. */
  readonly targetImages: number;
  readonly rule: MatchingRule;
  readonly far: number;
  /** Instead of the one that `far` gives. */
  readonly threshold?: number | undefined;
  readonly pairs: number;
  readonly methods: readonly [AttackName, ...AttackName[]];
  readonly settings: StudyConfig['attack']['settings'];
  readonly batchSize: number;
  readonly distances: readonly number[];
}

const EMBED_BATCH = 32;
const EXAMPLES = 6;
const CURVES = 8;

/** Verifies and attacks the network; stages whose inputs are unchanged are skipped. */
export async function runAttackStudy(task: AttackStudyTask): Promise<Results> {
  const started = Date.now();
  const { engine, run, faces, defence, rule, far, goal, methods } = task;
  const opened: Embedder[] = [];
  const open = async (network: FaceNetwork) => {
    const embedder = await compileEmbedder(engine, network, EMBED_BATCH);
    opened.push(embedder);
    return embedder;
  };
  try {
    const embedder = await open(defence.network);
    const known = { network: defence.fingerprint, test: faces.fingerprint, far, rule };
    const embeddings = await task.progress.during(
      `embed with ${defence.name}`,
      faces.testNames.length,
      (tick) => embedFaces(embedder, faces.test, { tick }),
    );
    const verified = await run.stage(
      known,
      async () => verifyDefence(embeddings, faces, far, [rule]),
      'verification.json',
    );
    const threshold = task.threshold ?? verified.threshold.value;
    const { pairs, leftOut } = choosePairs(task, embeddings, threshold);
    const slopes = await measureSlopes(task, pairs, threshold, known);
    const whiteBox: WhiteBoxResults[] = [];
    for (const attack of methods) {
      whiteBox.push(await attackWhiteBox(task, attack, embeddings, pairs, threshold, known));
    }
    const blackBox = task.surrogate
      ? [
          await attackBlackBox(
            task,
            task.surrogate,
            await open(task.surrogate.network),
            embedder,
            embeddings,
            pairs,
            threshold,
          ),
        ]
      : [];
    return {
      ...resultsHead(task, started),
      data: { train: null, test: faces.description },
      matching: rule,
      goal,
      settings: settingsOf(task, threshold),
      defences: [
        {
          name: defence.name,
          description: defence.network.description,
          settings: { members: defence.network.members },
          runs: [runOf(verified, { ...verified.threshold, value: threshold }, whiteBox, blackBox, slopes)],
        },
      ],
      leftOut,
      transfer: [],
      directions: null,
      examples: await examplesOf({
        faces,
        run,
        defence: defence.name,
        seed: 0,
        results: whiteBox[0]!,
        place: whiteBoxPlace(methods[0]),
        pairs: pairs.map((pair, index) => ({ ...pair, index })),
        count: EXAMPLES,
      }),
      notes: [
        ...faces.notes,
        ...(goal === 'dodge'
          ? [
              'Dodging: images are moved away from their own person, until the network takes them for somebody else.',
            ]
          : []),
        ...(task.targetImages > 1
          ? [`Targets are the mean features of up to ${task.targetImages} images of the target's person.`]
          : []),
      ],
    };
  } finally {
    for (const embedder of opened) embedder.free();
  }
}

function runOf(
  verified: VerificationResult,
  threshold: VerificationResult['threshold'],
  whiteBox: WhiteBoxResults[],
  blackBox: BlackBoxResults[],
  slopes: Slopes | null,
): Results['defences'][number]['runs'][number] {
  return {
    seed: 0,
    training: null,
    ...verified,
    threshold,
    flipSum: null,
    whiteBox,
    blackBox,
    snapshots: [],
    diagnosis: null,
    slopes,
  };
}

/** What the attack meets at its first step; null where it is not an impersonation of single images by the mean of cosines. */
async function measureSlopes(
  { engine, run, faces, defence, goal, rule, targetImages, batchSize }: AttackStudyTask,
  pairs: readonly Impersonation[],
  threshold: number,
  known: object,
): Promise<Slopes | null> {
  const { members } = defence.network;
  if (goal !== 'impersonate' || targetImages > 1 || (rule !== 'mean' && members > 1)) return null;
  return run.stage(
    { ...known, pairs, threshold },
    async () =>
      summariseSlopes(await pairSlopes(engine, defence.network, faces, pairs, batchSize), threshold),
    'slopes.json',
  );
}

/** Pairs to attack: of different people that are rejected, or for dodging of one person that are accepted. */
function choosePairs(
  { faces, goal, rule, pairs: wanted, defence }: AttackStudyTask,
  embeddings: Embeddings,
  threshold: number,
): { pairs: Impersonation[]; leftOut: Results['leftOut'] } {
  const candidates =
    goal === 'impersonate'
      ? drawImpersonations(faces, wanted)
      : drawImpersonations({ pairs: faces.pairs.map((pair) => ({ ...pair, same: !pair.same })) }, wanted);
  const similarities = pairSimilarities(
    rule,
    embeddings,
    candidates.map(({ source }) => source),
    candidates.map(({ target }) => target),
  );
  const isDone = (index: number) => similarities[index]! > threshold === (goal === 'impersonate');
  const pairs = candidates.filter((_, index) => !isDone(index));
  if (pairs.length === 0) {
    throw new Error(
      goal === 'impersonate'
        ? `none of ${candidates.length} pairs of different people is left to attack: ${defence.name} accepts each as it is; lower --far`
        : `none of ${candidates.length} pairs of one person is left to attack: ${defence.name} rejects each as it is; raise --far`,
    );
  }
  return {
    pairs,
    leftOut: candidates
      .filter((_, index) => isDone(index))
      .map(({ source, target }) => ({
        seed: 0,
        source: faces.testNames[source]!,
        target: faces.testNames[target]!,
        acceptedBy: [defence.name],
      })),
  };
}

async function attackWhiteBox(
  task: AttackStudyTask,
  attack: AttackName,
  embeddings: Embeddings,
  pairs: readonly Impersonation[],
  threshold: number,
  known: object,
): Promise<WhiteBoxResults> {
  const { run, progress, rule, goal, defence, faces } = task;
  const place = whiteBoxPlace(attack);
  const settings = attackSettings(task.settings, attack);
  const isFirst = attack === task.methods[0];
  const inputs = { ...known, pairs, threshold, goal, targetImages: task.targetImages, attack, settings };
  return run.stage(
    inputs,
    () =>
      progress.during(`attack ${defence.name}, ${ATTACKS[attack].paper}`, pairs.length, async (tick) => {
        const results = await attackOn(task, defence.network, embeddings, pairs, {
          attack,
          place,
          inputs,
          tick,
          keepImages: isFirst,
          curves: isFirst ? CURVES : 0,
          stopping: goal === 'dodge' ? rejected(threshold, rule) : accepted(threshold, rule),
        });
        return {
          attack: ATTACKS[attack].paper,
          rule,
          settings: { objective: objectiveText(task), ...settings },
          pairs: results.map((result, index) => attackedPair(faces, pairs[index]!, result)),
        };
      }),
    ...place,
  );
}

/** Crafts on the surrogate to each feature distance, and shows the images to the defence. */
async function attackBlackBox(
  task: AttackStudyTask,
  surrogate: GivenNetwork,
  ofSurrogate: Embedder,
  ofDefence: Embedder,
  embeddings: Embeddings,
  pairs: readonly Impersonation[],
  threshold: number,
): Promise<BlackBoxResults> {
  const { run, progress, rule, goal, defence, faces, distances, methods } = task;
  if (goal === 'dodge')
    throw new Error('a surrogate is for impersonation; leave --surrogate out, or --dodge');
  const [attack] = methods;
  const place = ['black-box', `${attack}.json`];
  const settings = attackSettings(task.settings, attack);
  const inputs = {
    network: surrogate.fingerprint,
    test: faces.fingerprint,
    pairs,
    distances,
    targetImages: task.targetImages,
    attack,
    settings,
  };
  const limits = distances.length;
  const pixels = faces.test.size ** 2 * 3;
  return run.stage(
    { ...inputs, defence: defence.fingerprint, rule, threshold },
    () =>
      progress.during(`craft on ${surrogate.name}, ${ATTACKS[attack].paper}`, pairs.length, async (tick) => {
        const features = await embedFaces(ofSurrogate, faces.test);
        const results = await attackOn(task, surrogate.network, features, pairs, {
          attack,
          place,
          inputs,
          tick,
          keepImages: true,
          curves: 0,
          stopping: within(distances),
        });
        const targets = measure(embeddings);
        const outcomes: BlackBoxResults['pairs'] = [];
        for (const [index, { milestones }] of results.entries()) {
          const { source, target } = pairs[index]!;
          const images =
            (await readImages(run, place, index, limits * pixels)) ?? new Float32Array(limits * pixels);
          const shown = measure(await ofDefence.embed(images, limits));
          outcomes.push({
            source: faces.testNames[source]!,
            target: faces.testNames[target]!,
            success: milestones.map((reached, limit) =>
              reached === null ? null : similarity(rule, shown, limit, targets, target) > threshold,
            ),
          });
        }
        return {
          attack: ATTACKS[attack].paper,
          settings: { objective: objectiveText(task), ...settings },
          surrogate: { name: surrogate.name, seed: 0, description: surrogate.network.description },
          distances: [...distances],
          distanceMeasure: 'Euclidean distance of L2-normalised features',
          pairs: outcomes,
        };
      }),
    ...place,
  );
}

type AttackOptions = Pick<
  Parameters<typeof attackAll>[0],
  'attack' | 'place' | 'inputs' | 'tick' | 'keepImages' | 'curves' | 'stopping'
>;

function attackOn(
  task: AttackStudyTask,
  network: FaceNetwork,
  embeddings: Embeddings,
  pairs: readonly Impersonation[],
  options: AttackOptions,
): Promise<KeptResult[]> {
  const { engine, faces, run, signal, batchSize, goal } = task;
  return attackAll({
    ...options,
    engine,
    data: faces,
    run,
    signal,
    network,
    settings: task.settings[options.attack] ?? {},
    batchSize,
    pairs,
    targets: targetsOf(task, embeddings, pairs),
    objective: goal === 'dodge' ? away(lots()) : lots(),
  });
}

/** Features of the pairs' targets, in their order: the pair's image, or the mean of several of the person. */
function targetsOf(
  { faces, targetImages }: AttackStudyTask,
  embeddings: Embeddings,
  pairs: readonly Impersonation[],
): Embeddings {
  const { members, dimension } = embeddings;
  const count = pairs.length;
  const data = new Float32Array(members * count * dimension);
  for (const [index, { target }] of pairs.entries()) {
    const rows = imagesOfPerson(faces, target, targetImages);
    const features = rows.map((row) => featuresOf(embeddings, row));
    const own = targetImages > 1 ? meanTarget(features, members) : features[0]!;
    for (let member = 0; member < members; member++) {
      data.set(
        own.subarray(member * dimension, (member + 1) * dimension),
        (member * count + index) * dimension,
      );
    }
  }
  return { data, members, count, dimension };
}

/** Rows of the target's image and of others of the same person, `most` at most. */
function imagesOfPerson({ test }: TestFaces, target: number, most: number): number[] {
  const others = Array.from(test.labels.keys()).filter(
    (row) => row !== target && test.labels[row] === test.labels[target],
  );
  return [target, ...others].slice(0, most);
}

function whiteBoxPlace(attack: AttackName): string[] {
  return ['white-box', `${attack}.json`];
}

function objectiveText({ goal, targetImages }: AttackStudyTask): string {
  const target = targetImages > 1 ? `, mean of ${targetImages} target images` : '';
  return goal === 'dodge'
    ? 'away from LOTS on L2-normalised features, summed over members'
    : `LOTS on L2-normalised features, summed over members${target}`;
}

function settingsOf(task: AttackStudyTask, threshold: number): Results['settings'] {
  const { goal, targetImages, rule, far, pairs, methods, settings, batchSize, distances, surrogate } = task;
  return JSON.parse(
    JSON.stringify({
      weights: task.defence.name,
      weightsHash: task.defence.fingerprint,
      ...(surrogate && { surrogate: surrogate.name, distances }),
      goal,
      targetImages,
      matching: rule,
      far,
      threshold,
      pairs,
      attacks: methods,
      attackSettings: settings,
      batchSize,
    }),
  ) as Results['settings'];
}
