/** The study, end to end: train, verify, attack, gather. Stages whose inputs are unchanged are skipped. */
import type { Results } from '../report/index.ts';
import type { StudyConfig } from './config.ts';
import { loadStudyData, type StudyData } from './data.ts';
import { drawDirections } from './directions.ts';
import { gather } from './gather.ts';
import type { Measuring } from './measuring.ts';
import { resultsHead } from './results-head.ts';
import { contentHash, type RunFolder } from './run-folder.ts';
import { MissingStageError, type StageKind, Stages } from './stages.ts';
import type { StepProfile } from './train.ts';
import { doUnit, readUnit, type StudyContext } from './unit/index.ts';
import { type Shard, unitsOf, unitsOfShard, unitTitle } from './units.ts';

export interface StudyTask extends Measuring {
  readonly config: StudyConfig;
  /** Stages to do; all by default. */
  readonly only?: readonly StageKind[] | undefined;
  /** Units to do; all by default. The others must be joined before there are results. */
  readonly shard?: Shard | undefined;
  /** Gather what is there: no unit is trained, verified or attacked. */
  readonly gatherOnly?: boolean;
  /** Threads that decode training faces which are not held in memory. */
  readonly workers?: number | undefined;
  /** Is told where the time of each defence's training step goes. */
  readonly onProfile?: ((profile: StepProfile) => void) | undefined;
}

/** Stages that look at several units, and so are left to whoever has all of them. */
const JOINT: readonly StageKind[] = ['transfer', 'report'];

/**
 * Runs the study, or the share of it that is asked for; everything on the way is kept in the run's folder. Returns the
 * results, or undefined where there are none to gather: a share of several, or stages without `report`.
 */
export async function runStudy(task: StudyTask): Promise<Results | undefined> {
  const started = Date.now();
  const { config, progress, run } = task;
  await refuseOtherSettings(run, config);
  const data = await loadStudyData(config, progress, task.workers);
  try {
    return await studyOf(task, data, started);
  } finally {
    await data.close();
  }
}

async function studyOf(task: StudyTask, data: StudyData, started: number): Promise<Results | undefined> {
  const { config, progress, engine, run, signal, onProfile, only, shard } = task;
  await run.write(
    `${JSON.stringify({ name: task.name, command: task.command, config }, null, 2)}\n`,
    'config.json',
  );
  const wanted = (kind: StageKind) => !only || only.includes(kind);
  const context = (may: (kind: StageKind) => boolean): StudyContext => ({
    engine,
    config,
    data,
    stages: new Stages(run, may),
    progress,
    signal,
    onProfile,
  });

  if (!task.gatherOnly) {
    const own = context((kind) => wanted(kind) && !JOINT.includes(kind));
    for (const unit of shard ? unitsOfShard(config, shard) : unitsOf(config)) {
      if (unit.kind !== 'directions') await doUnit(own, unit);
      else if (wanted('directions')) await drawDirections(own);
    }
  }
  const isShare = shard !== undefined && shard.count > 1;
  if (isShare || !(wanted('report') || wanted('transfer'))) return undefined;

  const joint = context((kind) => wanted(kind) && (JOINT.includes(kind) || kind === 'black-box'));
  await refuseMissingUnits(joint, config, wanted);
  const measured = await gather(joint);
  return {
    ...resultsHead(task, started),
    data: data.description,
    matching: config.matching[0]!,
    settings: JSON.parse(JSON.stringify(config)),
    ...measured,
  };
}

/** Names every unit that lacks something wanted, rather than the first. */
async function refuseMissingUnits(
  context: StudyContext,
  config: StudyConfig,
  wanted: (kind: StageKind) => boolean,
): Promise<void> {
  const missing: string[] = [];
  for (const unit of unitsOf(config)) {
    if (unit.kind === 'directions') continue;
    try {
      await readUnit(context, unit, wanted);
    } catch (error) {
      if (!(error instanceof MissingStageError)) throw error;
      missing.push(`${error.kind} of ${unitTitle(unit, config)}`);
    }
  }
  if (missing.length > 0) {
    throw new Error(
      `${context.stages.run.path}: ${missing.length} parts of the study are not done: ${missing.join('; ')}. Run the shares that hold them, or go on with --resume and without --only`,
    );
  }
}

/**
 * What may not change between a run and its resumption, `attacks` being those that the run has had: more may be done, and
 * nothing that is done becomes untrue.
 */
function fixedSettings(config: Record<string, unknown>, attacks: readonly string[]): Record<string, unknown> {
  const { defences: _d, seeds: _s, directions: _p, flipSum: _f, attack, ...fixed } = config;
  const { methods: _m, settings, ...fixedAttack } = (attack ?? {}) as Record<string, unknown>;
  const used = Object.entries(settings ?? {}).filter(([name]) => attacks.includes(name));
  return { ...fixed, attack: { ...fixedAttack, settings: Object.fromEntries(used) } };
}

/** A run is of one configuration; going on with another would write over what is done. */
async function refuseOtherSettings(run: RunFolder, config: StudyConfig): Promise<void> {
  const bytes = await readRunConfig(run);
  if (!bytes) return;
  const { methods = [] } = (bytes.attack ?? {}) as { readonly methods?: readonly string[] };
  const before = fixedSettings(bytes, methods);
  const changed = Object.entries(fixedSettings(config, methods)).filter(
    ([key, value]) => contentHash(value) !== contentHash(before[key] ?? null),
  );
  if (changed.length === 0) return;
  throw new Error(
    `${run.path} was started with other settings (${changed.map(([key]) => key).join(', ')}); resume it with the options it was started with, which its config.json holds, or choose another --name. Defences, seeds and attacks may be added`,
  );
}

/** The configuration that a run was started with, unchecked; undefined where there is none yet. */
export async function readRunConfig(run: RunFolder): Promise<Record<string, unknown> | undefined> {
  const bytes = await run.read('config.json');
  if (!bytes) return undefined;
  try {
    return (JSON.parse(new TextDecoder().decode(bytes)) as { config?: Record<string, unknown> }).config ?? {};
  } catch {
    throw new Error(`${run.join('config.json')} is damaged; put it back, or choose another --name`);
  }
}
