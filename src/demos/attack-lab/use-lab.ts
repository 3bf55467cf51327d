/** Ties the lab's state to its worker: opens networks, compares faces, runs attacks. */
import { proxy, type Remote, transfer } from 'comlink';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../data/errors.ts';
import type { NetworkManifest } from '../../models/network-manifest.ts';
import type { LinkState } from '../shared/engine-link.ts';
import { settingsOf } from './attacks.ts';
import type { FaceChoice } from './faces.ts';
import { cropPixels } from './own-picture.ts';
import { ATTACK_SEED } from './seed.ts';
import { STARTING_PAIR } from './starting-pair.ts';
import {
  initialState,
  isActive,
  type LabAction,
  type LabState,
  openSides,
  reduce,
  type SideState,
} from './state.ts';
import type { LabWorker, Side } from './worker.ts';

/** Both faces in the size of a side's network: height × width × 3 bytes. */
export interface FacePixels {
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  readonly size: readonly [number, number];
}

export interface Lab {
  readonly state: LabState;
  readonly dispatch: (action: LabAction) => void;
  /** Undefined until it is loaded. */
  readonly manifest: NetworkManifest | undefined;
  /** Why there are no shipped networks. */
  readonly problem: string | undefined;
  readonly pixels: Readonly<Record<Side, FacePixels | undefined>>;
  /** Starts the attack on every side; `held`, to go step by step. */
  readonly start: (held: boolean) => void;
  readonly hold: () => void;
  readonly go: () => void;
  readonly step: () => void;
  readonly reset: () => void;
  /** Sets how fast steps follow one another. */
  readonly pace: (interval: number) => void;
  /** Ends the search for a side's threshold. */
  readonly endSearch: (side: Side) => void;
}

/** Drawn faces are shown at this size until a network says what it takes. */
const USUAL_SIZE = [56, 56] as const;
/** Files of more than this are no face networks, and would fill the memory. */
const MOST_BYTES = 600 * 2 ** 20;
/** Where a search that was ended leaves the threshold. */
const USUAL_THRESHOLD = 0.4;

type Api = Remote<LabWorker>;

/** Milliseconds between pictures of a running attack: as smooth as can be drawn, or calm where less motion is wanted. */
function frameEvery(): number {
  return matchMedia('(prefers-reduced-motion: reduce)').matches ? 1000 : 1000 / 30;
}

/** The address of the shipped networks, as a worker needs it. */
function networksFolder(): string {
  return new URL('../networks/', document.baseURI).href;
}

export function useLab(engine: LinkState<LabWorker>): Lab {
  const [state, dispatch] = useReducer(reduce, undefined, () =>
    initialState(
      STARTING_PAIR,
      { kind: 'shipped', defence: 'single' },
      { kind: 'shipped', defence: 'diverse' },
    ),
  );
  const [manifest, setManifest] = useState<NetworkManifest>();
  const [problem, setProblem] = useState<string>();
  const api = engine.kind === 'ready' ? engine.api : undefined;
  // Frames and results of a run that was given up are not shown.
  const run = useRef(0);
  const held = useRef(false);

  useEffect(() => {
    run.current++;
    dispatch({ type: 'device' });
    if (!api) return undefined;
    let live = true;
    api.manifest(networksFolder()).then(
      (loaded) => live && setManifest(loaded),
      (error: unknown) => live && setProblem(messageOf(error)),
    );
    return () => {
      live = false;
    };
  }, [api]);

  const { a, b } = state.sides;
  const pixels = {
    a: useSide('a', a, state.faces, api, manifest, dispatch),
    b: useSide('b', b, state.faces, api, manifest, dispatch),
  };

  const start = (wantHeld: boolean) => {
    if (!api) return;
    const own = ++run.current;
    held.current = wantHeld;
    for (const side of openSides(state)) {
      const { threshold } = state.sides[side]!;
      const images = pixels[side];
      if (threshold === undefined || !images) continue;
      dispatch({ type: 'started', side });
      const { attack, values } = state;
      const { source, target } = images;
      const task = {
        attack,
        settings: settingsOf(attack, values),
        threshold,
        seed: ATTACK_SEED,
        source,
        target,
      };
      const current = () => run.current === own;
      api
        .attack(
          side,
          task,
          { held: wantHeld, interval: state.interval, frameEvery: frameEvery() },
          proxy((frame) => {
            if (current()) dispatch({ type: 'frame', side, frame, held: held.current });
          }),
        )
        .then(
          (outcome) => current() && dispatch({ type: 'done', side, outcome }),
          (error: unknown) => current() && dispatch({ type: 'failed', side, message: messageOf(error) }),
        );
    }
  };
  const everyActive = (act: (side: Side) => void) => {
    for (const side of openSides(state)) if (isActive(state.sides[side]!.run)) act(side);
  };
  return {
    state,
    dispatch,
    manifest,
    problem,
    pixels,
    start,
    hold() {
      held.current = true;
      everyActive((side) => {
        void api?.hold(side);
        dispatch({ type: 'held', side });
      });
    },
    go() {
      held.current = false;
      everyActive((side) => {
        void api?.go(side);
        dispatch({ type: 'resumed', side });
      });
    },
    step() {
      held.current = true;
      everyActive((side) => void api?.step(side));
    },
    reset() {
      run.current++;
      for (const side of openSides(state)) void api?.stop(side);
      dispatch({ type: 'reset' });
    },
    pace(interval) {
      dispatch({ type: 'interval', interval });
      for (const side of openSides(state)) void api?.slow(side, interval);
    },
    endSearch(side) {
      void api?.stop(side);
    },
  };
}

