/** What is done with one network alone: it is trained, verified, attacked, looked into. One stage, one file. */
import type { StageKind } from '../stages.ts';
import type { TrainedUnit } from '../units.ts';
import type { StudyContext } from './context.ts';
import { BLACK_BOX_ATTACK, craftedOn } from './crafting.ts';
import { diagnosisOf, slopesOf } from './diagnosis.ts';
import { snapshotsOf } from './snapshots.ts';
import { StudiedUnit } from './studied-unit.ts';
import { trainingOf } from './training.ts';
import { flipSumOf, verificationOf } from './verification.ts';
import { whiteBoxOf, whiteBoxRuns } from './white-box.ts';

export type { StudyContext } from './context.ts';
export { BLACK_BOX_ATTACK, craftedOn, craftedPlace, craftingInputs } from './crafting.ts';
export { diagnosisOf, slopesOf } from './diagnosis.ts';
export { snapshotsOf } from './snapshots.ts';
export { StudiedUnit } from './studied-unit.ts';
export { trainingOf } from './training.ts';
export { flipSumOf, verificationOf } from './verification.ts';
export { whiteBoxOf, whiteBoxPlace, whiteBoxRuns } from './white-box.ts';

/** Everything of a unit that may be done now, in the order in which stages need each other. */
export function doUnit(context: StudyContext, unit: TrainedUnit): Promise<void> {
  return readUnit(context, unit, (kind) => context.stages.may(kind));
}

/** Reads, or makes where that may be, a unit's stages of the wanted kinds. Throws a MissingStageError for one that is not there. */
export async function readUnit(
  context: StudyContext,
  unit: TrainedUnit,
  wanted: (kind: StageKind) => boolean,
): Promise<void> {
  const studied = new StudiedUnit(context, unit);
  try {
    if (wanted('train')) await trainingOf(studied);
    if (unit.kind === 'surrogate') {
      if (wanted('black-box')) await craftedOn(studied, BLACK_BOX_ATTACK);
      return;
    }
    if (wanted('verify')) {
      await verificationOf(studied);
      await flipSumOf(studied);
    }
    if (wanted('white-box')) {
      for (const [attack, rule] of whiteBoxRuns(context.config, unit))
        await whiteBoxOf(studied, attack, rule);
    }
    if (wanted('snapshots')) await snapshotsOf(studied);
    if (wanted('diagnosis')) {
      await diagnosisOf(studied);
      await slopesOf(studied);
    }
  } finally {
    await studied.free();
  }
}
