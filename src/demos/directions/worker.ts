/** The engine's side of the directions page: holds one training, and plays it at a pace that one can watch. */
import { transfer } from 'comlink';
import { EngineWorker, serve } from '../shared/engine-worker.ts';
import { portraits } from './faces.ts';
import type { DirectionsSettings, StepSettings } from './settings.ts';
import { DEFAULT_STEP } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import { DirectionsTraining } from './training.ts';

/** What the page learns of a training before its first step. */
export interface Prepared {
  /** A picture of each person, RGB bytes: [PEOPLE, FACE_SIZE, FACE_SIZE, 3]. */
  readonly portraits: Uint8Array;
  readonly snapshot: Snapshot;
}

export interface PlayOptions {
  /** Steps done at which it stops. */
  readonly until: number;
  /** Steps between two snapshots. */
  readonly every: number;
  /** Steps in a second, at most: a GPU would be over before one sees anything. */
  readonly pace: number;
}

export class DirectionsWorker extends EngineWorker {
  #training: DirectionsTraining | undefined;
  #settings: StepSettings = DEFAULT_STEP;
  /** Another number ends the play that is going on. */
  #play = 0;
  #playing: Promise<void> = Promise.resolve();
  /** One training at a time: the next is made when the last is gone. */
  #preparing: Promise<unknown> = Promise.resolve();

  /** Makes a new training, in place of the last one, whose memory is free then. */
  prepare(settings: DirectionsSettings): Promise<Prepared> {
    this.pause();
    const made = this.#preparing.then(() => this.#make(settings));
    this.#preparing = made.catch(() => undefined);
    return made;
  }

  async #make(settings: DirectionsSettings): Promise<Prepared> {
    await this.#playing.catch(() => undefined);
    this.#training?.free();
    this.#training = undefined;
    const training = await DirectionsTraining.create(this.engine, settings);
    this.#training = training;
    return { portraits: portraits(training.faces), snapshot: await training.look() };
  }

  /** Changes learning rate and λ from the next step on. */
  set(settings: StepSettings): void {
    this.#settings = settings;
  }

  /** Trains until `until` steps are done or `pause` is called. `onSnapshot` is waited for, so that a slow page slows the training. */
  play(options: PlayOptions, onSnapshot: (snapshot: Snapshot) => Promise<void>): Promise<void> {
    const turn = ++this.#play;
    this.#playing = this.#run(turn, options, onSnapshot);
    return this.#playing;
  }

  pause(): void {
    this.#play++;
  }

  async #run(
    turn: number,
    { until, every, pace }: PlayOptions,
    onSnapshot: (snapshot: Snapshot) => Promise<void>,
  ): Promise<void> {
    const training = this.#training;
    if (!training) throw new Error('DirectionsWorker: nothing to play; the page calls prepare() first');
    while (this.#play === turn && training.steps < until) {
      const start = performance.now();
      const steps = Math.min(every, until - training.steps);
      for (let i = 0; i < steps; i++) training.step(this.#settings);
      const snapshot = await training.look();
      if (this.#play !== turn) return;
      const arrays = snapshot.panels.flatMap(({ features, weights }) => [features.buffer, weights.buffer]);
      await onSnapshot(transfer(snapshot, arrays));
      const rest = (1000 * steps) / pace - (performance.now() - start);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }
}

serve(new DirectionsWorker());
