/** The lab's engine: networks, faces and attacks, for one side or two. */
import '../shared/zod-without-eval.ts';
import { transfer } from 'comlink';
import { drawFace } from '../../data/synthetic/index.ts';
import type { MatchingRule } from '../../evaluation/index.ts';
import type { FaceNetwork } from '../../models/face-network.ts';
import { foldedNetwork } from '../../models/folded-network.ts';
import { MANIFEST_FILE, type NetworkManifest, parseNetworkManifest } from '../../models/network-manifest.ts';
import type { NetworkFile } from '../../models/open-network.ts';
import { readWeights } from '../../models/pretrained.ts';
import { EngineWorker, serve } from '../shared/engine-worker.ts';
import { Defence, type Similarities, thresholdAmong } from './defence.ts';
import { FIRST_PERSON, PEOPLE, SEED } from './faces.ts';
import { Pace } from './pace.ts';
import { unit } from './perturbation.ts';
import { type LabFrame, type LabOutcome, type LabTask, runLabAttack } from './run.ts';

/** The page shows one defence, or two beside each other. */
export type Side = 'a' | 'b';

/** What the page needs to know of an open network. */
export interface OpenedNetwork {
  readonly description: string;
  readonly members: number;
  readonly embeddingSize: number;
  /** [height, width] */
  readonly inputSize: readonly [number, number];
}

export interface PaceOptions {
  /** Start held, to go step by step. */
  readonly held: boolean;
  /** Milliseconds from one step to the next at least. */
  readonly interval: number;
  /** Milliseconds from one frame to the next. */
  readonly frameEvery: number;
}

interface Place {
  defence: Defence | undefined;
  readonly pace: Pace;
  /** Ends what runs on this side. */
  stop: AbortController;
  /** Tasks of a side come one after another. */
  queue: Promise<unknown>;
}

function newPlace(): Place {
  return { defence: undefined, pace: new Pace(), stop: new AbortController(), queue: Promise.resolve() };
}

export class LabWorker extends EngineWorker {
  readonly #places: Record<Side, Place> = { a: newPlace(), b: newPlace() };

  /** What networks are shipped in the folder at this address, which ends in a slash. */
  async manifest(folder: string): Promise<NetworkManifest> {
    const response = await fetchFile(new URL(MANIFEST_FILE, folder));
    return parseNetworkManifest(await response.text());
  }

  /** Opens a shipped network, in place of what the side had. */
  openShipped(side: Side, address: string, rule: MatchingRule): Promise<OpenedNetwork> {
    return this.#open(side, rule, async () => {
      const response = await fetchFile(new URL(address));
      const label = address.slice(address.lastIndexOf('/') + 1);
      return foldedNetwork(readWeights(new Uint8Array(await response.arrayBuffer()), label), label);
    });
  }

  /** Opens files of weights, several as one ensemble, in place of what the side had. */
  openFiles(side: Side, files: readonly NetworkFile[], rule: MatchingRule): Promise<OpenedNetwork> {
    return this.#open(side, rule, async () => {
      // With all that reads ONNX, which the page does not need before somebody has such a file.
      const { openNetwork } = await import('../../models/open-network.ts');
      return openNetwork(files);
    });
  }

  /** Frees what the side has. */
  closeSide(side: Side): Promise<void> {
    this.stop(side);
    return this.#next(side, async (place) => {
      await place.defence?.free();
      place.defence = undefined;
    });
  }

  /** A drawn face, height × width × 3 bytes: the middle of it where these differ. */
  drawFace(person: number, shot: number, height: number, width: number): Uint8Array {
    const face = faceBytes(person, shot, height, width);
    return transfer(face, [face.buffer]);
  }

  /** How like two faces are to the side's defence; bytes of its size. */
  compare(side: Side, one: Uint8Array, other: Uint8Array): Promise<Similarities> {
    return this.#next(side, async (place) => {
      const defence = opened(place);
      const first = await defence.features(unit(one));
      return defence.similarities(first, await defence.features(unit(other)));
    });
  }

  /** The threshold at which the side's defence takes a share `far` of drawn strangers for one another. */
  threshold(side: Side, far: number, onProgress: (share: number) => void): Promise<number> {
    return this.#next(side, (place, signal) => {
      const defence = opened(place);
      const [height, width] = defence.network.inputSize;
      async function* strangers(): AsyncGenerator<Float32Array> {
        for (let person = 0; person < PEOPLE; person++) {
          onProgress(person / PEOPLE);
          yield unit(faceBytes(person, 0, height, width));
        }
      }
      return thresholdAmong(defence, strangers(), far, signal);
    });
  }

  /** Attacks. Rejects when the side is stopped. */
  attack(
    side: Side,
    task: Omit<LabTask, 'source' | 'target'> & { readonly source: Uint8Array; readonly target: Uint8Array },
    { held, interval, frameEvery }: PaceOptions,
    onFrame: (frame: LabFrame) => void,
  ): Promise<LabOutcome> {
    return this.#next(side, (place, signal) => {
      const { pace } = place;
      pace.interval = interval;
      if (held) pace.hold();
      else pace.run();
      const images = { source: unit(task.source), target: unit(task.target) };
      const hooks = { pace, signal, onFrame, frameEvery };
      return runLabAttack(this.engine, opened(place), { ...task, ...images }, hooks);
    });
  }

  /** Milliseconds from one step to the next at least, from now on. */
  slow(side: Side, interval: number): void {
    this.#places[side].pace.interval = interval;
  }

  hold(side: Side): void {
    this.#places[side].pace.hold();
  }

  go(side: Side): void {
    this.#places[side].pace.run();
  }

  step(side: Side): void {
    this.#places[side].pace.step();
  }

  /** Ends what runs on a side, and what waits. */
  stop(side: Side): void {
    const place = this.#places[side];
    place.stop.abort(new DOMException('stopped', 'AbortError'));
    place.stop = new AbortController();
  }

  #open(side: Side, rule: MatchingRule, read: () => Promise<FaceNetwork>): Promise<OpenedNetwork> {
    this.stop(side);
    return this.#next(side, async (place) => {
      await place.defence?.free();
      place.defence = undefined;
      const network = await read();
      place.defence = new Defence(this.engine, network, rule);
      const { description, members, embeddingSize, inputSize } = network;
      return { description, members, embeddingSize, inputSize };
    });
  }

  /** Runs a task when those before it are done, unless the side is stopped before. */
  #next<T>(side: Side, task: (place: Place, signal: AbortSignal) => Promise<T>): Promise<T> {
    const place = this.#places[side];
    const { signal } = place.stop;
    const result = place.queue.then(() => {
      signal.throwIfAborted();
      return task(place, signal);
    });
    place.queue = result.catch(() => undefined);
    return result;
  }
}

function opened({ defence }: Place): Defence {
  if (!defence) throw new Error('no network is open on this side; choose one');
  return defence;
}

/** A drawn face, the middle of it where the network does not take squares. */
function faceBytes(person: number, shot: number, height: number, width: number): Uint8Array {
  const side = Math.max(height, width);
  const face = drawFace({ seed: SEED, identity: FIRST_PERSON + person, shot, size: side });
  if (height === width) return face;
  const [top, left] = [Math.floor((side - height) / 2), Math.floor((side - width) / 2)];
  const part = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * side + left) * 3;
    part.set(face.subarray(from, from + width * 3), y * width * 3);
  }
  return part;
}

async function fetchFile(address: URL): Promise<Response> {
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`${address.href} could not be loaded: the server answered ${response.status}`);
  }
  return response;
}

serve(new LabWorker());
