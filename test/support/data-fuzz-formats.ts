/**
 * The formats that are fuzzed, one row each. To add one: write small well-formed files, read an input as the reader
 * would a user's, and say which errors it may give and how much memory it may ask for. `npm run fuzz` and `npm test`
 * find the row by themselves.
 */
import { alignFace } from '../../src/data/align/index.ts';
import { readLandmarks } from '../../src/data/align/landmarks.ts';
import { binSet } from '../../src/data/bin-set.ts';
import { expandBraces } from '../../src/data/brace-pattern.ts';
import { readCfpPairs } from '../../src/data/cfp-pairs.ts';
import { parseCsvPairs } from '../../src/data/csv-pairs.ts';
import { MAX_PIXELS, MAX_SIDE, readImageHeader } from '../../src/data/image-header.ts';
import {
  type ByteSource,
  DataError,
  type FaceSet,
  type FolderSource,
  memorySource,
  parseIdentityList,
  readLfwPairs,
  tarFaceSet,
} from '../../src/data/index.ts';
import { layOut } from '../../src/data/layout.ts';
import { resolvePairs } from '../../src/data/pair-images.ts';
import { parsePathPairs } from '../../src/data/path-pairs.ts';
import { decodeText } from '../../src/data/read-whole.ts';
import { recordFaceSet } from '../../src/data/record-set.ts';
import { webDatasetFaceSet } from '../../src/data/web-dataset.ts';
import { readSafetensors, SafetensorsError, writeSafetensors } from '../../src/models/safetensors.ts';
import { decodeImage } from '../../src/platform/node-images.ts';
import { formulaImage, plainSet, type TarPart, writeTar } from './data-fixtures.ts';
import type { FuzzFormat } from './data-fuzz.ts';
import { writeBin } from './data-pickle-writer.ts';
import { imagePayload, insightFacePayloads, writeRecordFile } from './data-records.ts';
import { WEIGHTS_FUZZ_FORMATS } from './weights-fuzz-formats.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const KIB = 1024;

/** What nearly every row shares. */
const DEFAULTS = {
  count: 100_000,
  testCount: 400,
  expects: (error: unknown): boolean => error instanceof DataError,
  /** Windows and first sizes of growing lists, and a few times the file. */
  memory: (inputBytes: number): number => 256 * KIB + 32 * inputBytes,
};

function check(condition: boolean, problem: string): void {
  if (!condition) throw new Error(problem);
}

