/** Every reader meets damaged files with errors of its own kind; `npm run fuzz` does the same for longer. */
import { describe, expect, it } from 'vitest';
import { DataError } from '../src/data/index.ts';
import { type FuzzFormat, fuzz, fuzzInput } from './support/data-fuzz.ts';
import { FUZZ_FORMATS } from './support/data-fuzz-formats.ts';

describe.each(FUZZ_FORMATS)('$name', (format) => {
  it('never ends otherwise than it should', async () => {
    const tally = await fuzz(format, { seed: 7, count: format.testCount });
    expect(tally.failures.map(({ index, reason }) => `input ${index}: ${reason}`)).toEqual([]);
    expect(tally.inputs).toBe(format.testCount);
    // Damage that is all refused at the door, or never noticed, tests little.
    expect(tally.refused).toBeGreaterThan(format.testCount / 20);
    expect(tally.accepted).toBeGreaterThan(0);
  });
});

describe('the harness', () => {
  const row = (read: FuzzFormat['read']): FuzzFormat => ({
    name: 'test',
    count: 50,
    testCount: 50,
    seeds: () => [new TextEncoder().encode('a well-formed file, 12 bytes 34')],
    read,
    expects: (error) => error instanceof DataError,
    memory: () => 1000,
  });

  it('counts what is read and what is refused, and nothing else', async () => {
    const format = row((input) => {
      if (input.length < 31) throw new DataError('short');
    });
    const { inputs, accepted, refused, failures } = await fuzz(format, { seed: 1, count: 200 });
    expect(inputs).toBe(200);
    expect(accepted + refused).toBe(200);
    expect(Math.min(accepted, refused)).toBeGreaterThan(20);
    expect(failures).toEqual([]);
  });

  it('finds other errors, and memory beyond what is allowed, and gives the input again', async () => {
    const well = 'a well-formed file, 12 bytes 34';
    const broken = (input: Uint8Array) => new TextDecoder().decode(input) !== well;
    const crash = await fuzz(
      row((input) => {
        if (broken(input)) throw new TypeError('of undefined');
      }),
      { seed: 2, count: 100 },
    );
    expect(crash.failures).toHaveLength(10);
    expect(crash.failures[0]!.reason).toContain('of undefined');
    const { index, input } = crash.failures[3]!;
    const format = row(() => {});
    expect(fuzzInput(format, await format.seeds(), 2, index)).toEqual(input);

    const greedy = await fuzz(
      row((bytes) => {
        if (broken(bytes)) new Uint32Array(1000).fill(1);
      }),
      { seed: 2, count: 100 },
    );
    expect(greedy.failures[0]!.reason).toBe('asked for 4000 bytes of memory; at most 1000 are allowed');
    expect(greedy.mostBytes).toBe(4000);
    expect(new Uint8Array(3)).toBeInstanceOf(Uint8Array);
  });

  it('refuses to run where a well-formed file is refused', async () => {
    const format = row(() => {
      throw new DataError('no');
    });
    await expect(fuzz(format, { seed: 1, count: 1 })).rejects.toThrow(
      /seed 0 of test is refused: DataError: no/,
    );
  });
});
