import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateKey } from '../src/models/json-keys.ts';
import { matchTensors } from '../src/models/match-tensors.ts';
import {
  readSafetensors,
  type SafetensorsData,
  SafetensorsError,
  type WritableTensor,
  writeSafetensors,
} from '../src/models/safetensors.ts';
import { realData } from './support/data-fixtures.ts';

/** A file from its header's text and its data: independent of the writer. */
function file(header: string | Uint8Array, data: readonly number[] | Uint8Array = [], headerLength?: number) {
  const text = Buffer.from(header as string);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerLength ?? text.length));
  return Uint8Array.from(Buffer.concat([length, text, Buffer.from(data)]));
}

function one(entry: string, data: number[] = [0, 0, 0, 0]): Uint8Array {
  return file(`{"w":${entry}}`, data);
}

const F32 = (begin: number, end: number, shape = `[${(end - begin) / 4}]`) =>
  `{"dtype":"F32","shape":${shape},"data_offsets":[${begin},${end}]}`;

const WRONG: [string, Uint8Array, RegExp, string?][] = [
  ['nothing', new Uint8Array(0), /0 bytes are no safetensors/],
  ['a header longer than the file', file('{}', [], 9), /header should have 9 bytes.*10 in all/],
  ['a forged header length', file('{}', [], 2 ** 40), /at most 100000000/],
  ['a header that is not UTF-8', file(Uint8Array.of(0x7b, 0xff, 0x7d)), /not UTF-8/],
  ['a byte order mark', file('\uFEFF{}'), /not JSON/],
  ['a header that is not JSON', file('{"w":'), /not JSON/],
  ['a list for a header', file('[]'), /JSON object/],
  ['a header that begins with a blank', file(' {}'), /begins with \{/],
  ['a key twice', file(`{"w":${F32(0, 4)},"w":${F32(0, 4)}}`, [0, 0, 0, 0]), /key w twice/, 'w'],
  [
    'a key twice, once escaped',
    file(`{"w":${F32(0, 4)},"\\u0077":${F32(0, 4)}}`, [0, 0, 0, 0]),
    /key w twice/,
    'w',
  ],
  [
    'a field twice',
    one('{"dtype":"F32","dtype":"I32","shape":[1],"data_offsets":[0,4]}'),
    /key dtype twice/,
    'dtype',
  ],
  ['metadata that is no object', file('{"__metadata__":[]}'), /object of strings/],
  [
    'metadata that is no text',
    file('{"__metadata__":{"a":1}}'),
    /__metadata__ a must be a string, got number/,
  ],
  ['an entry that is no object', one('3'), /w: expected an object/, 'w'],
  [
    'an unknown dtype',
    one('{"dtype":"F12","shape":[1],"data_offsets":[0,4]}'),
    /w: dtype must be.*"F12"/,
    'w',
  ],
  [
    'a dtype out of Object',
    one('{"dtype":"toString","shape":[1],"data_offsets":[0,4]}'),
    /w: dtype must be/,
    'w',
  ],
  ['no shape', one('{"dtype":"F32","data_offsets":[0,4]}'), /w: shape must be/, 'w'],
  ['a negative size', one('{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}'), /w: shape must be/, 'w'],
  ['a broken size', one('{"dtype":"F32","shape":[0.5],"data_offsets":[0,4]}'), /w: shape must be/, 'w'],
  [
    'too many elements',
    one('{"dtype":"F32","shape":[9007199254740991,9],"data_offsets":[0,4]}'),
    /w: .*be counted/,
    'w',
  ],
  [
    'three offsets',
    one('{"dtype":"F32","shape":[1],"data_offsets":[0,2,4]}'),
    /w: data_offsets must be/,
    'w',
  ],
  [
    'an unknown field',
    one('{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}'),
    /w: has an unknown field x/,
    'w',
  ],
  [
    'offsets backwards',
    one('{"dtype":"F32","shape":[1],"data_offsets":[4,0]}'),
    /w: F32 \[1\] takes 4 bytes.*give -4/,
    'w',
  ],
  ['a shape that does not fit', one(F32(0, 4, '[2]')), /w: F32 \[2\] takes 8 bytes.*give 4/, 'w'],
  ['offsets past the end', one(F32(0, 8)), /w: data_offsets \[0, 8\] go past the 4 bytes/, 'w'],
  [
    'an overlap',
    file(`{"v":${F32(0, 8)},"w":${F32(4, 12)}}`, new Array(12).fill(0)),
    /w: .*overlap v, which ends at 8/,
    'w',
  ],
  [
    'a gap',
    file(`{"v":${F32(0, 4)},"w":${F32(8, 12)}}`, new Array(12).fill(0)),
    /w: .*leave a gap after v/,
    'w',
  ],
  ['a gap at the start', one(F32(4, 8), new Array(8).fill(0)), /w: .*leave a gap after the header/, 'w'],
  ['a rest', one(F32(0, 4), new Array(7).fill(0)), /3 bytes after w belong to no tensor/],
  ['a BOOL of 2', one('{"dtype":"BOOL","shape":[1],"data_offsets":[0,1]}', [2]), /w: a BOOL is 0 or 1/, 'w'],
];

describe('readSafetensors', () => {
  it.each(WRONG)('refuses %s', (_, bytes, message, tensor) => {
    let thrown: unknown;
    try {
      readSafetensors(bytes, 'bad.safetensors');
    } catch (caught) {
      thrown = caught;
    }
    expect(thrown).toBeInstanceOf(SafetensorsError);
    const { message: text, tensor: named } = thrown as SafetensorsError;
    expect(text).toMatch(message);
    expect(text).toMatch(/^bad\.safetensors: /);
    expect(named).toBe(tensor);
  });

  it('reads golden bytes, at any alignment', () => {
    const golden = file(
      '{"__metadata__":{"format":"pt"},"b":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]},' +
        '"w":{"dtype":"F32","shape":[1,2],"data_offsets":[1,9]},"n":{"dtype":"I64","shape":[1],"data_offsets":[9,17]},' +
        '"none":{"dtype":"F32","shape":[0,7],"data_offsets":[17,17]},"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[17,18]}}  ',
      [1, 0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc1, 0xfe, 255, 255, 255, 255, 255, 255, 255, 7],
    );
    const shifted = new Uint8Array(golden.length + 3);
    shifted.set(golden, 3);
    for (const bytes of [golden, shifted.subarray(3)]) {
      const { tensors, metadata } = readSafetensors(bytes);
      expect([...metadata]).toEqual([['format', 'pt']]);
      expect([...tensors.values()].map(({ name, shape, data }) => [name, shape, data])).toEqual([
        ['b', [], Uint8Array.of(1)],
        ['w', [1, 2], Float32Array.of(1, -10)],
        ['n', [1], BigInt64Array.of(-2n)],
        ['none', [0, 7], new Float32Array(0)],
        ['__proto__', [1], Uint8Array.of(7)],
      ]);
    }
  });

  it.each([
    ['F16', [0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x8000, 0x7c00, 0xfc00, 0x7e00]],
    ['BF16', [0x3f80, 0xc000, 0x7f7f, 0x0001, 0x8000, 0x7f80, 0xff80, 0x7fc0]],
  ])('widens %s exactly', (dtype, bits) => {
    const data = bits.flatMap((b) => [b & 255, b >> 8]);
    const bytes = one(
      `{"dtype":"${dtype}","shape":[${bits.length}],"data_offsets":[0,${data.length}]}`,
      data,
    );
    const values =
      dtype === 'F16'
        ? [1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, -0, Infinity, -Infinity, Number.NaN]
        : [1, -2, 3.3895313892515355e38, 2 ** -133, -0, Infinity, -Infinity, Number.NaN];
    expect([...readSafetensors(bytes).tensors.get('w')!.data]).toEqual(values);
  });

  describe('F16 written', () => {
    const halves = (...values: number[]): number[] => {
      const bytes = writeSafetensors([
        { name: 'w', shape: [values.length], data: Float32Array.from(values), half: true },
      ]);
      const payload = bytes.slice(bytes.length - 2 * values.length);
      return [...new Uint16Array(payload.buffer)];
    };

    it('gives every half back as it was', () => {
      const all = Array.from({ length: 0x10000 }, (_, bits) => bits).filter(
        // Of NaN there is one.
        (bits) => (bits & 0x7c00) !== 0x7c00 || (bits & 0x3ff) === 0,
      );
      const data = all.flatMap((b) => [b & 255, b >> 8]);
      const read = readSafetensors(
        one(`{"dtype":"F16","shape":[${all.length}],"data_offsets":[0,${data.length}]}`, data),
      );
      expect(halves(...(read.tensors.get('w')!.data as Float32Array))).toEqual(all);
    });

    it('rounds to the nearest, of two as near to the even one', () => {
      expect(
        halves(1 + 2 ** -11, 1 + 3 * 2 ** -11, 1 + 2 ** -11 + 2 ** -20, -(2 ** -25), 3 * 2 ** -25),
      ).toEqual([0x3c00, 0x3c02, 0x3c01, 0x8000, 0x0002]);
      // The greatest below a power of two is carried into it; NaN stays one.
      expect(halves(2 - 2 ** -23, 65519, Number.NaN)).toEqual([0x4000, 0x7bff, 0x7e00]);
    });

    it('refuses what no half can hold', () => {
      expect(() => halves(65520)).toThrow(/w: 65520 is beyond what F16 holds \(65504\); write it as F32/);
      expect(() => writeSafetensors([{ name: 'n', shape: [1], data: Int32Array.of(1), half: true }])).toThrow(
        /n: F16 takes a Float32Array/,
      );
    });
  });

  it('takes empty tensors wherever the header lists them', () => {
    const bytes = file(`{"w":${F32(0, 4)},"start":${F32(0, 0)},"end":${F32(4, 4)}}`, [0, 0, 0, 0]);
    expect([...readSafetensors(bytes).tensors.keys()]).toEqual(['start', 'w', 'end']);
  });

  it('meets deep nesting and long text without a crash', () => {
    const deep = file(`{"w":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
    expect(() => readSafetensors(deep)).toThrow(SafetensorsError);
    const long = file(`{"__metadata__":{"a":"${'x\\n'.repeat(300_000)}"}}`);
    expect(readSafetensors(long).metadata.get('a')).toHaveLength(600_000);
  });
});

const DATA: fc.Arbitrary<SafetensorsData> = fc.oneof(
  fc.float32Array({ maxLength: 12 }),
  fc.float64Array({ maxLength: 6 }),
  fc.int8Array({ maxLength: 9 }),
  fc.uint8Array({ maxLength: 9 }),
  fc.int16Array({ maxLength: 9 }),
  fc.uint16Array({ maxLength: 9 }),
  fc.int32Array({ maxLength: 9 }),
  fc.uint32Array({ maxLength: 9 }),
  fc.bigInt64Array({ maxLength: 5 }),
  fc.bigUint64Array({ maxLength: 5 }),
);
const TENSORS: fc.Arbitrary<WritableTensor[]> = fc.uniqueArray(
  fc.record({ name: fc.string({ unit: 'grapheme' }).filter((n) => n !== '__metadata__'), data: DATA }).map(
    ({ name, data }): WritableTensor => ({
      name,
      data,
      shape: data.length % 2 ? [data.length, 1] : [2, data.length / 2],
    }),
  ),
  { selector: (t) => t.name, maxLength: 8 },
);

describe('writeSafetensors', () => {
  it('writes golden bytes', () => {
    const written = writeSafetensors(
      [
        { name: 'w', shape: [2], data: Float32Array.of(1, -10) },
        { name: 'b', shape: [], data: Uint8Array.of(1), bool: true },
      ],
      { metadata: { z: '1', a: 'é' } },
    );
    const header =
      '{"__metadata__":{"a":"é","z":"1"},"b":{"dtype":"BOOL","shape":[],"data_offsets":[0,1]},' +
      '"w":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}';
    const padded = header + ' '.repeat((8 - (Buffer.byteLength(header) % 8)) % 8);
    expect(written).toEqual(file(padded, [1, 0, 0, 0x80, 0x3f, 0, 0, 0x20, 0xc1]));
  });

  it('comes back as it went, in either order, with the same bytes each time', () => {
    fc.assert(
      fc.property(
        TENSORS,
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' })),
        fc.constantFrom('name' as const, 'given' as const),
        (tensors, metadata, order) => {
          const bytes = writeSafetensors(tensors, { metadata, order });
          expect(Number(new DataView(bytes.buffer).getBigUint64(0, true)) % 8).toBe(0);
          const back = readSafetensors(bytes);
          expect(new Map(back.metadata)).toEqual(new Map(Object.entries(metadata)));
          expect(back.tensors.size).toBe(tensors.length);
          for (const { name, shape, data } of tensors) {
            const read = back.tensors.get(name)!;
            expect(read.shape).toEqual(shape);
            expect(read.data.constructor).toBe(data.constructor);
            // Bytes, since a NaN must keep its payload.
            expect(bytesOf(read.data)).toEqual(bytesOf(data));
          }
          if (order === 'name') expect(writeSafetensors(tensors.toReversed(), { metadata })).toEqual(bytes);
        },
      ),
      { numRuns: 400, seed: 11 },
    );
  });

  it('keeps the order it is given', () => {
    const tensors = ['b', 'a'].map((name) => ({ name, shape: [1], data: new Float32Array(1) }));
    expect([...readSafetensors(writeSafetensors(tensors, { order: 'given' })).tensors.keys()]).toEqual([
      'b',
      'a',
    ]);
    expect([...readSafetensors(writeSafetensors(tensors)).tensors.keys()]).toEqual(['a', 'b']);
  });

  it('refuses what it could not read back', () => {
    const w = { name: 'w', shape: [1], data: new Float32Array(1) };
    expect(() => writeSafetensors([w, w])).toThrow(/w: is given twice/);
    expect(() => writeSafetensors([{ ...w, name: '__metadata__' }])).toThrow(/reserved/);
    expect(() => writeSafetensors([{ ...w, shape: [2] }])).toThrow(/shape \[2\] does not fit 1 values/);
    expect(() => writeSafetensors([{ ...w, name: '\ud800' }])).toThrow(/not well-formed/);
    expect(() => writeSafetensors([w], { metadata: { a: '\udfff' } })).toThrow(/not well-formed/);
    expect(() => writeSafetensors([{ ...w, bool: true }])).toThrow(/BOOL takes/);
  });
});

describe('a damaged file', () => {
  it('is a SafetensorsError or another valid file, and never anything else', () => {
    const good = writeSafetensors(
      [
        { name: 'a', shape: [2, 3], data: new Float32Array(6) },
        { name: 'b', shape: [], data: Int32Array.of(5) },
        { name: 'c', shape: [3], data: Uint8Array.of(0, 1, 1), bool: true },
      ],
      { metadata: { kind: 'test' } },
    );
    // Bytes that mean something in JSON find more than bytes drawn evenly.
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('{}[]",:\\0123456789-.eE ')));
    const edit = fc.record({
      at: fc.nat(good.length - 1),
      byte,
      kind: fc.constantFrom('set', 'insert', 'remove'),
    });
    fc.assert(
      fc.property(
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        fc.option(fc.nat(good.length)),
        (edits, cut) => {
          const bytes = [...good];
          for (const { at, byte: value, kind } of edits)
            bytes.splice(at, kind === 'insert' ? 0 : 1, ...(kind === 'remove' ? [] : [value]));
          try {
            const { tensors } = readSafetensors(Uint8Array.from(bytes.slice(0, cut ?? bytes.length)));
            for (const { shape, data } of tensors.values()) {
              expect(data.length).toBe(shape.reduce((product, size) => product * size, 1));
            }
          } catch (thrown) {
            if (!(thrown instanceof SafetensorsError)) throw thrown;
          }
        },
      ),
      { numRuns: 5000, seed: 13 },
    );
  });
});

describe('duplicateKey', () => {
  it.each([
    ['{"a":1,"b":{"a":2},"c":["a","a",{"a":1}]}', undefined],
    ['{"a":{"x":1,"y":[{"x":1,"x":2}]}}', 'x'],
    ['{"a":"\\",\\"a\\":","b":1}', undefined],
    ['{"a":[1,"a"],"a":1}', 'a'],
    ['{"":1,"":2}', ''],
  ])('of %s is %s', (text, key) => {
    expect(duplicateKey(text)).toBe(key);
  });
});

describe('matchTensors', () => {
  const stored = readSafetensors(
    writeSafetensors([
      { name: 'fits', shape: [2], data: Float32Array.of(3, 4) },
      { name: 'wide', shape: [2, 2], data: new Float32Array(4) },
      { name: 'whole', shape: [1], data: new Int32Array(1) },
      { name: 'steps', shape: [], data: BigInt64Array.of(9n) },
    ]),
  );

  it('gives the values by name', () => {
    const ignore = (name: string) => name !== 'fits';
    expect([...matchTensors([{ name: 'fits', shape: [2] }], stored, { ignore })]).toEqual([
      ['fits', Float32Array.of(3, 4)],
    ]);
  });

  it('lists everything that does not fit at once', () => {
    const expected = [
      { name: 'fits', shape: [2] },
      { name: 'wide', shape: [4] },
      { name: 'whole', shape: [1, 1] },
      { name: 'absent', shape: [7] },
    ];
    expect(() => matchTensors(expected, stored, { label: 'net.safetensors' })).toThrow(
      [
        'net.safetensors: the file does not hold the 4 tensors that are expected:',
        '  missing (1):',
        '    absent [7]',
        '  of another shape or type (2):',
        '    wide: expected [4], got [2,2]',
        '    whole: expected [1,1], got [1]; expected F32, F16 or BF16, got I32',
        '  extra (1):',
        '    steps I64 []',
      ].join('\n'),
    );
  });
});

describe('real weights', () => {
  const y1 = realData('weights/mobilefacenet_y1.safetensors');
  const foamliu = realData('weights/mobilefacenet_foamliu.safetensors');

  it.skipIf(!y1)('of MobileFaceNet y1 are 284 tensors of 1,022,848 floats', () => {
    const { tensors } = readSafetensors(readFileSync(y1!), y1);
    expect(tensors.size).toBe(284);
    const floats = [...tensors.values()].filter(({ data }) => data instanceof Float32Array);
    expect(floats.reduce((sum, { data }) => sum + data.length, 0)).toBe(1_022_848);
  });

  it.skipIf(!foamliu)('of the ReLU6 variant are 256 tensors', () => {
    expect(readSafetensors(readFileSync(foamliu!), foamliu).tensors.size).toBe(256);
  });
});

function bytesOf(data: SafetensorsData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
