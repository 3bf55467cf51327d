/** The attack knows another network only: what it makes is shown to the one under attack. */
import { ATTACKS, within } from '../../attacks/index.ts';
import { measure, similarity } from '../../evaluation/index.ts';
import type { BlackBoxResults } from '../report/index.ts';
import { attackSettings } from '../study/attacking.ts';
import type { Embedder } from '../study/embedding.ts';
import { readImages } from '../study/journal.ts';
import { attackOn, objectiveText } from './attack-on.ts';
import { type Chosen, featuresOfPairs } from './pairs.ts';
import type { AttackStudyTask, GivenNetwork } from './task.ts';

/** Crafts on the surrogate to each feature distance, and shows the images to the defence. */
export async function attackBlackBox(
  task: AttackStudyTask,
  surrogate: GivenNetwork,
  ofSurrogate: Embedder,
  ofDefence: Embedder,
  { pairs, features, threshold }: Chosen,
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
    async () => {
      const targets = await featuresOfPairs(ofSurrogate, task, surrogate, pairs);
      const label = `craft on ${surrogate.name}, ${ATTACKS[attack].paper}`;
      const results = await progress.during(label, pairs.length, (tick) =>
        attackOn(task, surrogate.network, targets, pairs, {
          attack,
          place,
          inputs,
          tick,
          keepImages: true,
          curves: 0,
          stopping: within(distances),
        }),
      );
      const known = measure(features.embeddings);
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
            reached === null
              ? null
              : similarity(rule, shown, limit, known, features.indexOf(target)) > threshold,
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
    },
    ...place,
  );
}