/** Keeps one side's network open and its faces compared; returns the faces in its size. */
function useSide(
  side: Side,
  state: SideState | undefined,
  faces: LabState['faces'],
  api: Api | undefined,
  manifest: NetworkManifest | undefined,
  dispatch: (action: LabAction) => void,
): FacePixels | undefined {
  const [pixels, setPixels] = useState<FacePixels>();
  const { choice, network, rule } = state ?? {};

  // Opens what is chosen, and closes what was.
  useEffect(() => {
    if (!api || !choice || !rule || (choice.kind === 'shipped' && !manifest)) return undefined;
    let live = true;
    const open = async () => {
      if (choice.kind === 'shipped') {
        const entry = manifest?.networks.find(({ defence }) => defence === choice.defence);
        if (!entry || !manifest)
          throw new Error(`there is no network called ${choice.defence} among those shipped`);
        const opened = await api.openShipped(side, `${networksFolder()}${entry.file}`, manifest.matching);
        if (live) dispatch({ type: 'opened', side, network: opened, threshold: entry.threshold });
        return;
      }
      checkSize(choice.files);
      const files = await Promise.all(
        choice.files.map(async (file) => ({
          label: file.name,
          bytes: new Uint8Array(await file.arrayBuffer()),
        })),
      );
      const buffers = files.map(({ bytes }) => bytes.buffer);
      const opened = await api.openFiles(side, transfer(files, buffers), rule);
      if (!live) return;
      dispatch({ type: 'opened', side, network: opened, threshold: undefined });
      const onProgress = proxy((share: number) => {
        if (live) dispatch({ type: 'searching', side, share });
      });
      const threshold = await api.threshold(side, 0.01, onProgress).catch((error: unknown) => {
        if (error instanceof Error && error.name === 'AbortError') return USUAL_THRESHOLD;
        throw error;
      });
      if (!live) return;
      dispatch({ type: 'searching', side, share: undefined });
      dispatch({ type: 'threshold', side, threshold });
    };
    open().catch((error: unknown) => {
      if (live) dispatch({ type: 'unopened', side, problem: messageOf(error) });
    });
    return () => {
      live = false;
    };
  }, [api, choice, rule, manifest, side, dispatch]);

  const there = state !== undefined;
  useEffect(() => {
    // It rejects where the side is opened again meanwhile.
    if (!there) api?.closeSide(side).catch(() => {});
  }, [api, there, side]);

  // Draws both faces in the network's size, and asks how like they are.
  useEffect(() => {
    if (!api || !there) return undefined;
    let live = true;
    const size = network?.inputSize ?? USUAL_SIZE;
    const draw = async () => {
      const [source, target] = await Promise.all([
        facePixels(api, faces.source, size),
        facePixels(api, faces.target, size),
      ]);
      if (!live) return;
      setPixels({ source, target, size });
      if (!network) return;
      const before = await api.compare(side, source, target);
      if (live) dispatch({ type: 'compared', side, before });
    };
    draw().catch((error: unknown) => {
      const ended = error instanceof Error && error.name === 'AbortError';
      if (live && !ended) dispatch({ type: 'unopened', side, problem: messageOf(error) });
    });
    return () => {
      live = false;
    };
  }, [api, network, faces, there, side, dispatch]);

  return pixels;
}

/** Throws where files are too large to be face networks, before they are read into memory. */
function checkSize(files: readonly File[]): void {
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes > MOST_BYTES) {
    throw new RangeError(
      `${files.map(({ name }) => name).join(', ')}: ${Math.round(bytes / 2 ** 20)} MiB; face networks have a few, and up to 600 are taken`,
    );
  }
}

/** A face in a network's size; of a drawn one the middle, where the network does not take squares. */
async function facePixels(
  api: Api,
  face: FaceChoice,
  [height, width]: readonly [number, number],
): Promise<Uint8Array> {
  if (face.kind === 'own') return cropPixels(face.picture, face.crop, [height, width]);
  return api.drawFace(face.person, face.shot, height, width);
}
