/** Pictures of attacks, for the report. */
import { encodePng } from '../../platform/node-images.ts';
import type { Example, WhiteBoxResults } from '../report/index.ts';
import { facePixels, type Impersonation } from './attack-pairs.ts';
import { readImages } from './journal.ts';
import type { RunFolder } from './run-folder.ts';
import type { TestFaces } from './test-faces.ts';

/** The perturbation is shown so much stronger. */
const AMPLIFICATION = 10;

export interface ExamplesTask {
  readonly faces: Pick<TestFaces, 'test' | 'testNames'>;
  readonly run: RunFolder;
  readonly defence: string;
  readonly seed: number;
  readonly results: WhiteBoxResults;
  /** The attack's stage, beside which its images lie. */
  readonly place: readonly string[];
  /** Pairs to show, with the record of each one's image. */
  readonly pairs: readonly (Impersonation & { readonly index: number })[];
  readonly count: number;
}

/**
 * Source, target, adversarial image and amplified perturbation of the first `count` pairs, as data URIs; fewer where images
 * or results are missing.
 */
export async function examplesOf(task: ExamplesTask): Promise<Example[]> {
  const { faces, run, results, place } = task;
  const { test, testNames } = faces;
  const size = test.size;
  const uri = async (pixels: Float32Array) =>
    `data:image/png;base64,${Buffer.from(await encodePng(pixels, size, size)).toString('base64')}`;
  const examples: Example[] = [];
  for (const { source, target, index } of task.pairs) {
    if (examples.length === task.count) break;
    const names = { source: testNames[source]!, target: testNames[target]! };
    const measured = results.pairs.find(
      (pair) => pair.source === names.source && pair.target === names.target,
    );
    const adversarial = await readImages(run, place, index, size * size * 3);
    if (!measured || !adversarial) continue;
    const original = facePixels(test, source);
    const difference = adversarial.map((value, i) => 0.5 + AMPLIFICATION * (value - original[i]!));
    const { success, iterations, l2, linf, rms } = measured;
    examples.push({
      defence: task.defence,
      seed: task.seed,
      attack: results.attack,
      source: { name: names.source, image: await uri(original) },
      target: { name: names.target, image: await uri(facePixels(test, target)) },
      adversarial: await uri(adversarial),
      perturbation: await uri(difference),
      amplification: AMPLIFICATION,
      success,
      iterations,
      l2,
      linf,
      rms,
    });
  }
  return examples;
}
