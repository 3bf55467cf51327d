/**
 * One attack of the lab, from a pair of images to what came out, with everything that one looks at on the way. Node and page run
 * the same; the page holds it by the pace, and draws its frames.
 */
import {
  type AttackName,
  type AttackView,
  accepted,
  buildAttack,
  compileAttack,
  type GivenSettings,
} from '../../attacks/index.ts';
import type { Engine } from '../../engine/index.ts';
import type { Defence, Similarities } from './defence.ts';
import type { Pace } from './pace.ts';
import { type PerturbationSize, perturbationSize, rounded } from './perturbation.ts';

export interface LabTask {
  readonly attack: AttackName;
  readonly settings: GivenSettings;
  readonly threshold: number;
  /** H × W × 3 in [0, 1], of the defence's size. */
  readonly source: Float32Array;
  readonly target: Float32Array;
  /** Of attacks with a random start. */
  readonly seed: number;
}

/** What one step saw; a curve is drawn of these. */
export interface LabPoint extends Similarities {
  /** From 0, over all trials. */
  readonly step: number;
  readonly trial: number;
}

/** Something to draw: the newest image, and all points since the last frame. */
export interface LabFrame {
  readonly points: readonly LabPoint[];
  readonly image: Float32Array;
  readonly size: PerturbationSize;
  /** Steps that this trial took to the image. */
  readonly iteration: number;
  /** What the search is trying: `{ epsilon: 0.01 }`. */
  readonly parameters: Readonly<Record<string, number>>;
  /** Steps that the device takes in a second, as of lately, pauses not counted; 0 before the second step. */
  readonly perSecond: number;
}

export interface LabOutcome {
  readonly success: boolean;
  /** The smallest that succeeded, or the nearest. */
  readonly image: Float32Array;
  readonly size: PerturbationSize;
  /** Of the image, embedded once more by itself. */
  readonly similarity: Similarities;
  /** Of the image in the 256 levels of a PNG. */
  readonly asPng: Similarities;
  readonly iterations: number;
  readonly evaluations: number;
  readonly trials: number;
  /** What a search found: `{ epsilon }`, `{ c }`. */
  readonly found: Readonly<Record<string, number>>;
  /** Every setting, defaults too. */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
}

export interface LabHooks {
  readonly pace: Pace;
  readonly signal: AbortSignal;
  readonly onFrame: (frame: LabFrame) => void;
  /** Milliseconds between frames; steps in between are only points of the curve. Held steps always make a frame. */
  readonly frameEvery?: number;
}

/** As often as a page can draw. */
const FRAME_EVERY = 1000 / 30;
/** Weight of the newest step in the speed that is shown. */
const NEWEST = 0.2;

/**
 * Attacks `source` until the defence takes it for `target`. Rejects with the signal's reason when it is aborted, and with a
 * RangeError for a setting that is wrong.
 */
export async function runLabAttack(
  engine: Engine,
  defence: Defence,
  task: LabTask,
  hooks: LabHooks,
): Promise<LabOutcome> {
  const { network, rule } = defence;
  const { settings } = buildAttack(task.attack, task.settings);
  const targets = await defence.features(task.target);
  const runner = await compileAttack(engine, task.attack, task.settings, {
    embed: (pixels) => network.embed(pixels),
    members: network.members,
    embeddingSize: network.embeddingSize,
    imageSize: network.inputSize,
    stopping: accepted(task.threshold, rule),
    batchSize: 1,
    keepImages: true,
    watch: true,
  });
  try {
    const watcher = frames(defence, task, targets, hooks);
    const pairs = [{ name: 'lab', source: task.source, targets }];
    const [result] = await runner.run(pairs, { signal: hooks.signal, seed: task.seed, onStep: watcher });
    const { image } = result!;
    if (!image) throw new Error('the attack kept no image');
    const judge = async (pixels: Float32Array) =>
      defence.similarities(await defence.features(pixels), targets);
    const { success, iterations, evaluations, trials, found } = result!;
    return {
      success,
      image,
      size: perturbationSize(image, task.source),
      similarity: await judge(image),
      asPng: await judge(rounded(image)),
      iterations,
      evaluations,
      trials,
      found,
      settings,
    };
  } finally {
    runner.free();
  }
}

/** Turns steps into frames, no more often than they can be drawn, and holds the attack where its pace says so. */
function frames(
  defence: Defence,
  { source }: LabTask,
  targets: Float32Array,
  { pace, signal, onFrame, frameEvery = FRAME_EVERY }: LabHooks,
): (views: readonly AttackView[]) => Promise<void> {
  let points: LabPoint[] = [];
  let step = 0;
  let shown = Number.NEGATIVE_INFINITY;
  let before: number | undefined;
  let duration = 0;
  return async ([view]) => {
    if (!view) return;
    const now = performance.now();
    if (before !== undefined) {
      const own = now - before;
      duration = duration === 0 ? own : (1 - NEWEST) * duration + NEWEST * own;
    }
    points.push({ ...defence.similarities(view.features, targets), step: step++, trial: view.trial });
    if (pace.held || view.over || now - shown >= frameEvery) {
      onFrame({
        points,
        image: view.image,
        size: perturbationSize(view.image, source),
        iteration: view.iteration,
        parameters: view.parameters,
        perSecond: duration > 0 ? 1000 / duration : 0,
      });
      points = [];
      shown = now;
    }
    await pace.wait(signal);
    // What a person takes to press a button, or to follow, is not the attack's time.
    before = performance.now();
  };
}
