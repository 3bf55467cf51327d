/** The results of a study, gathered from what its units left behind. */
import type { AttackName } from '../../attacks/index.ts';
import { ATTACKS } from '../../attacks/index.ts';
import type {
  BlackBoxResults,
  DefenceResults,
  Results,
  RunResults,
  TransferResults,
} from '../report/index.ts';
import { judgeBlackBox, judgeTransfer } from './cross.ts';
import { DEFENCES, type DefenceName } from './defences.ts';
import { drawDirections } from './directions.ts';
import { examplesOf } from './examples.ts';
import type { TrainingPoint } from './train.ts';
import {
  diagnosisOf,
  flipSumOf,
  StudiedUnit,
  type StudyContext,
  slopesOf,
  snapshotsOf,
  trainingOf,
  verificationOf,
  whiteBoxOf,
  whiteBoxPlace,
  whiteBoxRuns,
} from './unit/index.ts';

/** What is known of a defence at a seed before pairs are left out. */
interface Gathered {
  readonly studied: StudiedUnit;
  readonly run: RunResults;
  readonly adapter: string;
}

type Measured = Pick<Results, 'defences' | 'examples' | 'leftOut' | 'transfer' | 'directions' | 'notes'>;

const EXAMPLES_PER_DEFENCE = 3;

/**
 * Reads every unit's stages, does those that look at several units, and leaves pairs out that some defence accepts as
 * they are. Throws a MissingStageError where a unit has not been trained or verified.
 */
export async function gather(context: StudyContext): Promise<Measured> {
  const { config, stages, data } = context;
  const runs = new Map<DefenceName, RunResults[]>(config.defences.map((name) => [name, []]));
  const measured = { examples: [], leftOut: [], transfer: [] } as Pick<
    Results,
    'examples' | 'leftOut' | 'transfer'
  >;
  const notes = [...data.notes];
  const adapters = new Set<string>();
  for (const seed of config.seeds) {
    const surrogate = new StudiedUnit(context, { kind: 'surrogate', seed });
    const gathered = new Map<DefenceName, Gathered>();
    try {
      for (const name of config.defences) {
        const one = await gatherDefence(context, name, seed, surrogate);
        gathered.set(name, one);
        adapters.add(one.adapter);
      }
      const leftOut = acceptedAsTheyAre(seed, gathered);
      measured.leftOut.push(...leftOut);
      const out = new Set(leftOut.map(({ source, target }) => pairKey(source, target)));
      for (const [name, { run }] of gathered) runs.get(name)!.push(withoutPairs(run, out, name));
      const transfer = await stages.ifThere('transfer', () => gatherTransfer(context, seed, gathered, out));
      if (transfer) measured.transfer.push(transfer);
      if (seed === config.seeds[0]) {
        for (const [name, { studied, run }] of gathered) {
          measured.examples.push(...(await examplesOfDefence(context, name, studied, run, out)));
        }
      }
    } finally {
      await Promise.all(
        [surrogate, ...[...gathered.values()].map(({ studied }) => studied)].map((studied) => studied.free()),
      );
    }
  }
  if (adapters.size > 1)
    notes.push(`Networks were trained on different adapters: ${[...adapters].join('; ')}.`);
  const directions = config.directions
    ? ((await stages.ifThere('directions', () => drawDirections(context))) ?? null)
    : null;
  return {
    ...measured,
    directions,
    notes,
    defences: [...runs].map(
      ([name, own]): DefenceResults => ({
        name,
        description: DEFENCES[name].about,
        settings: settingsOf(context, name),
        runs: own,
      }),
    ),
  };
}

async function gatherDefence(
  context: StudyContext,
  name: DefenceName,
  seed: number,
  surrogate: StudiedUnit,
): Promise<Gathered> {
  const { config, stages } = context;
  const unit = { kind: 'defence', name, seed } as const;
  const studied = new StudiedUnit(context, unit);
  const { curve, adapter } = await trainingOf(studied);
  const verified = await verificationOf(studied);
  const whiteBox = [];
  for (const [attack, rule] of whiteBoxRuns(config, unit)) {
    const one = await stages.ifThere('white-box', () => whiteBoxOf(studied, attack, rule));
    if (one) whiteBox.push(one);
  }
  const blackBox = await stages.ifThere('black-box', () => judgeBlackBox(context, studied, surrogate));
  return {
    studied,
    adapter,
    run: {
      seed,
      training: {
        points: curve.map((point) => ({ ...point })),
        finalAccuracy: finalAccuracy(curve),
      },
      ...verified,
      flipSum: await flipSumOf(studied),
      whiteBox,
      blackBox: blackBox ? [blackBox] : [],
      snapshots: (await stages.ifThere('snapshots', () => snapshotsOf(studied))) ?? [],
      diagnosis: (await stages.ifThere('diagnosis', () => diagnosisOf(studied))) ?? null,
      slopes: (await stages.ifThere('diagnosis', () => slopesOf(studied))) ?? null,
    },
  };
}