/** Looks at all of a set: labels, names, and the file of each image. */
async function walk(set: FaceSet): Promise<void> {
  check(set.labels.length > 0, 'a set without images was opened');
  for (const [index, label] of set.labels.entries()) {
    check(label >= 0 && label < set.identities.length, `image ${index} has the identity ${label}`);
    check(typeof set.imageName(index) === 'string', `image ${index} has no name`);
    try {
      await set.readEncoded?.(index);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
}

/** Nothing here decodes; images.* below do. */
const noDecoder = async (): Promise<Uint8Array> => new Uint8Array(0);

/** A source that refuses to be read far more often than its size explains: work must be bounded by the file. */
function patientSource(bytes: Uint8Array, name: string): ByteSource {
  const source = memorySource(bytes, name);
  let reads = 0;
  return {
    ...source,
    read(offset, length) {
      if (++reads > 1000 + 4 * bytes.length)
        throw new Error(`${reads} reads of a file of ${bytes.length} bytes`);
      return source.read(offset, length);
    },
  };
}

const PEOPLE = [
  [bytesOf('one'), bytesOf('two')],
  [bytesOf('three, a longer one')],
  [bytesOf('four'), bytesOf('five')],
];
/** A payload that is split, and one with several labels. */
const MAGIC = Uint8Array.of(1, 2, 3, 4, 0x0a, 0x23, 0xd7, 0xce, 5, 6, 7, 8, 0x0a, 0x23, 0xd7, 0xce);

function recordFiles(): { records: Uint8Array; index: string }[] {
  return [
    writeRecordFile(insightFacePayloads(PEOPLE)),
    writeRecordFile(insightFacePayloads([[MAGIC, bytesOf('x')], [MAGIC]])),
    writeRecordFile([imagePayload(4, 0, bytesOf('x')), imagePayload([7, 1, 2], 1, bytesOf('y'))]),
  ];
}

/** A .rec and an .idx in one input: u32 length of the first, then both. */
function joinTwo(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(4 + first.length + second.length);
  new DataView(joined.buffer).setUint32(0, first.length, true);
  joined.set(first, 4);
  joined.set(second, 4 + first.length);
  return joined;
}

function splitTwo(input: Uint8Array): [first: Uint8Array, second: Uint8Array] {
  const length = input.length < 4 ? 0 : new DataView(input.buffer, input.byteOffset, 4).getUint32(0, true);
  const end = Math.min(input.length, 4 + length);
  return [input.subarray(Math.min(4, end), end), input.subarray(end)];
}

const TARS: readonly (readonly TarPart[])[] = [
  [
    { name: './ann/1.jpg', data: 'one' },
    { name: './ann/', type: '5' },
    { name: './bob/1.png', data: 'two, which is longer' },
    { name: 'bob/link.jpg', type: '2' },
    { name: 'README', data: 'x' },
  ],
  [
    { name: '././@LongLink', type: 'L', data: `${'long/'.repeat(30)}ann/1.jpg\0` },
    { name: 'cut', data: 'x' },
  ],
  [
    { name: 'PaxHeaders/1', type: 'x', data: '19 path=Zoë/1.jpg\n' },
    { name: 'cut', data: 'x' },
    { name: 'bob/1.jpg', prefix: '', data: 'y', binarySize: true },
  ],
];
const SHARDS: readonly (readonly TarPart[])[] = [
  [
    { name: '1.jpg', data: 'one' },
    { name: '1.cls', data: '12\n' },
    { name: '2.json', data: '{"label": 3, "other": [1, {"a": "b"}]}' },
    { name: '2.png', data: 'two' },
  ],
  [
    { name: 'a/1.webp', data: 'three' },
    { name: 'a/1.json', data: '{"identity": "Ada"}' },
  ],
];

/** Writes the right checksum into every block that looks like a header. */
export function repairTar(input: Uint8Array): void {
  for (let at = 0; at + 512 <= input.length; at += 512) {
    const header = input.subarray(at, at + 512);
    if (header[0] === 0 || header[257] !== 0x75 /* u of ustar */) continue;
    header.fill(32, 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.set(bytesOf(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  }
}

/** CRC-32 of PNG's chunks (RFC 2083, 15), bit by bit. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** Writes the right checksum behind every chunk of a PNG that lies whole within it. */
function repairPng(input: Uint8Array): void {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  for (let at = 8; at + 12 <= input.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > input.length) return;
    view.setUint32(at + 8 + length, crc32(input.subarray(at + 4, at + 8 + length)));
    at += 12 + length;
  }
}

/** Names for lists of pairs to find. */
const LIST_SET = plainSet({ Ann: 3, Bob: 1, Cid: 2, Dan: 1 });

function listRow(name: string, seeds: readonly string[], read: (text: string) => unknown): FuzzFormat {
  return {
    ...DEFAULTS,
    name,
    seeds: () => seeds.map(bytesOf),
    read: (input) => {
      read(decodeText(input, name));
    },
  };
}

const CFP_FILES = [
  'Pair_list_F.txt',
  'Pair_list_P.txt',
  'Split/FP/01/same.txt',
  'Split/FP/01/diff.txt',
  'Split/FP/02/same.txt',
  'Split/FP/02/diff.txt',
];

/** CFP's files in one input, with a form feed between them. */
function cfpFolder(input: Uint8Array): FolderSource {
  const parts: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at <= input.length; at++) {
    if (at < input.length && input[at] !== 0x0c) continue;
    parts.push(input.subarray(start, at));
    start = at + 1;
  }
  const paths = CFP_FILES.slice(0, parts.length);
  return {
    name: 'Protocol',
    top: async () => [],
    list: async () => ({ paths, skipped: [] }),
    open: async (path) => {
      const which = paths.indexOf(path);
      if (which < 0) throw new DataError(`${path}: is not there`);
      return memorySource(parts[which]!, path);
    },
  };
}

/** Pictures of one format, as a user's files: through the header's check and the decoder. */
function imageRow(format: 'jpeg' | 'png' | 'webp'): FuzzFormat {
  return {
    ...DEFAULTS,
    name: `image-${format}`,
    ...(format === 'png' ? { repair: repairPng } : {}),
    testCount: format === 'png' ? 200 : 100,
    seeds: async () => [await formulaImage(16, 0, format), await formulaImage(9, 1, format)],
    read: async (input) => {
      const pixels = await decodeImage(input, 8);
      check(pixels.length === 192, `decoded to ${pixels.length} bytes`);
    },
  };
}

export const FUZZ_FORMATS: readonly FuzzFormat[] = [
  {
    ...DEFAULTS,
    name: 'recordio',
    seeds: () => recordFiles().map(({ records }) => records),
    read: async (input) =>
      walk(await recordFaceSet({ records: patientSource(input, 'train.rec') }, noDecoder)),
  },
  {
    ...DEFAULTS,
    name: 'recordio-index',
    seeds: () => recordFiles().map(({ records, index }) => joinTwo(records, bytesOf(index))),
    read: async (input) => {
      const [records, index] = splitTwo(input);
      const files = {
        records: patientSource(records, 'train.rec'),
        index: patientSource(index, 'train.idx'),
      };
      await walk(await recordFaceSet({ ...files, property: '3,112,112' }, noDecoder));
    },
  },
  {
    ...DEFAULTS,
    name: 'bin',
    seeds: () =>
      [0, 1, 2, 3, 4, 5]
        .flatMap((protocol) => {
          const images = [bytesOf('\xff\xd8one'), bytesOf('two'), MAGIC, new Uint8Array(0)];
          const python3 = writeBin(images, [true, false], { protocol });
          return protocol > 2
            ? [python3]
            : [python3, writeBin(images, [true, false], { protocol, python2: true })];
        })
        .concat(numpyPickles()),
    read: async (input) => {
      const { faces, list } = await binSet(memorySource(input, 'lfw.bin'), noDecoder);
      check(list.pairs.length * 2 === faces.labels.length, 'images and pairs do not fit');
      await walk(faces);
    },
  },
  {
    ...DEFAULTS,
    name: 'tar',
    seeds: () => TARS.map((parts) => writeTar(parts)),
    repair: repairTar,
    read: async (input) => {
      for (const loose of [false, true]) {
        await walk(await tarFaceSet(patientSource(input, 'set.tar'), noDecoder, { loose }));
      }
    },
  },
  {
    ...DEFAULTS,
    name: 'webdataset',
    seeds: () => SHARDS.map((parts) => writeTar(parts)),
    repair: repairTar,
    read: async (input) => {
      const shard = { name: 'shard.tar', open: async () => patientSource(input, 'shard.tar') };
      await walk(await webDatasetFaceSet([shard], noDecoder, 'shard.tar'));
    },
  },
  {
    ...DEFAULTS,
    name: 'folder',
    seeds: () => [
      bytesOf('ann/1.jpg\nann/2.PNG\nbob/1.webp\nREADME'),
      bytesOf('x/001/frontal/01.jpg\nx/001/profile/02.jpg'),
    ],
    read: (input) => {
      const paths = decodeText(input, 'paths').split('\n');
      const layout = layOut('set', paths, [], { loose: paths.length % 2 === 0 });
      for (const [i, label] of layout.labels.entries()) {
        check(layout.identities[label] !== undefined, 'an image of nobody');
        check(!layout.imageName(i).split('/').includes('..'), 'a name that leads outside');
        check(paths[layout.files[i]!] !== undefined, 'an image of no file');
      }
    },
  },
  listRow(
    'lfw-pairs',
    ['2 1\nAnn\t1\t3\nAnn\t2\tBob\t1\nCid\t1\t2\nDan\t1\tCid\t2\n', '1\r\nAnn 1 2\r\nBob 1 Dan 1\r\n'],
    (text) => readLfwPairs(text, LIST_SET),
  ),
  listRow(
    'path-pairs',
    [
      'Ann/Ann_0001.jpg Ann/Ann_0002.jpg 1\nBob/Bob_0001 Dan_0001.jpg 0\n',
      '1 x/Ann/Ann_0001.png Ann_0003\r\n0 Bob_0001 Dan_0001',
    ],
    (text) => resolvePairs(parsePathPairs(text, 'pairs'), LIST_SET, 'pairs'),
  ),
  listRow(
    'csv-pairs',
    [
      'image_a,image_b,same,fold\nAnn/Ann_0001.jpg,Ann/Ann_0002.jpg,1,1\nBob_0001,"Dan_0001.jpg",false,2\n',
      'same,image_b,note,image_a\r\ntrue,Cid_0001.jpg,"a ""note"", here",Cid_0002.jpg',
    ],
    (text) => resolvePairs(parseCsvPairs(text, 'pairs'), LIST_SET, 'pairs'),
  ),
  {
    ...DEFAULTS,
    name: 'cfp',
    seeds: () => [
      bytesOf(
        [
          '1 ../Data/Images/001/frontal/01.jpg\n2 ../Data/Images/002/frontal/01.jpg\n',
          '1 ../Data/Images/001/profile/01.jpg\n2 ../Data/Images/002/profile/01.jpg',
          ...['1,1\n', '1,2\n', '2,2\r\n', '2,1\n'],
        ].join('\f'),
      ),
    ],
    read: async (input) => {
      await readCfpPairs(cfpFolder(input), 'FP');
    },
  },
  listRow(
    'landmarks',
    [
      'Ann/Ann_0001.jpg,38.3,51.7,73.5,51.5,56,71.7,41.5,92.4,70.7,92.2\nBob_0001,1,2,30,4,15,20,5,33,25,30\n',
      'image,left_eye_x,left_eye_y,right_eye_x,right_eye_y,nose_x,nose_y,left_mouth_x,left_mouth_y,right_mouth_x,right_mouth_y\nAnn_0002.png,1,2,3,4,5,6,7,8,9,1e1\n',
    ],
    (text) => {
      const { images, points } = readLandmarks(text, LIST_SET, 'points');
      const picture = { width: 4, height: 4, pixels: new Uint8Array(48) };
      for (const row of images.keys()) {
        const five = Array.from(
          { length: 5 },
          (_, i) => [points[row * 10 + 2 * i]!, points[row * 10 + 2 * i + 1]!] as const,
        );
        check(alignFace(picture, five, 4).length === 48, 'a face of another size');
      }
    },
  ),
  listRow('brace-pattern', ['shard-{000..099}.tar', '{a,b}/s-{9..12}.tar'], (text) => expandBraces(text)),
  {
    ...DEFAULTS,
    name: 'identity-list',
    seeds: () => [bytesOf('7398, 7261'), bytesOf('# leaks\r\n7398\n7261\n')],
    read: async (input) => {
      const text = decodeText(input, 'list');
      await parseIdentityList(input.length % 2 === 0 ? text : '@list', async () => text);
    },
  },
  {
    ...DEFAULTS,
    name: 'image-header',
    count: 300_000,
    seeds: async () => {
      const formats = ['jpeg', 'png', 'webp'] as const;
      return Promise.all(
        formats.flatMap((format) => [formulaImage(16, 0, format), formulaImage(41, 1, format)]),
      );
    },
    read: (input) => {
      const { width, height } = readImageHeader(input);
      check(
        width > 0 && height > 0 && width * height <= MAX_PIXELS && Math.max(width, height) <= MAX_SIDE,
        `said ${width}×${height}`,
      );
    },
  },
  imageRow('jpeg'),
  imageRow('png'),
  imageRow('webp'),
  {
    ...DEFAULTS,
    name: 'safetensors',
    seeds: () => [
      writeSafetensors(
        [
          { name: 'a.weight', shape: [2, 3], data: new Float32Array(6) },
          { name: 'b', shape: [], data: new BigInt64Array(1) },
          { name: 'c', shape: [0, 4], data: new Uint8Array(0) },
        ],
        { metadata: { format: 'pt' } },
      ),
      writeSafetensors([{ name: 'x', shape: [3], data: Uint8Array.of(0, 1, 1), bool: true }]),
    ],
    read: (input) => {
      for (const { shape, data } of readSafetensors(input).tensors.values()) {
        const size = shape.reduce((product, side) => product * side, 1);
        check(size === data.length, `shape [${shape}] of ${data.length} values`);
      }
    },
    expects: (error) => error instanceof SafetensorsError,
  },
  ...WEIGHTS_FUZZ_FORMATS,
];

/** NumPy's arrays as protocol 2 has them: bytes, then flags. */
function numpyPickles(): Uint8Array[] {
  const array = (dtype: string, data: string): string =>
    `cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\x01b\x87R(K\x01K${String.fromCharCode(data.length)}\x85` +
    `cnumpy\ndtype\nU\x02${dtype}K\0K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89U${String.fromCharCode(data.length)}${data}tb`;
  const scalar = `cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02b1K\0K\x01\x87RU\x01\x01\x86R`;
  const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
  return [
    latin1(`\x80\x02](${array('u1', 'abc')}${array('u1', 'de')}e${array('b1', '\x01')}\x86.`),
    latin1(`\x80\x02](U\x01aU\x01be](${scalar}e\x86.`),
  ];
}
