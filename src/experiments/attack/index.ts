/**
 * Attacks on networks that were trained anywhere: the study's verification, attacks and report for weights that a person
 * brings, without its training.
 */
import type { FaceNetwork } from '../../models/face-network.ts';
import type { Results, Slopes } from '../report/index.ts';
import { compileEmbedder, type Embedder, embedFaces } from '../study/embedding.ts';
import { examplesOf } from '../study/examples.ts';
import { resultsHead } from '../study/results-head.ts';
import { pairSlopes, summariseSlopes } from '../study/slopes.ts';
import { type VerificationResult, verifyDefence } from '../study/verification.ts';
import { attackBlackBox } from './black-box.ts';
import { type Chosen, choosePairs } from './pairs.ts';
import type { AttackStudyTask } from './task.ts';
import { attackWhiteBox, whiteBoxPlace } from './white-box.ts';

export type { AttackStudyTask, GivenNetwork } from './task.ts';

const EMBED_BATCH = 32;
const EXAMPLES = 6;

type Run = Results['defences'][number]['runs'][number];

/** Verifies and attacks the network; stages whose inputs are unchanged are skipped. */
export async function runAttackStudy(task: AttackStudyTask): Promise<Results> {
  const started = Date.now();
  const { engine, run, faces, defence, surrogate, rule, far, goal, methods } = task;
  const opened: Embedder[] = [];
  const open = async (network: FaceNetwork) => {
    const embedder = await compileEmbedder(engine, network, EMBED_BATCH);
    opened.push(embedder);
    return embedder;
  };
  try {
    const embedder = await open(defence.network);
    const known = { network: defence.fingerprint, test: faces.fingerprint, far, rule };
    const verified = await run.stage(known, () => verifyAll(task, embedder), 'verification.json');
    const threshold = task.threshold ?? verified.threshold.value;
    const chosen = await choosePairs(task, embedder, threshold);
    const slopes = await measureSlopes(task, chosen, known);
    const whiteBox: Run['whiteBox'] = [];
    for (const attack of methods) whiteBox.push(await attackWhiteBox(task, attack, chosen, known));
    const blackBox = surrogate
      ? [await attackBlackBox(task, surrogate, await open(surrogate.network), embedder, chosen)]
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
          runs: [
            {
              seed: 0,
              training: null,
              ...verified,
              threshold: { ...verified.threshold, value: threshold },
              flipSum: null,
              whiteBox,
              blackBox,
              snapshots: [],
              diagnosis: null,
              slopes,
            },
          ],
        },
      ],
      leftOut: chosen.leftOut,
      transfer: [],
      directions: null,
      examples: await examplesOf({
        faces,
        run,
        defence: defence.name,
        seed: 0,
        results: whiteBox[0]!,
        place: whiteBoxPlace(methods[0]),
        pairs: chosen.pairs.map((pair, index) => ({ ...pair, index })),
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

/** Verification takes the features of all test faces, which a run that goes on need not make again. */
async function verifyAll(
  { progress, faces, defence, far, rule }: AttackStudyTask,
  embedder: Embedder,
): Promise<VerificationResult> {
  const embeddings = await progress.during(`embed with ${defence.name}`, faces.testNames.length, (tick) =>
    embedFaces(embedder, faces.test, { tick }),
  );
  return verifyDefence(embeddings, faces, far, [rule]);
}

/** What the attack meets at its first step; null where it is not an impersonation of single images by the mean of cosines. */
async function measureSlopes(
  { engine, run, faces, defence, goal, rule, targetImages, batchSize }: AttackStudyTask,
  { pairs, threshold }: Chosen,
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
