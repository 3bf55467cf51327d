/**
 * Checkpoints: everything that training needs to go on as if it had never stopped, as safetensors bytes. Device-free
 * and file-free: the engine reads and writes parameters, the platform reads and writes files.
 *
 * A tensor is called `set/path`, such as `network/blocks.3.depthwise.weight`; step, random state and config are text in
 * the metadata.
 */
import type { ParameterSet } from '../engine/index.ts';
import { type ExpectedTensor, matchTensors } from './match-tensors.ts';
import { readSafetensors, SafetensorsError, writeSafetensors } from './safetensors.ts';

/** Values by path. */
export type ParameterValues = ReadonlyMap<string, Float32Array>;

/** The counter-based random numbers' whole state. */
export interface RandomState {
  readonly seed: number;
  readonly step: number;
}

export interface Checkpoint {
  /** Values of each set, by the set's name: parameters, running statistics, optimiser state alike. */
  readonly values: ReadonlyMap<string, ParameterValues>;
  /** Optimiser steps taken. */
  readonly step: number;
  readonly random: RandomState;
  /** What the run was asked to do; JSON. */
  readonly config: unknown;
}

const FORMAT = 'facet.checkpoint';
const VERSION = '1';

/**
 * The bytes of a checkpoint; the same checkpoint gives the same bytes. `sets` says the shapes; every set needs its values.
 * Throws a SafetensorsError where values are missing or do not fit.
 */
export function writeCheckpoint(sets: readonly ParameterSet[], checkpoint: Checkpoint): Uint8Array {
  const tensors = sets.flatMap((set) => {
    const values = checkpoint.values.get(set.name);
    return set.layout.map(({ path, shape }) => {
      const name = `${set.name}/${path}`;
      const data = values?.get(path);
      if (!data) throw new SafetensorsError(`checkpoint: no values for ${name}; give all sets' values`, name);
      return { name, shape, data };
    });
  });
  const metadata = {
    format: FORMAT,
    version: VERSION,
    step: String(checkpoint.step),
    random: JSON.stringify(checkpoint.random),
    config: JSON.stringify(checkpoint.config ?? null),
  };
  return writeSafetensors(tensors, { metadata });
}

/**
 * Reads a checkpoint whose tensors are exactly those of `sets`. `label` is for messages, usually the file's name.
 * Throws one SafetensorsError that lists everything missing, extra or of another shape or type.
 */
export function readCheckpoint(
  bytes: Uint8Array,
  sets: readonly ParameterSet[],
  label = 'checkpoint',
): Checkpoint {
  return read(bytes, sets, label, () => false);
}

/**
 * Reads only `sets` out of a checkpoint that may hold more: a trained network without its optimiser, say.
 * Throws as `readCheckpoint` does, except for tensors that are extra.
 */
export function readCheckpointSets(
  bytes: Uint8Array,
  sets: readonly ParameterSet[],
  label = 'checkpoint',
): Checkpoint {
  const names = new Set(sets.map((set) => set.name));
  return read(bytes, sets, label, (name) => !names.has(name.slice(0, name.indexOf('/'))));
}

/** A checkpoint's config alone, to learn which networks to build before reading their tensors. */
export function readCheckpointConfig(bytes: Uint8Array, label = 'checkpoint'): unknown {
  return parse(checkedMetadata(readSafetensors(bytes, label).metadata, label), 'config', label);
}

function read(
  bytes: Uint8Array,
  sets: readonly ParameterSet[],
  label: string,
  ignore: (name: string) => boolean,
): Checkpoint {
  const file = readSafetensors(bytes, label);
  const metadata = checkedMetadata(file.metadata, label);
  const expected = sets.flatMap((set): ExpectedTensor[] =>
    set.layout.map(({ path, shape }) => ({ name: `${set.name}/${path}`, shape })),
  );
  const matched = matchTensors(expected, file, { ignore, label });
  const values = new Map(
    sets.map((set) => [
      set.name,
      new Map(set.paths.map((path) => [path, matched.get(`${set.name}/${path}`)!])),
    ]),
  );
  const step = parse(metadata, 'step', label);
  const random = parse(metadata, 'random', label);
  if (!isCount(step) || !isRandomState(random)) {
    throw new SafetensorsError(
      `${label}: step must be a whole number and random { seed, step }; got ${metadata.get('step')} and ${metadata.get('random')}`,
    );
  }
  return { values, step, random, config: parse(metadata, 'config', label) };
}

function checkedMetadata(metadata: ReadonlyMap<string, string>, label: string): ReadonlyMap<string, string> {
  const [format, version] = [metadata.get('format'), metadata.get('version')];
  if (format !== FORMAT || version !== VERSION) {
    throw new SafetensorsError(
      `${label}: expected a checkpoint (${FORMAT}, version ${VERSION}), got ${format ?? 'no format'}, version ${version ?? 'none'}. ` +
        "Weights from elsewhere are loaded by their own names, not as a checkpoint; another version needs that version's facet",
    );
  }
  return metadata;
}

function parse(metadata: ReadonlyMap<string, string>, key: string, label: string): unknown {
  const text = metadata.get(key);
  try {
    if (text === undefined) throw new SyntaxError('it is missing');
    return JSON.parse(text);
  } catch (cause) {
    throw new SafetensorsError(`${label}: the metadata's ${key} is not JSON: ${String(cause)}`, undefined, {
      cause,
    });
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isRandomState(value: unknown): value is RandomState {
  const state = value as Partial<RandomState> | null;
  return typeof state === 'object' && state !== null && isCount(state.seed) && isCount(state.step);
}
