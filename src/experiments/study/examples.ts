/** Pictures of attacks, for the report. */
import { encodePng } from '../../platform/node-images.ts';
import type { Example, RunResults } from '../report/index.ts';
import { facePixels } from './attack-pairs.ts';
import { readImages } from './journal.ts';
import type { StudyContext, UnitWork } from './unit.ts';

/** The perturbation is shown so much stronger. */
const AMPLIFICATION = 10;

/**
 * Source, target, adversarial image and amplified perturbation of the first `count` pairs of a defence's first attack that
 * are compared, as data URIs; fewer where images are missing.
 */
export async function makeExamples(
  { config, data, stages }: StudyContext,
  defence: string,
  work: UnitWork,
  run: RunResults,
  leftOut: ReadonlySet<string>,
  count: number,
): Promise<Example[]> {
  const results = run.whiteBox[0];
  if (!results) return [];
  const size = data.test.size;
  const uri = async (pixels: Float32Array) =>
    `data:image/png;base64,${Buffer.from(await encodePng(pixels, size, size)).toString('base64')}`;
  const place = work.whiteBoxPlace(config.attack.methods[0]!, config.matching[0]!);
  const examples: Example[] = [];
  for (const [index, { source, target }] of work.pairs.entries()) {
    if (examples.length === count) break;
    const names = { source: data.testNames[source]!, target: data.testNames[target]! };
    const measured = results.pairs.find(
      (pair) => pair.source === names.source && pair.target === names.target,
    );
    const adversarial = await readImages(stages.run, place, index, size * size * 3);
    if (leftOut.has(`${names.source}\n${names.target}`) || !measured || !adversarial) continue;
    const original = facePixels(data.test, source);
    const difference = adversarial.map((value, i) => 0.5 + AMPLIFICATION * (value - original[i]!));
    const { success, iterations, l2, linf, rms } = measured;
    examples.push({
      defence,
      seed: run.seed,
      attack: results.attack,
      source: { name: names.source, image: await uri(original) },
      target: { name: names.target, image: await uri(facePixels(data.test, target)) },
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
