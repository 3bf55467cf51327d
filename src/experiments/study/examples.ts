/** Pictures of attacks, for the report. */
import { encodePng } from '../../platform/node-images.ts';
import type { Example } from '../report/index.ts';
import { facePixels, type Impersonation } from './attack-pairs.ts';
import type { WhiteBoxOutcome } from './attack-stages.ts';
import type { StudyData } from './data.ts';

/** The perturbation is shown so much stronger. */
const AMPLIFICATION = 10;

/** Source, target, adversarial image and amplified perturbation of the first `count` pairs, as data URIs. */
export async function makeExamples(
  defence: string,
  seed: number,
  outcome: WhiteBoxOutcome,
  pairs: readonly Impersonation[],
  data: StudyData,
  count: number,
): Promise<Example[]> {
  const size = data.test.size;
  const uri = async (pixels: Float32Array) =>
    `data:image/png;base64,${Buffer.from(await encodePng(pixels, size, size)).toString('base64')}`;
  const chosen = outcome.result.pairs.slice(0, count).keys();
  return Promise.all(
    Array.from(chosen, async (index) => {
      const { source, target } = pairs[index]!;
      const measured = outcome.result.pairs[index]!;
      const [original, adversarial] = [facePixels(data.test, source), outcome.images[index]!];
      const difference = adversarial.map((value, i) => 0.5 + AMPLIFICATION * (value - original[i]!));
      return {
        defence,
        seed,
        attack: outcome.result.attack,
        source: { name: measured.source, image: await uri(original) },
        target: { name: measured.target, image: await uri(facePixels(data.test, target)) },
        adversarial: await uri(adversarial),
        perturbation: await uri(difference),
        amplification: AMPLIFICATION,
        success: measured.success,
        iterations: measured.iterations,
        l2: measured.l2,
        linf: measured.linf,
        rms: measured.rms,
      };
    }),
  );
}
