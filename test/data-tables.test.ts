/** The plain parts beneath the readers: growing lists, tables of names, windows, lines. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { growingFloat64, growingInt32, growingUint32 } from '../src/data/growable.ts';
import { DataError, memorySource } from '../src/data/index.ts';
import { nameTable } from '../src/data/name-table.ts';
import { decodeText, readWhole, textLines } from '../src/data/read-whole.ts';
import { windowReader } from '../src/data/window.ts';

describe('growable lists', () => {
  it('hold what was pushed', () => {
    const lengths = fc.oneof(fc.nat(20), fc.constantFrom(1023, 1024, 1025, 5000));
    fc.assert(
      fc.property(lengths, fc.nat(), (length, seed) => {
        const values = Array.from({ length }, (_, i) => (seed + i * 7919) % 2 ** 31);
        for (const make of [growingInt32, growingUint32, growingFloat64]) {
          const list = make();
          for (const value of values) list.push(value);
          expect(list.length).toBe(length);
          expect(Array.from(list.finish())).toEqual(values);
          if (length > 0) expect(list.at(length - 1)).toBe(values[length - 1]);
        }
      }),
      { numRuns: 30, seed: 1 },
    );
  });
});

describe('nameTable', () => {
  it('gives every name back', () => {
    const name = fc.string({ unit: 'binary', maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(name, fc.constantFrom('', 'Zoë/1.jpg', '\uFEFFmark', 'x'.repeat(3000)))),
        (names) => {
          const table = nameTable(names.length, (i) => names[i]!);
          expect(table.length).toBe(names.length);
          expect(Array.from(names, (_, i) => table.at(i))).toEqual(names);
        },
      ),
      { seed: 2 },
    );
  });
});

describe('windowReader', () => {
  it('answers as the source does, with fewer reads', async () => {
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i * 31) % 256);
    const source = memorySource(bytes, 'bytes');
    const piece = fc.tuple(fc.nat(5100), fc.nat(300));
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 30 }),
        fc.integer({ min: 1, max: 600 }),
        async (pieces, window) => {
          const read = windowReader(source, window);
          for (const [offset, length] of pieces) {
            if (offset + length > bytes.length) {
              await expect(read(offset, length)).rejects.toBeInstanceOf(DataError);
            } else expect(await read(offset, length)).toEqual(bytes.slice(offset, offset + length));
          }
        },
      ),
      { seed: 3 },
    );
    let reads = 0;
    const counted = {
      ...source,
      read: (offset: number, length: number) => {
        reads++;
        return source.read(offset, length);
      },
    };
    const read = windowReader(counted, 1000);
    for (let at = 0; at < 5000; at += 20) await read(at, 20);
    expect(reads).toBe(5);
  });
});

describe('text', () => {
  it('is cut into numbered lines, whatever ends them', () => {
    expect(textLines('\uFEFFa\r\n\n b \rc\n', 'list')).toEqual([
      { text: 'a', number: 1 },
      { text: 'b', number: 3 },
      { text: 'c', number: 4 },
    ]);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '\n', '\r', '\t', 'é') }), (text) => {
        const expected = text.split(/\r\n|\n|\r/).flatMap((line, i) => {
          const trimmed = line.trim();
          return trimmed === '' ? [] : [{ text: trimmed, number: i + 1 }];
        });
        expect(textLines(text, 'list')).toEqual(expected);
      }),
      { numRuns: 500, seed: 4 },
    );
  });

  it('is refused where it is too long, or no text', async () => {
    expect(() => textLines('a\n'.repeat(1_000_001), 'list')).toThrow(/list: has more than 1000000 lines/);
    expect(() => decodeText(Uint8Array.of(0xff), 'list')).toThrow(/list: is not UTF-8/);
    await expect(readWhole(memorySource(new Uint8Array(9), 'list'), 8)).rejects.toThrow(
      /has 9 bytes; expected at most 8/,
    );
  });
});
