/** Networks along training: how robust they are against how well they verify. */
import { ATTACKS, type AttackName, accepted } from '../../../attacks/index.ts';
import type { MatchingRule } from '../../../evaluation/index.ts';
import type { RunResults, WhiteBoxResults } from '../../report/index.ts';
import { attackedPair, attackSettings } from '../attacking.ts';
import { contentHash } from '../run-folder.ts';
import { snapshotEpochs } from '../train.ts';
import { type BriefVerification, verifyBriefly } from '../verification.ts';
import type { StudiedUnit } from './studied-unit.ts';
import { trainingOf } from './training.ts';
import { verificationOf } from './verification.ts';
import { whiteBoxOf } from './white-box.ts';

interface SnapshotParts {
  readonly brief: BriefVerification;
  readonly whiteBox: WhiteBoxResults;
}

/** Networks along training: how robust they are against how well they verify. */
export async function snapshotsOf(unit: StudiedUnit): Promise<RunResults['snapshots']> {
  const { config } = unit.context;
  const { curve, steps } = await trainingOf(unit);
  const rule = config.matching[0]!;
  const attack = config.attack.methods[0]!;
  const results: RunResults['snapshots'] = [];
  for (const epoch of snapshotEpochs(config)) {
    const { brief, whiteBox } =
      epoch === unit.lastEpoch
        ? await lastSnapshot(unit, attack, rule)
        : await snapshot(unit, epoch, attack, rule);
    const epochs = curve.filter((point) => point.epoch > epoch - 1 && point.epoch <= epoch);
    results.push({
      epoch,
      step: Math.round((steps * epoch) / config.training.epochs),
      trainingAccuracy: epochs.reduce((sum, point) => sum + point.accuracy, 0) / Math.max(1, epochs.length),
      ...brief,
      whiteBox,
    });
  }
  return results;
}

/** A network on the way is verified and attacked by itself. */
async function snapshot(
  unit: StudiedUnit,
  epoch: number,
  attack: AttackName,
  rule: MatchingRule,
): Promise<SnapshotParts> {
  const { config, data, stages, progress } = unit.context;
  const pairs = unit.pairs.slice(0, config.attack.snapshotPairs);
  const stage = [...unit.place, 'snapshots', `epoch-${epoch}`];
  const brief = await stages.get<BriefVerification>(
    'snapshots',
    unit.title,
    { ...unit.testInputs, epoch, rule },
    async () => verifyBriefly(await unit.embedTest(epoch), data, config.far, rule),
    ...stage,
    'verification.json',
  );
  const place = [...stage, `white-box.${attack}.json`];
  const inputs = {
    ...unit.testInputs,
    epoch,
    pairs: contentHash(pairs),
    attack,
    rule,
    threshold: brief.threshold.value,
    settings: attackSettings(config.attack.settings, attack),
  };
  const whiteBox = await stages.get<WhiteBoxResults>(
    'snapshots',
    unit.title,
    inputs,
    () =>
      progress.during(`attack ${unit.title} of epoch ${epoch}`, pairs.length, async (tick) => {
        const found = await unit.attack(epoch, pairs, {
          attack,
          stopping: accepted(brief.threshold.value, rule),
          place,
          inputs,
          keepImages: false,
          tick,
        });
        return {
          attack: ATTACKS[attack].paper,
          rule,
          settings: attackSettings(config.attack.settings, attack),
          pairs: found.map((result, index) => attackedPair(data, pairs[index]!, result)),
        };
      }),
    ...place,
  );
  return { brief, whiteBox };
}

/** The trained network has been verified and attacked already, on these pairs and more. */
async function lastSnapshot(
  unit: StudiedUnit,
  attack: AttackName,
  rule: MatchingRule,
): Promise<SnapshotParts> {
  const { verification, threshold, memberCosine } = await verificationOf(unit);
  const { curve: _, pairs, ...rest } = await whiteBoxOf(unit, attack, rule);
  const { accuracy, deviation } = verification;
  return {
    brief: { accuracy, deviation, threshold, memberCosine },
    whiteBox: { ...rest, pairs: pairs.slice(0, unit.context.config.attack.snapshotPairs) },
  };
}
