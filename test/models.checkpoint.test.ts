import { describe, expect, it } from 'vitest';
import { ParameterSet } from '../src/engine/index.ts';
import {
  type Checkpoint,
  readCheckpoint,
  readCheckpointConfig,
  readCheckpointSets,
  writeCheckpoint,
} from '../src/models/checkpoint.ts';
import { writeSafetensors } from '../src/models/safetensors.ts';
import { normals } from './support/float64.ts';

const set = (name: string, shapes: Record<string, readonly number[]>) =>
  new ParameterSet(
    name,
    Object.entries(shapes).map(([path, shape]) => ({
      path,
      shape,
      initial: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    })),
  );
const network = set('network', { 'stem.weight': [2, 3, 3], 'stem.norm.gamma': [2, 4] });
const momentum = set('network.momentum', { 'stem.weight': [2, 3, 3], 'stem.norm.gamma': [2, 4] });

const odd = Float32Array.of(-0, 1e-45, 3.4e38, Number.POSITIVE_INFINITY, 0.1, -1e-30, 1, 2);
const checkpoint: Checkpoint = {
  values: new Map([
    [
      'network',
      new Map([
        ['stem.weight', normals(18, 1)],
        ['stem.norm.gamma', odd],
      ]),
    ],
    [
      'network.momentum',
      new Map([
        ['stem.weight', normals(18, 2)],
        ['stem.norm.gamma', normals(8, 3)],
      ]),
    ],
  ]),
  step: 1234,
  random: { seed: 4_294_967_295, step: 1234 },
  config: { defence: 'diverse', diversity: 1, note: 'γ ≠ 1' },
};

describe('checkpoints', () => {
  it('come back bit for bit, and the same checkpoint gives the same bytes', () => {
    const bytes = writeCheckpoint([network, momentum], checkpoint);
    const back = readCheckpoint(bytes, [momentum, network]);
    for (const [name, values] of checkpoint.values) {
      for (const [path, data] of values) {
        expect(new Uint32Array(back.values.get(name)!.get(path)!.buffer)).toEqual(
          new Uint32Array(data.slice().buffer),
        );
      }
    }
    const { values: _, ...rest } = back;
    expect(rest).toEqual({ step: 1234, random: checkpoint.random, config: checkpoint.config });
    expect(writeCheckpoint([network, momentum], back)).toEqual(bytes);
    expect(readCheckpointConfig(bytes)).toEqual(checkpoint.config);
  });

  it('give a network without its optimiser, if asked for that only', () => {
    const bytes = writeCheckpoint([network, momentum], checkpoint);
    expect([...readCheckpointSets(bytes, [network]).values.keys()]).toEqual(['network']);
    expect(() => readCheckpoint(bytes, [network])).toThrow(/extra \(2\)[\s\S]*network\.momentum\/stem/);
  });

  it('say in one error everything that does not fit', () => {
    const bytes = writeCheckpoint([network], checkpoint);
    const wider = set('network', { 'stem.weight': [2, 3, 4], 'blocks.0.expand.weight': [1] });
    expect(() => readCheckpoint(bytes, [wider], 'run/single.safetensors')).toThrow(
      /run\/single\.safetensors[\s\S]*missing \(1\)[\s\S]*blocks\.0\.expand\.weight[\s\S]*expected \[2,3,4\], got \[2,3,3\][\s\S]*extra \(1\)[\s\S]*gamma/,
    );
  });

  it('refuse foreign files, versions and values that are not there', () => {
    expect(() => readCheckpoint(writeSafetensors([]), [network])).toThrow(/expected a checkpoint/);
    const metadata = { format: 'facet.checkpoint', version: '99' };
    expect(() => readCheckpoint(writeSafetensors([], { metadata }), [network])).toThrow(/version 99/);
    const unstepped = { ...metadata, version: '1', step: '-1', random: '{}', config: 'null' };
    expect(() => readCheckpoint(writeSafetensors([], { metadata: unstepped }), [])).toThrow(/step must be/);
    const without = { ...checkpoint, values: new Map() };
    expect(() => writeCheckpoint([network], without)).toThrow(/no values for network\/stem\.weight/);
  });
});