/** Pairs that a defence accepts before anything is done to the image. */
function acceptedAsTheyAre(seed: number, gathered: ReadonlyMap<DefenceName, Gathered>): Results['leftOut'] {
  const found = new Map<string, Results['leftOut'][number]>();
  for (const [name, { run }] of gathered) {
    for (const { source, target, success, linf } of run.whiteBox[0]?.pairs ?? []) {
      if (!success || linf > 0) continue;
      const key = pairKey(source, target);
      const before = found.get(key);
      if (before) before.acceptedBy.push(name);
      else found.set(key, { seed, source, target, acceptedBy: [name] });
    }
  }
  return [...found.values()];
}

function pairKey(source: string, target: string): string {
  return `${source}\n${target}`;
}

/** Results of the pairs that are compared. Throws where none is left. */
function withoutPairs(run: RunResults, out: ReadonlySet<string>, name: DefenceName): RunResults {
  const keep = <T extends { source: string; target: string }>(pairs: readonly T[]): T[] => {
    const kept = pairs.filter(({ source, target }) => !out.has(pairKey(source, target)));
    if (kept.length > 0 || pairs.length === 0) return kept;
    throw new Error(
      `no impersonation pair is left to compare ${name} on: each is accepted by some defence as it is. Train longer, lower --far, or attack more pairs; what was done is kept`,
    );
  };
  return {
    ...run,
    whiteBox: run.whiteBox.map((one) => ({ ...one, pairs: keep(one.pairs) })),
    blackBox: run.blackBox.map((one): BlackBoxResults => ({ ...one, pairs: keep(one.pairs) })),
    snapshots: run.snapshots.map((one) => ({
      ...one,
      whiteBox: { ...one.whiteBox, pairs: keep(one.whiteBox.pairs) },
    })),
  };
}

async function gatherTransfer(
  context: StudyContext,
  seed: number,
  gathered: ReadonlyMap<DefenceName, Gathered>,
  out: ReadonlySet<string>,
): Promise<TransferResults> {
  const attack: AttackName = context.config.attack.methods[0]!;
  const works = [...gathered.values()].map(({ studied }) => studied);
  const accepted: number[][] = [];
  const shown: number[] = [];
  for (const from of works) {
    const { pairs } = await whiteBoxOf(from, attack, context.config.matching[0]!);
    const compared = pairs.map(({ source, target }) => !out.has(pairKey(source, target)));
    const row: number[] = [];
    for (const to of works) {
      const outcome = await judgeTransfer(context, from, to, attack);
      row.push(outcome.filter((success, pair) => success === true && compared[pair]).length);
    }
    accepted.push(row);
    shown.push(pairs.filter(({ success }, pair) => success && compared[pair]).length);
  }
  return { seed, attack: ATTACKS[attack].paper, defences: [...gathered.keys()], accepted, shown };
}

function settingsOf({ config }: StudyContext, name: DefenceName): Record<string, number | string> {
  const { ensemble, sharedWeights, uses } = DEFENCES[name];
  const own = Object.fromEntries(
    uses.flatMap((key) =>
      Object.entries(config[key]).map(([setting, value]) => [`${key}.${setting}`, value]),
    ),
  );
  return {
    members: ensemble ? config.members : 1,
    weightVectors: sharedWeights ? 'shared' : 'separate',
    ...own,
  };
}

/** Pictures of the first pairs that are compared. */
async function examplesOfDefence(
  { config, data, stages }: StudyContext,
  defence: DefenceName,
  studied: StudiedUnit,
  { seed, whiteBox }: RunResults,
  out: ReadonlySet<string>,
): Promise<Results['examples']> {
  const [results] = whiteBox;
  if (!results) return [];
  const compared = studied.pairs
    .map((pair, index) => ({ ...pair, index }))
    .filter(({ source, target }) => !out.has(pairKey(data.testNames[source]!, data.testNames[target]!)));
  const place = whiteBoxPlace(studied, config.attack.methods[0]!, config.matching[0]!);
  const count = EXAMPLES_PER_DEFENCE;
  return examplesOf({ faces: data, run: stages.run, defence, seed, results, place, pairs: compared, count });
}

/** Share of images classified right over the last epoch. */
function finalAccuracy(curve: readonly TrainingPoint[]): number {
  const last = curve.at(-1);
  if (!last) return 0;
  const points = curve.filter((point) => point.epoch > last.epoch - 1);
  return points.reduce((sum, point) => sum + point.accuracy, 0) / points.length;
}
