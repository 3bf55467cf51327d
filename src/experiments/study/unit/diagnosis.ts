/** Why a network is as robust as it is: how its members lie to each other, and what an attack meets at its first step. */
import type { Diagnosis, Slopes } from '../../report/index.ts';
import { spread } from '../attack-pairs.ts';
import { membersOf } from '../defences.ts';
import { diagnose } from '../diagnosis.ts';
import { embedFaces } from '../embedding.ts';
import { contentHash } from '../run-folder.ts';
import { pairSlopes, summariseSlopes } from '../slopes.ts';
import type { StudiedUnit } from './studied-unit.ts';
import { trainingOf } from './training.ts';
import { verificationOf } from './verification.ts';

/** Training faces that a diagnosis looks at. */
const DIAGNOSIS_FACES = 256;

/** Angles of features and weight vectors over some training faces. */
export async function diagnosisOf(unit: StudiedUnit): Promise<Diagnosis> {
  const { data, stages } = unit.context;
  await trainingOf(unit);
  const rows = spread(data.train.labels.length).slice(0, DIAGNOSIS_FACES);
  return stages.get(
    'diagnosis',
    unit.title,
    { ...unit.trainingInputs, rows: contentHash(rows) },
    async () => {
      const { embedder, trained } = await unit.network(unit.lastEpoch);
      const embeddings = await embedFaces(embedder, await data.train.load(rows));
      const labels = rows.map((row) => data.train.labels[row]!);
      return diagnose(embeddings, labels, trained.weights);
    },
    ...unit.place,
    'diagnosis.json',
  );
}

/**
 * What a white-box attack meets at its first step, at the threshold of the mean of the members' cosines; null where that
 * rule is not among the study's, or no pair is under its threshold.
 */
export async function slopesOf(unit: StudiedUnit): Promise<Slopes | null> {
  const { config, data, engine, stages } = unit.context;
  const { rules } = await verificationOf(unit);
  const entry = membersOf(unit.defence, config) > 1 ? rules.find(({ rule }) => rule === 'mean') : rules[0];
  if (!entry) return null;
  const threshold = entry.threshold.value;
  return stages.get(
    'diagnosis',
    unit.title,
    { ...unit.testInputs, pairs: unit.pairsHash, threshold },
    async () => {
      const { trained } = await unit.network(unit.lastEpoch);
      // The attack's batches, whose kernels are compiled already.
      const { batchSize } = config.attack;
      return summariseSlopes(
        await pairSlopes(engine, trained.network, data, unit.pairs, batchSize),
        threshold,
      );
    },
    ...unit.place,
    'slopes.json',
  );
}
