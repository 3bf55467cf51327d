/** How well the trained network recognises people it has never seen. */
import type { RunResults } from '../../report/index.ts';
import { addEmbeddings } from '../embedding.ts';
import { type VerificationResult, verifyDefence, verifyPairs } from '../verification.ts';
import type { StudiedUnit } from './studied-unit.ts';
import { trainingOf } from './training.ts';

/** The trained network's accuracy and thresholds. */
export async function verificationOf(unit: StudiedUnit): Promise<VerificationResult> {
  const { config, data, stages } = unit.context;
  await trainingOf(unit);
  const [first, ...others] = config.matching;
  return stages.get(
    'verify',
    unit.title,
    { ...unit.testInputs, matching: config.matching },
    async () => verifyDefence(await unit.plainTest(), data, config.far, [first!, ...others]),
    ...unit.place,
    'verification.json',
  );
}

/** Accuracy with each image's and its mirror image's features added. */
export async function flipSumOf(unit: StudiedUnit): Promise<RunResults['flipSum']> {
  const { config, data, stages } = unit.context;
  if (!config.flipSum) return null;
  await trainingOf(unit);
  return stages.get(
    'verify',
    unit.title,
    { ...unit.testInputs, matching: config.matching[0] },
    async () => {
      const plain = await unit.plainTest();
      const mirrored = await unit.embedTest(unit.lastEpoch, true);
      const { accuracy, deviation } = verifyPairs(
        addEmbeddings(plain, mirrored),
        data,
        config.matching[0]!,
      ).result;
      return { accuracy, deviation };
    },
    ...unit.place,
    'flip-sum.json',
  );
}
